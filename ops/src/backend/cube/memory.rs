//! Memories on devices.

use burn::tensor::Shape;
use burn::tensor::ops::FloatTensor;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement};
use hypergraphql_kernels::KernelError;
use hypergraphql_kernels::device::Ids;
use hypergraphql_kernels::memory_attention::launch::{self, Keys};
use hypergraphql_kernels::memory_attention::{MemoryConfig, SlotLists};

use super::CHECKED;
use super::matrix::Matrix;
use crate::backend::memory::{Kept, MemoryBackend, MemoryKeys, query_shape, slot_shape, weights_shape};

/// The lists of the slots, where `wanted`.
fn lists<'a, R: CubeRuntime>(x: &Matrix<R>, c: &MemoryConfig, kept: &'a Kept<Ids<R>>, wanted: bool) -> Option<&'a SlotLists<Ids<R>>> {
    wanted.then(|| kept.lists(|| launch::slot_lists(&x.client, c, &kept.slots).expect(CHECKED)))
}

impl<R, F, I, BT> MemoryBackend for CubeBackend<R, F, I, BT>
where
    R: CubeRuntime,
    F: FloatElement,
    I: IntElement,
    BT: BoolElement,
{
    fn memory_select(c: MemoryConfig, q: FloatTensor<Self>, k: FloatTensor<Self>) -> Result<Self::Ids, KernelError> {
        let (q, k) = (Matrix::of(q), Matrix::of(k));
        launch::select(&q.client, &c, &q.buf, &k.buf)
    }

    fn memory_weights(c: MemoryConfig, keys: MemoryKeys<Self>, kept: &Kept<Self::Ids>) -> FloatTensor<Self> {
        let [q, k, null] = [keys.q, keys.k, keys.null].map(Matrix::of);
        let keys = Keys { q: &q.buf, k: &k.buf, null: &null.buf };
        let a = launch::weights(&q.client, &c, &keys, &kept.slots).expect(CHECKED);
        q.tensor(a, Shape::new(weights_shape(&c)))
    }

    fn memory_weights_backward(
        c: MemoryConfig,
        keys: MemoryKeys<Self>,
        kept: &Kept<Self::Ids>,
        weights: [FloatTensor<Self>; 2],
        [wants_q, wants_k, wants_null]: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3] {
        let [q, k, null] = [keys.q, keys.k, keys.null].map(Matrix::of);
        let [a, da] = weights.map(Matrix::of);
        let (keys, lists) = (Keys { q: &q.buf, k: &k.buf, null: &null.buf }, lists(&q, &c, kept, wants_k));
        let gradients = launch::weights_backward(&q.client, &c, &keys, &kept.slots, [&a.buf, &da.buf], lists, (wants_q, wants_null));
        let [dq, dk, dn] = gradients.expect(CHECKED);
        [
            dq.map(|d| q.tensor(d, Shape::new(query_shape(&c)))),
            dk.map(|d| q.tensor(d, Shape::new(slot_shape(&c)))),
            dn.map(|d| q.like(d, c.kv_heads, c.width)),
        ]
    }

    fn memory_read(c: MemoryConfig, weights: FloatTensor<Self>, v: FloatTensor<Self>, kept: &Kept<Self::Ids>) -> FloatTensor<Self> {
        let (a, v) = (Matrix::of(weights), Matrix::of(v));
        let out = launch::read(&v.client, &c, &a.buf, &v.buf, &kept.slots).expect(CHECKED);
        v.tensor(out, Shape::new(query_shape(&c)))
    }

    fn memory_read_backward(
        c: MemoryConfig,
        weights: FloatTensor<Self>,
        v: FloatTensor<Self>,
        kept: &Kept<Self::Ids>,
        dout: FloatTensor<Self>,
        [wants_weights, wants_v]: [bool; 2],
    ) -> [Option<FloatTensor<Self>>; 2] {
        let [a, v, dout] = [weights, v, dout].map(Matrix::of);
        let inputs = [&a.buf, &v.buf, &dout.buf];
        let gradients = launch::read_backward(&v.client, &c, inputs, &kept.slots, lists(&v, &c, kept, wants_v), wants_weights);
        let [da, dv] = gradients.expect(CHECKED);
        [da.map(|d| v.tensor(d, Shape::new(weights_shape(&c)))), dv.map(|d| v.tensor(d, Shape::new(slot_shape(&c))))]
    }
}
