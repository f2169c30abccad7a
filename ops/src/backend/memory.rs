//! The part of the narrow waist that reads memories; see `kernels::memory_attention`.

use std::sync::{Arc, OnceLock};

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use hypergraphql_kernels::KernelError;
use hypergraphql_kernels::memory_attention::{MemoryConfig, SlotLists};

use super::RelationalBackend;

/// The kept slots `[B, H, T, K]`, and the entries of each slot as soon as a gradient needs them. A clone shares both.
#[derive(Debug, Clone)]
pub struct Kept<I> {
    /// t
    pub slots: I,
    lists: Arc<OnceLock<SlotLists<I>>>,
}

impl<I> Kept<I> {
    /// Slots whose entries nobody has asked for.
    pub fn new(slots: I) -> Self {
        Self { slots, lists: Arc::default() }
    }

    /// The entries of each slot, made by the first that asks.
    #[cfg(any(feature = "cpu", feature = "cube"))]
    pub(super) fn lists(&self, make: impl FnOnce() -> SlotLists<I>) -> &SlotLists<I> {
        self.lists.get_or_init(make)
    }
}

/// q `[B, H, T, D]`, k `[B, Hk, S, D]`, n `[Hk, D]`.
#[derive(Debug, Clone)]
pub struct MemoryKeys<B: Backend> {
    /// Queries.
    pub q: FloatTensor<B>,
    /// Keys of the slots.
    pub k: FloatTensor<B>,
    /// Keys of the null slot.
    pub null: FloatTensor<B>,
}

/// The steps of `memory_attention`; see `HyperBackend`. Arguments have been checked.
pub trait MemoryBackend: RelationalBackend {
    /// q, k -> t `[B, H, T, K]`.
    ///
    /// # Errors
    /// More slots than the search of the device takes.
    fn memory_select(c: MemoryConfig, q: FloatTensor<Self>, k: FloatTensor<Self>) -> Result<Self::Ids, KernelError>;
    /// -> A `[B, H, T, K + 1]`.
    fn memory_weights(c: MemoryConfig, keys: MemoryKeys<Self>, kept: &Kept<Self::Ids>) -> FloatTensor<Self>;
    /// A, dA -> the wanted ones of dq, dk and dn.
    fn memory_weights_backward(
        c: MemoryConfig,
        keys: MemoryKeys<Self>,
        kept: &Kept<Self::Ids>,
        weights: [FloatTensor<Self>; 2],
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3];
    /// A, v `[B, Hk, S, D]` -> o `[B, H, T, D]`.
    fn memory_read(c: MemoryConfig, weights: FloatTensor<Self>, v: FloatTensor<Self>, kept: &Kept<Self::Ids>) -> FloatTensor<Self>;
    /// A, v, dO -> the wanted ones of dA and dv.
    fn memory_read_backward(
        c: MemoryConfig,
        weights: FloatTensor<Self>,
        v: FloatTensor<Self>,
        kept: &Kept<Self::Ids>,
        dout: FloatTensor<Self>,
        wanted: [bool; 2],
    ) -> [Option<FloatTensor<Self>>; 2];
}

/// Shape of A.
pub(super) fn weights_shape(c: &MemoryConfig) -> [usize; 4] {
    [c.batch, c.heads, c.queries, c.kept + 1]
}

/// Shape of q and o.
pub(super) fn query_shape(c: &MemoryConfig) -> [usize; 4] {
    [c.batch, c.heads, c.queries, c.width]
}

/// Shape of k and v.
pub(super) fn slot_shape(c: &MemoryConfig) -> [usize; 4] {
    [c.batch, c.kv_heads, c.slots, c.width]
}
