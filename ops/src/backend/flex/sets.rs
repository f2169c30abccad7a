//! Attention over sets on the CPU.

use burn::tensor::{DType as BurnDType, TensorMetadata};
use burn_flex::{Flex, FlexTensor};
use hypergraphql_kernels::CsrPair;
use hypergraphql_kernels::set_attention::host::{self, Inputs, Saved};
use hypergraphql_kernels::set_attention::{SetAttentionConfig, Wanted};

use super::{tensor, with_element};
use crate::backend::{SetInput, SetOutput};

pub(super) fn set_attention(s: &CsrPair, c: SetAttentionConfig, i: SetInput<Flex>) -> SetOutput<Flex> {
    let (q, k, v) = (i.q.to_contiguous(), i.k.to_contiguous(), i.v.to_contiguous());
    with_element!(q, E => {
        let (out, normaliser) = host::set_attention::<E>(s, c, Inputs { q: q.storage(), k: k.storage(), v: v.storage() });
        let segments = s.outputs(c.direction);
        SetOutput { out: tensor(out, [segments, c.seeds, c.width()]), normaliser: tensor(normaliser, [segments, 2 * c.parts()]) }
    })
}

pub(super) fn set_attention_backward(
    s: &CsrPair,
    c: SetAttentionConfig,
    i: SetInput<Flex>,
    o: SetOutput<Flex>,
    dout: FlexTensor,
    wanted: Wanted,
) -> [Option<FlexTensor>; 3] {
    let (q, k, v) = (i.q.to_contiguous(), i.k.to_contiguous(), i.v.to_contiguous());
    let (out, normaliser, dout) = (o.out.to_contiguous(), o.normaliser.to_contiguous(), dout.to_contiguous());
    with_element!(q, E => {
        let (inputs, saved) = (Inputs::<E> { q: q.storage(), k: k.storage(), v: v.storage() }, Saved { out: out.storage(), normaliser: normaliser.storage() });
        let [dq, dk, dv] = host::set_attention_backward(s, c, inputs, saved, dout.storage(), wanted);
        let like = |d: Option<Vec<E>>, x: &FlexTensor| d.map(|d| tensor(d, [x.shape()[0], c.width()]));
        [like(dq, &q), like(dk, &k), like(dv, &v)]
    })
}
