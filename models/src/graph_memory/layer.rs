//! A memory layer: tokens attend to slots.

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::{sigmoid, softmax, tanh};
use burn::tensor::backend::Backend;
use hypergraphql_ops::{HyperBackend, MemoryOptions, gather, memory_search, rms_norm, swap_axes, swiglu};

use super::config::HypergraphTransformerConfig;
use super::coverage::{FactIndex, Prefix};
use super::encoder::SlotStates;
use super::query::QueryHead;
use crate::error::Result;
use crate::input::NodeFeatures;
use crate::layers::{LayerNorm, Masks, Mlp, MlpConfig, WeightStream, zeros};
use crate::precision::Precision;
use crate::transformer::projection::ones;
use crate::transformer::{Block, LlamaConfig, Projection};

/// Bonus and doubt are so many times what their perceptrons say: differences of scores are some units to some tens.
const UNIT: f64 = 5.0;
/// Keeps the logarithm of a weight of 0 finite.
const LEAST_WEIGHT: f64 = 1e-30;
/// The scores of the gates of missing tokens begin here, nearer to closed.
const HALF_CLOSED: f64 = -1.0;

/// Attention of tokens over the slots of a memory and a gated feed-forward part, each behind a gate that is closed at first (Flamingo, Alayrac et al. 2022,
/// arXiv:2204.14198):
///
/// ```text
/// k_m = LN( zb_m W_Kᵀ + ρ_m W_Pᵀ + zh_m W_Zᵀ )  per head      v_m = x_m W_Vᵀ       the null slot: LN(k_0), v_0 = 0       q by QueryHead of block(h)
/// s_m = q · k_m / √d_h       the top-k slots are kept, then looked at once more:
/// ω_j = σ( n_j W_ωᵀ − 1 )       c_m = Σ_j ω_j [the fact of m does not tell token j]       c'_m: nor does another fact of one of its members
/// s'_m = s_m + MLP_b( c_m, c'_m )       p = softmax(s')       s'_0 = s_0 + MLP_δ( max s' − s_0, −ln max p, Σ p_m c_m, Σ p_m c'_m )
/// A = softmax of s'_0 and s'
/// h ← h + tanh(α) (Σ_m A_m v_m) W_oᵀ        h ← h + tanh(β) swiglu( m W_gᵀ, m W_uᵀ ) W_dᵀ,  m = rms_norm(h)        α = β = 0 at first
/// ```
///
/// KBLaM, Wang et al., ICLR 2025, arXiv:2410.10450, which adds ln 100 − ln S to the scores of S slots. Here one slot answers, whatever S is: it would lose to the null
/// slot in larger memories. The second look is a late interaction, token by token (ColBERT, Khattab and Zaharia 2020, arXiv:2004.12832), of exact tokens: a score is a product of sums
/// of names, in which a fact that nearly answers is as near as a longer one that does, while its tokens tell which. What the question says and no fact tells is also
/// what makes it one to refuse. Costs S·n·Hm·d_h multiply-adds for n tokens that read; the second look waits for the kept slots on the host.
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
    /// W_Z `[Hm·d_h, d_g]`
    pub heard_key: Projection<B>,
    /// LN of keys, `[d_h]`.
    pub key_norm: LayerNorm<B>,
    /// W_V `[Hm·d_h, d_g]`
    pub value: Projection<B>,
    /// k_0 `[Hm, d_h]`
    pub null: Param<Tensor<B, 2>>,
    /// W_ω `[2V, d]`: V gates for c, V for c'.
    pub missing: Projection<B>,
    /// MLP_b, zero at first.
    pub bonus: Mlp<B>,
    /// MLP_δ, zero at first.
    pub doubt: Mlp<B>,
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
    /// The facts themselves.
    pub facts: Arc<FactIndex>,
}

/// What n tokens ask of a memory layer.
#[derive(Debug)]
pub struct RowQueries<'a, B: Backend> {
    /// q `[n, Hm·d_h]`, by [`QueryHead::queries`].
    pub queries: Tensor<B, 2>,
    /// ω `[N, 2V]` of all tokens read so far, by [`MemoryLayer::gates`].
    pub gates: Tensor<B, 2>,
    /// The tokens of the sequence of each up to it, n.
    pub prefixes: &'a [Prefix],
}

/// What n tokens read in one memory layer.
#[derive(Debug, Clone)]
pub struct MemoryRead<B: HyperBackend> {
    /// q `[n, Hm·d_h]`
    pub queries: Tensor<B, 2>,
    /// A `[1, Hm, n, K + 1]`: the null slot, then the kept slots in the order of `slots`.
    pub weights: Tensor<B, 4>,
    /// The kept slots `[1, Hm, n, K]`, on the host.
    pub slots: Vec<u32>,
}

impl<B: Backend> MemoryLayer<B> {
    /// For a decoder of width d, with closed gates.
    ///
    /// # Errors
    /// Sizes outside their domains.
    pub fn new(c: &HypergraphTransformerConfig, base: &LlamaConfig, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        let (d, inner, heads) = (base.hidden_size, c.feed_forward, c.heads * c.head_width);
        let mut closed = |inputs: usize| -> Result<Mlp<B>> {
            let mut mlp = MlpConfig::new(inputs, 32, 1).with_norm(false).init(device, weights)?;
            if let Some(last) = mlp.linears.last_mut() {
                last.weight = last.weight.clone().map(|w| w.zeros_like().detach().require_grad());
            }
            Ok(mlp)
        };
        let (bonus, doubt) = (closed(2 * c.missing_gates)?, closed(2 + 2 * c.missing_gates)?);
        let half = |second, weights: &mut WeightStream| Projection::near_half([c.width, heads], second, device, weights);
        Ok(Self {
            reader: Block::new(base, device, weights)?,
            query: QueryHead::new(c, base, device, weights)?,
            fact_key: half(false, weights)?,
            role_key: half(false, weights)?,
            heard_key: half(true, weights)?,
            key_norm: LayerNorm::new(c.head_width, device),
            value: half(false, weights)?,
            null: weights.uniform([c.heads, c.head_width], 1.0, device)?,
            missing: Projection::spread([d, 2 * c.missing_gates], device, weights)?,
            bonus,
            doubt,
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
    ///
    /// # Errors
    /// A type that the device lacks.
    pub fn keys(&self, slots: &SlotStates<B>, precision: Precision) -> Result<SlotKeys<B>> {
        let [heads, width] = self.heads();
        let keys = self.fact_key.forward(slots.facts.clone(), precision)
            + self.role_key.forward(slots.roles.clone(), precision)
            + self.heard_key.forward(slots.heard.clone(), precision);
        let count = keys.dims()[0];
        let norm = |x: Tensor<B, 2>| precision.cast(self.key_norm.forward(x, precision));
        let keys = norm(keys.reshape([count * heads, width]));
        let values = self.value.forward(slots.entities.clone(), precision);
        let by_head = |x: Tensor<B, 2>| swap_axes(x.reshape([1, count, heads, width]));
        Ok(SlotKeys { keys: by_head(keys)?, values: by_head(values)?, null: norm(precision.cast(self.null.val())) })
    }

    /// ω of every token of a pass.
    ///
    /// # Shapes
    /// n `[N, d]`, by [`QueryHead::normed`] -> `[N, 2V]`, in f32 (f64 for [`Precision::F64`])
    pub fn gates(&self, normed: Tensor<B, 2>, precision: Precision) -> Tensor<B, 2> {
        sigmoid(precision.widen(self.missing.forward(normed, precision)).add_scalar(HALF_CLOSED))
    }

    /// Applies the layer to n tokens, each of which reads its `top_k` slots.
    ///
    /// # Shapes
    /// x `[n, d]` -> `[n, d]`, in the type of `precision`
    ///
    /// # Errors
    /// When x is not d wide or what is asked is not of n tokens, or the slots are of another layer's shape.
    pub fn forward(
        &self,
        x: Tensor<B, 2>,
        asked: RowQueries<'_, B>,
        (slots, facts): (&SlotKeys<B>, &FactIndex),
        top_k: usize,
        precision: Precision,
    ) -> Result<(Tensor<B, 2>, MemoryRead<B>)> {
        let ([heads, width], tokens) = (self.heads(), x.dims()[0]);
        let q = swap_axes(asked.queries.clone().reshape([1, tokens, heads, width]))?;
        let options = MemoryOptions { top_k, ..MemoryOptions::default() };
        let found = memory_search(q, slots.keys.clone(), slots.null.clone(), options)?;
        let kept = found.slots.read()?;
        let weights = self.second_look(&found.weights, &kept, &asked, facts, precision)?;
        let values = swap_axes(found.read(precision.cast(weights.clone()), slots.values.clone())?)?.reshape([tokens, heads * width]);
        let open = |gate: &Param<Tensor<B, 1>>| precision.cast(tanh(gate.val())).unsqueeze::<2>(); // [1, 1]
        let x = precision.cast(x) + self.output.forward(values, precision) * open(&self.alpha);
        let m = rms_norm(x.clone(), precision.cast(self.feed_forward_norm.val()), self.epsilon)?;
        let gated = swiglu(self.gate.forward(m.clone(), precision), self.up.forward(m, precision))?; // [n, F]
        let x = x + self.down.forward(gated, precision) * open(&self.beta);
        Ok((x, MemoryRead { queries: asked.queries, weights, slots: kept }))
    }

    /// A `[1, Hm, n, K + 1]` by s', in f32 (f64 for [`Precision::F64`]).
    fn second_look(
        &self,
        weights: &Tensor<B, 4>,
        slots: &[u32],
        asked: &RowQueries<'_, B>,
        facts: &FactIndex,
        precision: Precision,
    ) -> Result<Tensor<B, 4>> {
        let [_, heads, n, columns] = weights.dims();
        let (rows, kept) = (heads * n, columns - 1);
        // Weights tell scores but for a number that all of a row share: here s_0 = 0.
        let logs = precision.widen(weights.clone()).clamp_min(LEAST_WEIGHT).log().reshape([rows, columns]);
        let scores = logs.clone().narrow(1, 1, kept) - logs.narrow(1, 0, 1); // [Hm*n, K]
        let states = asked.gates.dims()[0];
        let missing = facts.missing::<B>(asked.prefixes, (slots, kept), states, precision, &scores.device())?;
        let (most, count) = (missing.in_fact.dims()[2], asked.gates.dims()[1] / 2);
        let open = gather(asked.gates.clone(), &missing.states)?.reshape([rows, most, 2 * count]); // [Hm*n, T, 2V]
        let sums = [(missing.in_fact, 0), (missing.in_both, count)].map(|(mask, first)| mask.matmul(open.clone().narrow(2, first, count)));
        let both = Tensor::cat(sums.to_vec(), 2); // c and c', [Hm*n, K, 2V]
        let of = |mlp: &Mlp<B>, x: Tensor<B, 2>| -> Result<Tensor<B, 2>> {
            Ok(precision.widen(mlp.forward(&NodeFeatures::Dense(x), precision.wide(), &Masks::none())?).mul_scalar(UNIT))
        };
        let scores = scores + of(&self.bonus, both.clone().reshape([rows * kept, 2 * count]))?.reshape([rows, kept]);
        let p = softmax(scores.clone(), 1);
        let mean = p.clone().unsqueeze_dim::<3>(1).matmul(both).reshape([rows, 2 * count]); // Σ p c
        let clear = [scores.clone().max_dim(1), p.max_dim(1).log().neg()].map(|x| x.div_scalar(UNIT));
        let doubt = of(&self.doubt, Tensor::cat(clear.into_iter().chain([mean]).collect(), 1))?; // s'_0, [Hm*n, 1]
        Ok(softmax(Tensor::cat(vec![doubt, scores], 1), 1).reshape([1, heads, n, columns]))
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
