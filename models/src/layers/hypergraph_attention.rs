//! Hypergraph attention (Bai et al. 2019).

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{AttentionConfig, Direction, HyperBackend, Reduce, aggregate, hypergraph_attention};
use serde::{Deserialize, Serialize};

use super::weights::{WeightStream, zeros};
use crate::error::{ModelError, Result};
use crate::input::GraphInput;
use crate::precision::Precision;

/// Over what the attention coefficients sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttentionMode {
    /// Over the members of each hyperedge.
    #[default]
    Node,
    /// Over the hyperedges of each node.
    Edge,
}

impl AttentionMode {
    fn direction(self) -> Direction {
        match self {
            Self::Node => Direction::ToCols,
            Self::Edge => Direction::ToRows,
        }
    }
}

impl std::fmt::Display for AttentionMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Self::Node { "node" } else { "edge" })
    }
}

impl std::str::FromStr for AttentionMode {
    type Err = ModelError;

    fn from_str(s: &str) -> Result<Self> {
        match s {
            "node" => Ok(Self::Node),
            "edge" => Ok(Self::Edge),
            _ => Err(ModelError::option("attention mode", s, "node or edge")),
        }
    }
}

/// Sizes and options of [`HypergraphAttention`].
#[derive(Config, Debug, PartialEq)]
pub struct HypergraphAttentionConfig {
    /// F, features of a node.
    pub features: usize,
    /// C, outputs of a head.
    pub head_width: usize,
    /// Hd, number of heads.
    #[config(default = 1)]
    pub heads: usize,
    /// Over what the coefficients sum to 1.
    #[config(default = "AttentionMode::Node")]
    pub mode: AttentionMode,
    /// Whether the heads stand side by side (Hd·C outputs) or are averaged (C outputs).
    #[config(default = true)]
    pub concat: bool,
    /// Slope of the leaky ReLU below 0.
    #[config(default = 0.2)]
    pub slope: f64,
    /// Whether there is a bias.
    #[config(default = true)]
    pub bias: bool,
}

impl HypergraphAttentionConfig {
    /// A layer with Glorot weights from the stream and a bias of zeros.
    ///
    /// # Errors
    /// When a size is 0, a weight exceeds 2³¹ elements, or the slope is not finite.
    pub fn init<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<HypergraphAttention<B>> {
        if !self.slope.is_finite() {
            return Err(ModelError::option("slope of the leaky ReLU", self.slope, "a finite number"));
        }
        let width = self.heads.saturating_mul(self.head_width);
        let theta = weights.glorot([self.features, width], device)?;
        let att = weights.glorot([self.heads, self.head_width.saturating_mul(2)], device)?;
        let bias = self.bias.then(|| zeros(if self.concat { width } else { self.head_width }, device));
        Ok(HypergraphAttention { theta, att, bias, mode: self.mode, concat: self.concat, slope: self.slope })
    }
}

/// Hypergraph attention of Bai et al. 2019 (arXiv:1901.08150), multi-head, per head h:
///
/// ```text
/// s_ve = leaky_relu( a_h · [x_v Θ_h ; z_e Θ_h] )       p = softmax of s over the members of e (node) or the hyperedges of v (edge)
/// Y_e  = W_e B_e^-1 Σ_v p_ve x_v Θ_h                    O_v = D_v^-1 Σ_e p_ve Y_e
/// out  = concat_h O + b   or   mean_h O + b
/// ```
///
/// z_e are the hyperedge features of the input, by default the mean of the members' features (weighted where incidences are). The
/// logits are linear in x and z, so Θ a is formed first `[F, 2·Hd]` and z Θ `[M, Hd·C]` never is; the mean of the members commutes
/// with Θ a as well and is taken at width Hd.
/// Costs N·F·Hd·C + 2·nnz·Hd·C multiply-adds and memory O((N + M)·Hd·C + nnz·Hd).
/// PyTorch Geometric drops W between the passes (pyg#6918), so the two differ on weighted hyperedges.
#[derive(Module, Debug)]
pub struct HypergraphAttention<B: Backend> {
    /// Θ `[F, Hd·C]`, heads side by side.
    pub theta: Param<Tensor<B, 2>>,
    /// a [Hd, 2·C]: the node's half, then the hyperedge's.
    pub att: Param<Tensor<B, 2>>,
    /// b `[Hd·C]`, or `[C]` when the heads are averaged.
    pub bias: Option<Param<Tensor<B, 1>>>,
    /// Over what the coefficients sum to 1.
    pub mode: AttentionMode,
    /// Whether the heads stand side by side or are averaged.
    pub concat: bool,
    /// Slope of the leaky ReLU below 0.
    pub slope: f64,
}

impl<B: HyperBackend> HypergraphAttention<B> {
    /// Applies the layer.
    ///
    /// # Shapes
    /// features `[N, F]`, hyperedge features `[M, F]` or none -> `[N, Hd·C]` or `[N, C]`, in the type of `precision`
    ///
    /// # Errors
    /// When the features are not F wide or do not fit the nodes and hyperedges.
    pub fn forward(&self, input: &GraphInput<B>, precision: Precision) -> Result<Tensor<B, 2>> {
        let config = self.op_config();
        let theta = precision.cast(self.theta.val()); // [F, Hd*C]
        let expected = [theta.dims()[0], config.heads * config.head_width];
        if theta.dims() != expected {
            return Err(ModelError::shape("theta beside att", &theta.dims(), &expected));
        }
        let (a, b) = self.logits(input, theta.clone(), precision)?; // [N, Hd], [M, Hd]
        let x = input.features.times(theta)?; // [N, Hd*C]
        let out = hypergraph_attention(x, a, b, &input.incidence, config)?; // [N, Hd*C]
        let out = if self.concat { out } else { mean_of_heads(out, config) };
        Ok(match &self.bias {
            Some(bias) if input.incidence.nodes() > 0 => out + precision.cast(bias.val()).unsqueeze(),
            _ => out,
        })
    }

    fn op_config(&self) -> AttentionConfig {
        let [heads, pair] = self.att.dims();
        AttentionConfig { heads, head_width: pair / 2, slope: self.slope, normalise: self.mode.direction() }
    }

    /// The two halves of the logits: a `[N, Hd]` of the nodes, b `[M, Hd]` of the hyperedges.
    fn logits(&self, input: &GraphInput<B>, theta: Tensor<B, 2>, precision: Precision) -> Result<(Tensor<B, 2>, Tensor<B, 2>)> {
        let heads = self.op_config().heads;
        let features = theta.dims()[0];
        let folded = theta.matmul(self.blocks(precision)); // [F, 2*Hd]
        let Some(z) = &input.hyperedge_features else {
            let s = input.features.times(folded)?; // [N, 2*Hd]
            let members = s.clone().narrow(1, heads, heads); // [N, Hd]
            let b = aggregate(members, &input.incidence, Direction::ToCols, Reduce::Mean, None)?; // [M, Hd]
            return Ok((s.narrow(1, 0, heads), b));
        };
        let expected = [input.incidence.hyperedges(), features];
        if z.dims() != expected {
            return Err(ModelError::shape("hyperedge features", &z.dims(), &expected));
        }
        let a = input.features.times(folded.clone().narrow(1, 0, heads))?; // [N, Hd]
        let b = precision.cast(z.clone()).matmul(folded.narrow(1, heads, heads)); // [M, Hd]
        Ok((a, b))
    }

    /// a as a block-diagonal matrix `[Hd·C, 2·Hd]`, so that Θ a is one product (60 times as fast on the CPU as a broadcast and a sum).
    fn blocks(&self, precision: Precision) -> Tensor<B, 2> {
        let AttentionConfig { heads, head_width, .. } = self.op_config();
        let att = precision.cast(self.att.val()).reshape([heads, 2, head_width, 1]);
        let own_head = precision.cast(Tensor::eye(heads, &att.device())).reshape([heads, 1, 1, heads]);
        (att * own_head).swap_dims(1, 2).reshape([heads * head_width, 2 * heads])
    }
}

/// `[N, Hd·C]` -> `[N, C]`, as a product: the gradient of a mean over the middle axis takes several times as long.
fn mean_of_heads<B: Backend>(x: Tensor<B, 2>, config: AttentionConfig) -> Tensor<B, 2> {
    let identity: Tensor<B, 2> = Tensor::eye(config.head_width, &x.device()); // [C, C]
    let shares = identity.repeat_dim(0, config.heads).cast(x.dtype()).div_scalar(config.heads as f64); // [Hd*C, C]
    x.matmul(shares)
}
