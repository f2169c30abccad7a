//! Memories on the CPU.

use std::sync::Arc;

use burn::tensor::DType as BurnDType;
use burn_flex::{Flex, FlexTensor};
use hypergraphql_kernels::KernelError;
use hypergraphql_kernels::memory_attention::{MemoryConfig, SlotLists, host};

use super::{tensor, with_element};
use crate::backend::memory::{Kept, MemoryBackend, MemoryKeys, query_shape, slot_shape, weights_shape};

type Slots = Arc<Vec<u32>>;

/// The lists of the slots, where `wanted`.
fn lists<'a>(c: &MemoryConfig, kept: &'a Kept<Slots>, wanted: bool) -> Option<SlotLists<&'a [u32]>> {
    wanted.then(|| {
        let made = kept.lists(|| {
            let SlotLists { ptr, entries } = host::slot_lists(c, &kept.slots);
            SlotLists { ptr: Arc::new(ptr), entries: Arc::new(entries) }
        });
        SlotLists { ptr: &made.ptr[..], entries: &made.entries[..] }
    })
}

impl MemoryBackend for Flex {
    fn memory_select(c: MemoryConfig, q: FlexTensor, k: FlexTensor) -> Result<Slots, KernelError> {
        let (q, k) = (q.to_contiguous(), k.to_contiguous());
        Ok(Arc::new(with_element!(q, E => host::select::<E>(&c, q.storage(), k.storage()))))
    }

    fn memory_weights(c: MemoryConfig, keys: MemoryKeys<Self>, kept: &Kept<Slots>) -> FlexTensor {
        let [q, k, null] = [keys.q, keys.k, keys.null].map(|x| x.to_contiguous());
        with_element!(q, E => {
            tensor(host::weights::<E>(&c, q.storage(), k.storage(), null.storage(), &kept.slots), weights_shape(&c))
        })
    }

    fn memory_weights_backward(
        c: MemoryConfig,
        keys: MemoryKeys<Self>,
        kept: &Kept<Slots>,
        weights: [FlexTensor; 2],
        [wants_q, wants_k, wants_null]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let [q, k, null] = [keys.q, keys.k, keys.null].map(|x| x.to_contiguous());
        let [a, da] = weights.map(|x| x.to_contiguous());
        with_element!(q, E => {
            let inputs = [q.storage::<E>(), k.storage(), null.storage()];
            let [dq, dk, dn] = host::weights_backward(
                &c,
                inputs,
                &kept.slots,
                [a.storage(), da.storage()],
                lists(&c, kept, wants_k),
                (wants_q, wants_null),
            );
            [
                dq.map(|d| tensor(d, query_shape(&c))),
                dk.map(|d| tensor(d, slot_shape(&c))),
                dn.map(|d| tensor(d, [c.kv_heads, c.width])),
            ]
        })
    }

    fn memory_read(c: MemoryConfig, weights: FlexTensor, v: FlexTensor, kept: &Kept<Slots>) -> FlexTensor {
        let (a, v) = (weights.to_contiguous(), v.to_contiguous());
        with_element!(v, E => tensor(host::read::<E>(&c, a.storage(), v.storage(), &kept.slots), query_shape(&c)))
    }

    fn memory_read_backward(
        c: MemoryConfig,
        weights: FlexTensor,
        v: FlexTensor,
        kept: &Kept<Slots>,
        dout: FlexTensor,
        [wants_weights, wants_v]: [bool; 2],
    ) -> [Option<FlexTensor>; 2] {
        let [a, v, dout] = [weights, v, dout].map(|x| x.to_contiguous());
        with_element!(v, E => {
            let inputs = [a.storage::<E>(), v.storage()];
            let [da, dv] =
                host::read_backward(&c, inputs, &kept.slots, dout.storage(), lists(&c, kept, wants_v), wants_weights);
            [da.map(|d| tensor(d, weights_shape(&c))), dv.map(|d| tensor(d, slot_shape(&c)))]
        })
    }
}
