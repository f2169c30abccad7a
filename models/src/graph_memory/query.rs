//! What a token asks of a memory.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{FlashOptions, HyperBackend, flash_attention, rms_norm, rope, swiglu};

use super::config::HypergraphTransformerConfig;
use crate::error::Result;
use crate::layers::WeightStream;
use crate::precision::Precision;
use crate::transformer::projection::ones;
use crate::transformer::{BlockCache, KeysValues, LlamaConfig, Pass, Projection, heads};

/// Scores of the attention begin at this part of what keeps their deviation at 1.
const SOFT: f64 = 0.5;
/// The gated part begins with this part of its weights.
const BESIDE: f64 = 0.3;

/// Queries: heads of causal attention gather the states of the tokens that a question consists of, by what the decoder makes of them.
///
/// ```text
/// n = rms_norm(block(h))      c_(i,a) = Σ_(j≤i) softmax_j( rope(n_i W_aᵀ) · rope(n_j W_bᵀ) / √d_g ) u_j        Hq heads a, with keys and values in common
/// q_i = rms_norm( √Hq c_i W_cᵀ + swiglu( c_i W_gᵀ, c_i W_uᵀ ) W_dᵀ + n_i W_hᵀ ) W_qᵀ
/// ```
///
/// A query of the hidden state alone, `rms_norm(h) W_qᵀ`, must find in it every token of the question, which a decoder that was not trained for that does not keep.
#[derive(Module, Debug)]
pub struct QueryHead<B: Backend> {
    /// Weight of the norm of h, `[d]`.
    pub norm: Param<Tensor<B, 1>>,
    /// W_a `[Hq·d_g, d]`
    pub query: Projection<B>,
    /// W_b `[d_g, d]`
    pub key: Projection<B>,
    /// W_c `[Hm·d_h, Hq·d_g]`
    pub gathered: Projection<B>,
    /// W_g `[2·d_g, Hq·d_g]`
    pub gate: Projection<B>,
    /// W_u `[2·d_g, Hq·d_g]`
    pub up: Projection<B>,
    /// W_d [Hm·d_h, 2·d_g]
    pub down: Projection<B>,
    /// W_h `[Hm·d_h, d]`, zeros at first.
    pub hidden: Projection<B>,
    /// Weight of the norm before W_q, `[Hm·d_h]`.
    pub output_norm: Param<Tensor<B, 1>>,
    /// W_q `[Hm·d_h, Hm·d_h]`
    pub output: Projection<B>,
    /// d_g
    pub width: usize,
    /// Added to the mean square by the norms.
    pub epsilon: f64,
}

impl<B: Backend> QueryHead<B> {
    /// For a decoder of width d.
    ///
    /// # Errors
    /// Sizes outside their domains.
    pub fn new(c: &HypergraphTransformerConfig, base: &LlamaConfig, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        let (d, width, all, out) = (base.hidden_size, c.width, c.query_heads * c.width, c.heads * c.head_width);
        Ok(Self {
            norm: ones(d, device),
            query: Projection::spread([d, all], device, weights)?.scaled(SOFT),
            key: Projection::spread([d, width], device, weights)?,
            gathered: Projection::near_identity([all, out], c.query_heads, device, weights)?,
            gate: Projection::spread([all, 2 * width], device, weights)?,
            up: Projection::spread([all, 2 * width], device, weights)?,
            down: Projection::spread([2 * width, out], device, weights)?.scaled(BESIDE),
            hidden: Projection::spread([d, out], device, weights)?.scaled(0.0),
            output_norm: ones(out, device),
            output: Projection::near_identity([out, out], 1, device, weights)?,
            width,
            epsilon: base.rms_norm_eps,
        })
    }
}

/// What [`QueryHead::gather`] makes of all tokens of a pass.
#[derive(Debug, Clone)]
pub struct Gathered<B: Backend> {
    /// n `[N, d]`
    pub normed: Tensor<B, 2>,
    /// c `[N, Hq·d_g]`
    pub context: Tensor<B, 2>,
}

impl<B: HyperBackend> QueryHead<B> {
    /// n and c of every token of a pass, reading the keys and states of earlier tokens in the cache and adding those of these.
    ///
    /// # Shapes
    /// h `[N, d]`, u `[N, d_g]`; results in [`Gathered`], in the precision of the pass
    ///
    /// # Errors
    /// When h, what the reader's block sees, is not d wide or has other rows than the pass.
    pub fn gather(&self, h: Tensor<B, 2>, u: &Tensor<B, 2>, pass: &Pass<B>, mut cache: Option<&mut BlockCache<B>>) -> Result<Gathered<B>> {
        let precision = pass.precision;
        let normed = rms_norm(precision.cast(h), precision.cast(self.norm.val()), self.epsilon)?;
        let [q, k] = [&self.query, &self.key].map(|map| map.forward(normed.clone(), precision)); // [N, Hq*d_g], [N, d_g]
        let mut outputs = Vec::with_capacity(pass.spans.len());
        let mut row = 0;
        for (number, span) in pass.spans.iter().enumerate() {
            let [q, keys, values] = [&q, &k, u].map(|x| heads::split(x, span.group, row, self.width)); // [S, Hq, T, d_g], [S, 1, T, d_g]
            let (q, keys) = (rope(q, &pass.rotary, span.start)?, rope(keys, &pass.rotary, span.start)?);
            let next = KeysValues { keys, values };
            let all = match cache.as_deref_mut() {
                Some(cache) => cache.extend(number, next),
                None => next,
            };
            outputs.push(flash_attention(q, all.keys, all.values, FlashOptions { causal: true, ..FlashOptions::default() })?);
            row += span.group.sequences * span.group.tokens;
        }
        Ok(Gathered { normed, context: heads::join(outputs) })
    }

    /// q of rows of `gathered`.
    ///
    /// # Shapes
    /// -> `[n, Hm·d_h]`, in the type of `precision`
    ///
    /// # Errors
    /// When the rows are of another query head's shape.
    pub fn queries(&self, gathered: Gathered<B>, precision: Precision) -> Result<Tensor<B, 2>> {
        let Gathered { normed, context } = gathered;
        let heads = (context.dims()[1] / self.width) as f64;
        let gated = swiglu(self.gate.forward(context.clone(), precision), self.up.forward(context.clone(), precision))?; // [n, 2*d_g]
        let sum = self.gathered.forward(context, precision).mul_scalar(heads.sqrt())
            + self.down.forward(gated, precision)
            + self.hidden.forward(normed, precision);
        let normed = rms_norm(sum, precision.cast(self.output_norm.val()), self.epsilon)?;
        Ok(self.output.forward(normed, precision))
    }
}
