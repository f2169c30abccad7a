//! `memory_attention`: token queries over the slots of a memory.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::memory_attention::{CONTRACT, MemoryConfig};

use crate::arguments::Arguments;
use crate::backend::{HyperBackend, Kept, MemoryKeys};
use crate::error::Result;
use crate::ids::Ids;

const OP: &str = "memory_attention";

/// Options of [`memory_attention`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemoryOptions {
    /// Slots that a query reads; all of them where there are fewer.
    pub top_k: usize,
    /// Factor of the scores; 1 / √D where `None`.
    pub scale: Option<f64>,
    /// Added to the scores of slots, not to that of the null slot: ln 100 − ln S keeps a slot's share of the weight as memories grow.
    pub bias: f64,
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self { top_k: 64, scale: None, bias: 0.0 }
    }
}

/// What [`memory_attention`] gives.
#[derive(Debug, Clone)]
pub struct MemoryAttention<B: HyperBackend> {
    /// o `[B, H, T, D]`
    pub out: Tensor<B, 4>,
    /// A `[B, H, T, K + 1]`: the weight of the null slot, then those of the kept slots. It has a gradient.
    pub weights: Tensor<B, 4>,
    /// The kept slots of each query by falling score, `[B, H, T, K]` in this order: the evidence of the answer.
    pub slots: Ids<B>,
}

/// What [`memory_search`] finds: a [`MemoryAttention`] that has read nothing yet.
#[derive(Debug, Clone)]
pub struct MemorySearch<B: HyperBackend> {
    /// A `[B, H, T, K + 1]`: the weight of the null slot, then those of the kept slots. It has a gradient.
    pub weights: Tensor<B, 4>,
    /// The kept slots of each query by falling score, `[B, H, T, K]` in this order.
    pub slots: Ids<B>,
    config: MemoryConfig,
    kept: Kept<B::Ids>,
}

/// o_i = Σ_m A_(i,m) v_m over the K slots with the largest s_(i,m) = scale · ⟨q_i, k_m⟩ + bias, of equal ones the earlier;
/// A_i = softmax of their scores and of that of the null slot, scale · ⟨q_i, n⟩, whose value is 0.
///
/// The search is exact; which slots are kept is constant to the gradient. Head h of the queries reads head h / (H / Hk) of the slots. For one
/// memory that all sequences of a batch share, hand over the tokens of all as one sequence.
///
/// After KBLaM, Wang et al., ICLR 2025.
///
/// # Shapes
/// q `[B, H, T, D]`, k and v `[B, Hk, S, D]` with Hk dividing H, null `[Hk, D]`; results in [`MemoryAttention`], with K = min(top_k, S).
///
/// # Errors
/// Shapes, types or devices that disagree, a scale that is no positive number, a bias that is not finite, a type that the device lacks, sizes over
/// 32 bits.
pub fn memory_attention<B: HyperBackend>(
    q: Tensor<B, 4>,
    k: Tensor<B, 4>,
    v: Tensor<B, 4>,
    null: Tensor<B, 2>,
    options: MemoryOptions,
) -> Result<MemoryAttention<B>> {
    // Before anything is computed.
    Arguments::new(OP, CONTRACT, &k.device(), "k", &k, [None; 4])?.check("v", &v, k.dims().map(Some))?;
    let found = memory_search(q, k, null, options)?;
    let out = found.read(found.weights.clone(), v)?;
    Ok(MemoryAttention { out, weights: found.weights, slots: found.slots })
}

/// The weights of [`memory_attention`] without its output, for who changes them before the values are read: by a second look at the few slots that were kept, say.
///
/// # Shapes
/// q `[B, H, T, D]`, k `[B, Hk, S, D]` with Hk dividing H, null `[Hk, D]`; results in [`MemorySearch`], with K = min(top_k, S).
///
/// # Errors
/// As [`memory_attention`].
pub fn memory_search<B: HyperBackend>(
    q: Tensor<B, 4>,
    k: Tensor<B, 4>,
    null: Tensor<B, 2>,
    options: MemoryOptions,
) -> Result<MemorySearch<B>> {
    let ([batch, heads, queries, width], [_, kv_heads, slots, _], device) = (q.dims(), k.dims(), q.device());
    let arguments = Arguments::new(OP, CONTRACT, &device, "q", &q, [None; 4])?;
    arguments.check("k", &k, [Some(batch), None, None, Some(width)])?;
    arguments.check("null", &null, [Some(kv_heads), Some(width)])?;
    let scale = options.scale.unwrap_or_else(|| (width.max(1) as f64).powf(-0.5));
    let c = MemoryConfig { batch, heads, kv_heads, queries, slots, kept: options.top_k.min(slots), width, scale, bias: options.bias };
    let elements = |t: &Tensor<B, 4>| t.dims().iter().product();
    c.check(elements(&q), elements(&k), elements(&k), null.dims().iter().product())?;
    arguments.room_for_sums("weights", [batch, heads, queries, c.kept + 1])?;
    let (q, k, null) = (q.into_primitive().tensor(), k.into_primitive().tensor(), null.into_primitive().tensor());
    let kept = Kept::new(B::memory_select(c, q.clone(), k.clone())?);
    let weights = B::memory_weights(c, MemoryKeys { q, k, null }, &kept);
    let weights = Tensor::from_primitive(TensorPrimitive::Float(weights));
    Ok(MemorySearch { weights, slots: Ids { inner: kept.slots.clone(), device }, config: c, kept })
}

impl<B: HyperBackend> MemorySearch<B> {
    /// o_i = Σ_m A_(i,m) v_m over the kept slots, with these weights. That of the null slot, whose value is 0, reads nothing.
    ///
    /// # Shapes
    /// weights `[B, H, T, K + 1]` in the type of [`weights`](Self::weights), v `[B, Hk, S, D]` -> `[B, H, T, D]`
    ///
    /// # Errors
    /// Shapes, types or devices that disagree.
    pub fn read(&self, weights: Tensor<B, 4>, v: Tensor<B, 4>) -> Result<Tensor<B, 4>> {
        let (c, device) = (self.config, &self.slots.device);
        let arguments = Arguments::new(OP, CONTRACT, device, "weights", &weights, self.weights.dims().map(Some))?;
        arguments.check("v", &v, [c.batch, c.kv_heads, c.slots, c.width].map(Some))?;
        let out = B::memory_read(c, weights.into_primitive().tensor(), v.into_primitive().tensor(), &self.kept);
        Ok(Tensor::from_primitive(TensorPrimitive::Float(out)))
    }
}
