//! Memories under Fusion. The search for the kept slots reads its tensors at once: what comes next depends on it.

use burn::tensor::Shape;
use burn::tensor::ops::FloatTensor;
use burn_fusion::{Fusion, FusionBackend};
use hypergraphql_kernels::KernelError;
use hypergraphql_kernels::memory_attention::MemoryConfig;

use super::operation::{record_one, record_some};
use super::{meta, needed};
use crate::backend::memory::{Kept, MemoryBackend, MemoryKeys, query_shape, weights_shape};

impl<B: FusionBackend + MemoryBackend> MemoryBackend for Fusion<B> {
    fn memory_select(c: MemoryConfig, q: FloatTensor<Self>, k: FloatTensor<Self>) -> Result<Self::Ids, KernelError> {
        let client = q.client.clone();
        let (q, k) = (client.resolve_tensor_float::<B>(q), client.resolve_tensor_float::<B>(k));
        B::memory_select(c, q, k)
    }

    fn memory_weights(c: MemoryConfig, keys: MemoryKeys<Self>, kept: &Kept<Self::Ids>) -> FloatTensor<Self> {
        let (out, kept) = ((Shape::new(weights_shape(&c)), keys.q.dtype), kept.clone());
        record_one::<B, _>("hg_memory_weights", [keys.q, keys.k, keys.null].map(Some), out, move |inputs| {
            let [q, k, null] = inputs.map(needed);
            B::memory_weights(c, MemoryKeys { q, k, null }, &kept)
        })
    }

    fn memory_weights_backward(
        c: MemoryConfig,
        keys: MemoryKeys<Self>,
        kept: &Kept<Self::Ids>,
        [a, da]: [FloatTensor<Self>; 2],
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3] {
        let like = [(&keys.q, wanted[0]), (&keys.k, wanted[1]), (&keys.null, wanted[2])].map(|(x, wanted)| wanted.then(|| meta(x)));
        let (inputs, kept) = ([keys.q, keys.k, keys.null, a, da].map(Some), kept.clone());
        record_some::<B, 5, 3>("hg_memory_weights_backward", inputs, like, move |inputs| {
            let [q, k, null, a, da] = inputs.map(needed);
            B::memory_weights_backward(c, MemoryKeys { q, k, null }, &kept, [a, da], wanted)
        })
    }

    fn memory_read(c: MemoryConfig, weights: FloatTensor<Self>, v: FloatTensor<Self>, kept: &Kept<Self::Ids>) -> FloatTensor<Self> {
        let (out, kept) = ((Shape::new(query_shape(&c)), v.dtype), kept.clone());
        record_one::<B, _>("hg_memory_read", [weights, v].map(Some), out, move |inputs| {
            let [a, v] = inputs.map(needed);
            B::memory_read(c, a, v, &kept)
        })
    }

    fn memory_read_backward(
        c: MemoryConfig,
        weights: FloatTensor<Self>,
        v: FloatTensor<Self>,
        kept: &Kept<Self::Ids>,
        dout: FloatTensor<Self>,
        wanted: [bool; 2],
    ) -> [Option<FloatTensor<Self>>; 2] {
        let like = [wanted[0].then(|| meta(&weights)), wanted[1].then(|| meta(&v))];
        let kept = kept.clone();
        record_some::<B, 3, 2>("hg_memory_read_backward", [weights, v, dout].map(Some), like, move |inputs| {
            let [a, v, dout] = inputs.map(needed);
            B::memory_read_backward(c, a, v, &kept, dout, wanted)
        })
    }
}
