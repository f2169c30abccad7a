//! One block of a Llama decoder: attention, then the feed-forward part.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{FlashOptions, HyperBackend, flash_attention, rms_norm, rope, swiglu};

use super::cache::{BlockCache, KeysValues};
use super::config::LlamaConfig;
use super::context::Pass;
use super::heads;
use super::projection::{Projection, Source, ones};
use crate::error::{ModelError, Result};
use crate::layers::WeightStream;

/// Attention with rotary places and shared keys, and a gated feed-forward part, each on the normalised rows and added to them:
///
/// ```text
/// x ← x + softmax( rope(q) rope(k)ᵀ / √D, causal ) v Woᵀ      q = n Wqᵀ, k = n Wkᵀ, v = n Wvᵀ,  n = rms_norm(x)
/// x ← x + swiglu( m Wgᵀ, m Wuᵀ ) Wdᵀ                           m = rms_norm(x)
/// ```
///
/// Touvron et al., "Llama 2", 2023, arXiv:2307.09288.
#[derive(Module, Debug)]
pub struct Block<B: Backend> {
    /// Weight of the norm before the attention, `[d]`.
    pub attention_norm: Param<Tensor<B, 1>>,
    /// Wq `[H·D, d]`
    pub query: Projection<B>,
    /// Wk `[Hk·D, d]`
    pub key: Projection<B>,
    /// Wv `[Hk·D, d]`
    pub value: Projection<B>,
    /// Wo `[d, H·D]`
    pub output: Projection<B>,
    /// Weight of the norm before the feed-forward part, `[d]`.
    pub feed_forward_norm: Param<Tensor<B, 1>>,
    /// Wg `[F, d]`
    pub gate: Projection<B>,
    /// Wu `[F, d]`
    pub up: Projection<B>,
    /// Wd `[d, F]`
    pub down: Projection<B>,
    /// D
    pub head_width: usize,
    /// Added to the mean square by the norms.
    pub epsilon: f64,
}

/// Inputs and outputs of the seven maps, in the order of the fields.
fn sizes(c: &LlamaConfig) -> [[usize; 2]; 7] {
    let (d, inner) = (c.hidden_size, c.intermediate_size);
    let (q, kv) = (c.num_attention_heads * c.head_dim, c.num_key_value_heads * c.head_dim);
    [[d, q], [d, kv], [d, kv], [q, d], [d, inner], [d, inner], [inner, d]]
}

impl<B: Backend> Block<B> {
    /// With initial weights of standard deviation 0.02.
    ///
    /// # Errors
    /// When a weight exceeds 2³¹ elements.
    pub fn new(config: &LlamaConfig, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        let [query, key, value, output, gate, up, down] = sizes(config);
        let mut attention = |size| Projection::new(size, config.attention_bias, device, weights);
        let (query, key, value, output) = (attention(query)?, attention(key)?, attention(value)?, attention(output)?);
        let mut feed_forward = |size| Projection::new(size, config.mlp_bias, device, weights);
        let (gate, up, down) = (feed_forward(gate)?, feed_forward(up)?, feed_forward(down)?);
        let [attention_norm, feed_forward_norm] = [(); 2].map(|()| ones(config.hidden_size, device));
        let (head_width, epsilon) = (config.head_dim, config.rms_norm_eps);
        Ok(Self { attention_norm, query, key, value, output, feed_forward_norm, gate, up, down, head_width, epsilon })
    }

    /// Takes the tensors whose names start with `prefix`, that of `model.layers.I.`.
    ///
    /// # Errors
    /// When one is missing, misshapen or not of floating point.
    pub fn take(config: &LlamaConfig, prefix: &str, source: &mut Source<'_, B>) -> Result<Self> {
        let [query, key, value, output, gate, up, down] = sizes(config);
        let mut attention = |size, name| Projection::take(size, config.attention_bias, &format!("{prefix}self_attn.{name}_proj"), source);
        let (query, key, value, output) = (attention(query, "q")?, attention(key, "k")?, attention(value, "v")?, attention(output, "o")?);
        let mut feed_forward = |size, name| Projection::take(size, config.mlp_bias, &format!("{prefix}mlp.{name}_proj"), source);
        let (gate, up, down) = (feed_forward(gate, "gate")?, feed_forward(up, "up")?, feed_forward(down, "down")?);
        let mut norm = |name| source.param(&format!("{prefix}{name}.weight"), [config.hidden_size]);
        let (attention_norm, feed_forward_norm) = (norm("input_layernorm")?, norm("post_attention_layernorm")?);
        let (head_width, epsilon) = (config.head_dim, config.rms_norm_eps);
        Ok(Self { attention_norm, query, key, value, output, feed_forward_norm, gate, up, down, head_width, epsilon })
    }
}

impl<B: HyperBackend> Block<B> {
    /// Applies the block to the tokens of a pass, reading the keys and values of earlier tokens in the cache and adding those of these.
    ///
    /// # Shapes
    /// x `[N, d]` -> `[N, d]`, in the precision of the pass
    ///
    /// # Errors
    /// When x has other rows than the pass, or is not d wide.
    pub fn forward(&self, x: Tensor<B, 2>, pass: &Pass<B>, cache: Option<&mut BlockCache<B>>) -> Result<Tensor<B, 2>> {
        let rows: usize = pass.spans.iter().map(|span| span.group.sequences * span.group.tokens).sum();
        let expected = [rows, self.query.weight.dims()[1]];
        if x.dims() != expected {
            return Err(ModelError::shape("tokens of a block", &x.dims(), &expected));
        }
        let x = pass.precision.cast(x);
        let x = x.clone() + self.attention(x, pass, cache)?; // [N, d]
        let norm = rms_norm(x.clone(), pass.precision.cast(self.feed_forward_norm.val()), self.epsilon)?;
        let gated = swiglu(self.gate.forward(norm.clone(), pass.precision), self.up.forward(norm, pass.precision))?; // [N, F]
        Ok(x + self.down.forward(gated, pass.precision)) // [N, d]
    }

    fn attention(&self, x: Tensor<B, 2>, pass: &Pass<B>, mut cache: Option<&mut BlockCache<B>>) -> Result<Tensor<B, 2>> {
        let norm = rms_norm(x, pass.precision.cast(self.attention_norm.val()), self.epsilon)?;
        let [q, k, v] = [&self.query, &self.key, &self.value].map(|p| p.forward(norm.clone(), pass.precision)); // [N, H·D], [N, Hk·D]
        let mut outputs = Vec::with_capacity(pass.spans.len());
        let mut row = 0;
        for (number, span) in pass.spans.iter().enumerate() {
            let split = |x| heads::split(x, span.group, row, self.head_width);
            let (q, k, v) = (split(&q)?, split(&k)?, split(&v)?); // [S, H, T, D]
            let (q, keys) = (rope(q, &pass.rotary, span.start)?, rope(k, &pass.rotary, span.start)?);
            let next = KeysValues { keys, values: v };
            let all = match cache.as_deref_mut() {
                Some(cache) => cache.extend(number, next),
                None => next,
            };
            outputs.push(flash_attention(q, all.keys, all.values, FlashOptions { causal: true, ..FlashOptions::default() })?);
            row += span.group.sequences * span.group.tokens;
        }
        Ok(self.output.forward(heads::join(outputs)?, pass.precision)) // [N, d]
    }
}
