//! A memory layer: tokens attend to slots.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::tanh;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{HyperBackend, Ids, MemoryOptions, memory_attention, rms_norm, swiglu};

use super::config::HypergraphTransformerConfig;
use super::encoder::SlotStates;
use super::query::{Gathered, QueryHead};
use crate::error::Result;
use crate::layers::{LayerNorm, WeightStream, zeros};
use crate::precision::Precision;
use crate::transformer::projection::ones;
use crate::transformer::{Block, LlamaConfig, Projection};

/// Attention of tokens over the slots of a memory and a gated feed-forward part, each behind a gate that is closed at first (Flamingo, Alayrac et al. 2022,
/// arXiv:2204.14198):
///
/// ```text
/// k_m = LN( zb_m W_Kᵀ + ρ_m W_Pᵀ )  per head      v_m = x_m W_Vᵀ       the null slot: LN(k_0), v_0 = 0       q by QueryHead of block(h)
/// s_m = q · k_m / √d_h       A = softmax over {0} and the top-k slots
/// h ← h + tanh(α) (Σ_m A_m v_m) W_oᵀ        h ← h + tanh(β) swiglu( m W_gᵀ, m W_uᵀ ) W_dᵀ,  m = rms_norm(h)        α = β = 0 at first
/// ```
///
/// KBLaM, Wang et al., ICLR 2025, arXiv:2410.10450, which adds ln 100 − ln S to the scores of S slots. Here one slot answers, whatever S is: it would lose to the null
/// slot in larger memories. Costs S·n·Hm·d_h multiply-adds for n tokens that read.
#[derive(Module, Debug)]
pub struct MemoryLayer<B: Backend> {
    /// A block of the decoder's kind over its states, which learns to see in them what a question asks; the decoder does not hear of it.
    pub reader: Block<B>,
    /// Makes queries of what the reader sees.
    pub query: QueryHead<B>,
    /// W_K `[Hm·d_h, d_g]`
    pub fact_key: Projection<B>,
    /// W_P `[Hm·d_h, d_g]`
    pub role_key: Projection<B>,
    /// LN of keys, `[d_h]`.
    pub key_norm: LayerNorm<B>,
    /// W_V `[Hm·d_h, d_g]`
    pub value: Projection<B>,
    /// k_0 `[Hm, d_h]`
    pub null: Param<Tensor<B, 2>>,
    /// W_o `[d, Hm·d_h]`
    pub output: Projection<B>,
    /// α `[1]`
    pub alpha: Param<Tensor<B, 1>>,
    /// Weight of the norm before the feed-forward part, `[d]`.
    pub feed_forward_norm: Param<Tensor<B, 1>>,
    /// W_g `[F, d]`
    pub gate: Projection<B>,
    /// W_u `[F, d]`
    pub up: Projection<B>,
    /// W_d `[d, F]`
    pub down: Projection<B>,
    /// β `[1]`
    pub beta: Param<Tensor<B, 1>>,
    /// Added to the mean square by the norms.
    pub epsilon: f64,
}

/// Keys and values of S slots for one memory layer.
#[derive(Debug, Clone)]
pub struct SlotKeys<B: Backend> {
    /// k `[1, Hm, S, d_h]`
    pub keys: Tensor<B, 4>,
    /// v `[1, Hm, S, d_h]`
    pub values: Tensor<B, 4>,
    /// k_0 `[Hm, d_h]`, normalised.
    pub null: Tensor<B, 2>,
}

/// What all memory layers read: the facts of a store, encoded once.
#[derive(Debug, Clone)]
pub struct Memory<B: Backend> {
    /// One for each memory layer, in order.
    pub layers: Vec<SlotKeys<B>>,
}

/// What n tokens read in one memory layer.
#[derive(Debug, Clone)]
pub struct MemoryRead<B: HyperBackend> {
    /// q `[n, Hm·d_h]`
    pub queries: Tensor<B, 2>,
    /// A `[1, Hm, n, K + 1]`: the null slot, then the kept slots.
    pub weights: Tensor<B, 4>,
    /// The kept slots `[1, Hm, n, K]`.
    pub slots: Ids<B>,
}

impl<B: Backend> MemoryLayer<B> {
    /// For a decoder of width d, with closed gates.
    ///
    /// # Errors
    /// Sizes outside their domains.
    pub fn new(c: &HypergraphTransformerConfig, base: &LlamaConfig, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        let (d, inner, heads) = (base.hidden_size, c.feed_forward, c.heads * c.head_width);
        Ok(Self {
            reader: Block::new(base, device, weights)?,
            query: QueryHead::new(c, base, device, weights)?,
            fact_key: Projection::near_identity([c.width, heads], 1, device, weights)?,
            role_key: Projection::near_identity([c.width, heads], 1, device, weights)?,
            key_norm: LayerNorm::new(c.head_width, device),
            value: Projection::near_identity([c.width, heads], 1, device, weights)?,
            null: weights.uniform([c.heads, c.head_width], 1.0, device)?,
            output: Projection::spread([heads, d], device, weights)?,
            alpha: zeros(1, device),
            feed_forward_norm: ones(d, device),
            gate: Projection::spread([d, inner], device, weights)?,
            up: Projection::spread([d, inner], device, weights)?,
            down: Projection::spread([inner, d], device, weights)?,
            beta: zeros(1, device),
            epsilon: base.rms_norm_eps,
        })
    }

    fn heads(&self) -> [usize; 2] {
        self.null.dims()
    }
}

impl<B: HyperBackend> MemoryLayer<B> {
    /// Keys and values of slots.
    ///
    /// # Shapes
    /// Results in [`SlotKeys`], in the type of `precision`
    pub fn keys(&self, slots: &SlotStates<B>, precision: Precision) -> SlotKeys<B> {
        let [heads, width] = self.heads();
        let keys = self.fact_key.forward(slots.facts.clone(), precision) + self.role_key.forward(slots.roles.clone(), precision);
        let count = keys.dims()[0];
        let norm = |x: Tensor<B, 2>| precision.cast(self.key_norm.forward(x, precision));
        let keys = norm(keys.reshape([count * heads, width]));
        let values = self.value.forward(slots.entities.clone(), precision);
        let by_head = |x: Tensor<B, 2>| x.reshape([1, count, heads, width]).swap_dims(1, 2);
        let by_rows = |x: Tensor<B, 2>| by_head(x.reshape([count, heads * width]));
        SlotKeys { keys: by_rows(keys), values: by_rows(values), null: norm(precision.cast(self.null.val())) }
    }

    /// Applies the layer to n tokens, each of which reads its `top_k` slots.
    ///
    /// # Shapes
    /// x `[n, d]` -> `[n, d]`, in the type of `precision`
    ///
    /// # Errors
    /// When x is not d wide or the slots are of another layer's shape.
    pub fn forward(
        &self,
        x: Tensor<B, 2>,
        gathered: Gathered<B>,
        slots: &SlotKeys<B>,
        top_k: usize,
        precision: Precision,
    ) -> Result<(Tensor<B, 2>, MemoryRead<B>)> {
        let ([heads, width], tokens) = (self.heads(), x.dims()[0]);
        let queries = self.query.queries(gathered, precision)?; // [n, Hm*d_h]
        let q = queries.clone().reshape([1, tokens, heads, width]).swap_dims(1, 2);
        let options = MemoryOptions { top_k, ..MemoryOptions::default() };
        let read = memory_attention(q, slots.keys.clone(), slots.values.clone(), slots.null.clone(), options)?;
        let values = read.out.swap_dims(1, 2).reshape([tokens, heads * width]);
        let open = |gate: &Param<Tensor<B, 1>>| precision.cast(tanh(gate.val())).unsqueeze::<2>(); // [1, 1]
        let x = precision.cast(x) + self.output.forward(values, precision) * open(&self.alpha);
        let m = rms_norm(x.clone(), precision.cast(self.feed_forward_norm.val()), self.epsilon)?;
        let gated = swiglu(self.gate.forward(m.clone(), precision), self.up.forward(m, precision))?; // [n, F]
        let x = x + self.down.forward(gated, precision) * open(&self.beta);
        Ok((x, MemoryRead { queries, weights: read.weights, slots: read.slots }))
    }

    /// The scores of all slots, before the top-k: what the retrieval loss is about.
    ///
    /// # Shapes
    /// q `[n, Hm·d_h]` -> s `[Hm, n, 1 + S]`, the null slot first, in f32 (f64 for [`Precision::F64`])
    pub fn scores(&self, queries: Tensor<B, 2>, slots: &SlotKeys<B>, precision: Precision) -> Tensor<B, 3> {
        let ([heads, width], rows) = (self.heads(), queries.dims()[0]);
        let scale = (width as f64).powf(-0.5);
        let q = precision.widen(queries).reshape([rows, heads, width]).swap_dims(0, 1); // [Hm, n, d_h]
        let count = slots.keys.dims()[2];
        let keys = precision.widen(slots.keys.clone()).reshape([heads, count, width]);
        let all = q.clone().matmul(keys.swap_dims(1, 2)).mul_scalar(scale); // [Hm, n, S]
        let null = q.matmul(precision.widen(slots.null.clone()).reshape([heads, width, 1])).mul_scalar(scale); // [Hm, n, 1]
        Tensor::cat(vec![null, all], 2)
    }
}
