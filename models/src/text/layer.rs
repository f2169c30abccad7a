//! One layer of a BERT encoder: attention, then the feed-forward part, each normalised after it was added.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, relu};
use burn::tensor::backend::Backend;
use hypergraphql_ops::{FlashOptions, HyperBackend, flash_attention};

use super::config::{Activation, BertConfig};
use super::norm::TokenNorm;
use crate::error::Result;
use crate::layers::WeightStream;
use crate::precision::Precision;
use crate::transformer::{Group, Projection, Source, heads};

/// Attention of every token to every token of its sequence, and a feed-forward part:
///
/// ```text
/// x ← norm( x + softmax( q kᵀ / √D ) v Woᵀ + bo )      q = x Wqᵀ + bq, k = x Wkᵀ + bk, v = x Wvᵀ + bv
/// x ← norm( x + act( x W1ᵀ + b1 ) W2ᵀ + b2 )
/// ```
///
/// Devlin et al., "BERT", 2019, arXiv:1810.04805.
#[derive(Module, Debug)]
pub struct BertLayer<B: Backend> {
    /// Wq `[d, d]`
    pub query: Projection<B>,
    /// Wk `[d, d]`
    pub key: Projection<B>,
    /// Wv `[d, d]`
    pub value: Projection<B>,
    /// Wo `[d, d]`
    pub output: Projection<B>,
    /// After the attention.
    pub attention_norm: TokenNorm<B>,
    /// W1 `[F, d]`
    pub up: Projection<B>,
    /// W2 `[d, F]`
    pub down: Projection<B>,
    /// After the feed-forward part.
    pub feed_forward_norm: TokenNorm<B>,
    /// D
    pub head_width: usize,
    /// Whether the feed-forward part has ReLU in place of GELU.
    pub relu: bool,
}

impl<B: Backend> BertLayer<B> {
    /// With initial weights of standard deviation 0.02.
    ///
    /// # Errors
    /// When a weight exceeds 2³¹ elements.
    pub fn new(c: &BertConfig, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        let (d, inner) = (c.hidden_size, c.intermediate_size);
        let mut map = |size| Projection::new(size, true, device, weights);
        let (query, key, value, output, up, down) =
            (map([d, d])?, map([d, d])?, map([d, d])?, map([d, d])?, map([d, inner])?, map([inner, d])?);
        let [attention_norm, feed_forward_norm] = [(); 2].map(|()| TokenNorm::new(d, c.layer_norm_eps, device));
        let (head_width, relu) = (d / c.num_attention_heads, c.activation == Activation::Relu);
        Ok(Self { query, key, value, output, attention_norm, up, down, feed_forward_norm, head_width, relu })
    }

    /// Takes the tensors whose names start with `prefix`, that of `encoder.layer.I.`.
    ///
    /// # Errors
    /// When one is missing, misshapen or not of floating point.
    pub fn take(c: &BertConfig, prefix: &str, source: &mut Source<'_, B>) -> Result<Self> {
        let (d, inner) = (c.hidden_size, c.intermediate_size);
        let mut map = |size, name: &str| Projection::take(size, true, &format!("{prefix}{name}"), source);
        let (query, key) = (map([d, d], "attention.self.query")?, map([d, d], "attention.self.key")?);
        let (value, output) = (map([d, d], "attention.self.value")?, map([d, d], "attention.output.dense")?);
        let (up, down) = (map([d, inner], "intermediate.dense")?, map([inner, d], "output.dense")?);
        let mut norm = |name: &str| TokenNorm::take(d, c.layer_norm_eps, &format!("{prefix}{name}.LayerNorm"), source);
        let (attention_norm, feed_forward_norm) = (norm("attention.output")?, norm("output")?);
        let (head_width, relu) = (d / c.num_attention_heads, c.activation == Activation::Relu);
        Ok(Self { query, key, value, output, attention_norm, up, down, feed_forward_norm, head_width, relu })
    }
}

impl<B: HyperBackend> BertLayer<B> {
    /// Applies the layer to the rows of these groups.
    ///
    /// # Shapes
    /// x `[N, d]` -> `[N, d]`, in f32 (f64 for [`Precision::F64`]); products and attention are in `precision`
    ///
    /// # Errors
    /// When the device cannot run the attention.
    pub fn forward(&self, x: Tensor<B, 2>, groups: &[Group], precision: Precision) -> Result<Tensor<B, 2>> {
        let maps = [&self.query, &self.key, &self.value, &self.output, &self.up, &self.down];
        let norms = [&self.attention_norm, &self.feed_forward_norm];
        let map = |p: &Projection<B>, x| Ok(p.forward(x, precision));
        apply(&Parts { maps, norms, head_width: self.head_width, relu: self.relu }, map, x, groups, precision)
    }
}

/// The parts of a layer, whatever its maps are stored in.
pub(super) struct Parts<'a, B: Backend, P> {
    /// Wq, Wk, Wv, Wo, W1, W2
    pub(super) maps: [&'a P; 6],
    /// After the attention and after the feed-forward part.
    pub(super) norms: [&'a TokenNorm<B>; 2],
    pub(super) head_width: usize,
    pub(super) relu: bool,
}

/// The formula of [`BertLayer`], by maps that `map` applies.
pub(super) fn apply<B: HyperBackend, P>(
    parts: &Parts<'_, B, P>,
    map: impl Fn(&P, Tensor<B, 2>) -> Result<Tensor<B, 2>>,
    x: Tensor<B, 2>,
    groups: &[Group],
    precision: Precision,
) -> Result<Tensor<B, 2>> {
    let [query, key, value, output, up, down] = parts.maps;
    let (q, k, v) = (map(query, x.clone())?, map(key, x.clone())?, map(value, x.clone())?); // [N, d]
    let mut outputs = Vec::with_capacity(groups.len());
    let mut row = 0;
    for &group in groups {
        let split = |x| heads::split(x, group, row, parts.head_width);
        let (q, k, v) = (split(&q)?, split(&k)?, split(&v)?); // [S, H, T, D]
        outputs.push(flash_attention(q, k, v, FlashOptions::default())?);
        row += group.sequences * group.tokens;
    }
    let attended = map(output, heads::join(outputs)?)?; // [N, d]
    let x = parts.norms[0].forward(precision.widen(x) + precision.widen(attended), precision);
    let inner = map(up, x.clone())?; // [N, F]
    let added = map(down, if parts.relu { relu(inner) } else { gelu(inner) })?; // [N, d]
    Ok(parts.norms[1].forward(x + precision.widen(added), precision))
}
