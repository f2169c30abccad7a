//! GATv2 (Brody et al. 2022).

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::leaky_relu;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{Direction, HyperBackend, Reduce, aggregate, gather, segment_softmax};

use super::weights::{WeightStream, zeros};
use crate::error::{ModelError, Result};
use crate::input::NodeFeatures;
use crate::pair_graph::PairGraph;
use crate::precision::Precision;

/// Sizes and options of [`GatV2`].
#[derive(Config, Debug, PartialEq)]
pub struct GatV2Config {
    /// F, features of a node.
    pub features: usize,
    /// C, outputs of a head.
    pub head_width: usize,
    /// Hd, number of heads.
    #[config(default = 1)]
    pub heads: usize,
    /// D, features of a pair; 0: none.
    #[config(default = 0)]
    pub pair_features: usize,
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

impl GatV2Config {
    /// A layer with Glorot weights from the stream and a bias of zeros.
    ///
    /// # Errors
    /// When a size is 0, a weight exceeds 2³¹ elements, or the slope is not finite.
    pub fn init<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<GatV2<B>> {
        if !self.slope.is_finite() {
            return Err(ModelError::option("slope of the leaky ReLU", self.slope, "a finite number"));
        }
        let width = self.heads.saturating_mul(self.head_width);
        Ok(GatV2 {
            source: weights.glorot([self.features, width], device)?,
            target: weights.glorot([self.features, width], device)?,
            pair: (self.pair_features > 0).then(|| weights.glorot([self.pair_features, width], device)).transpose()?,
            att: weights.glorot([self.heads, self.head_width], device)?,
            bias: self.bias.then(|| zeros(if self.concat { width } else { self.head_width }, device)),
            concat: self.concat,
            slope: self.slope,
        })
    }
}

/// GATv2 of Brody et al. 2022 (arXiv:2105.14491, equation 7), multi-head and with features of pairs, on a directed graph, per head h:
///
/// ```text
/// s_uv = a_h · leaky_relu( x_v W_t + x_u W_s + e_uv W_e )_h        p = softmax of s over the pairs (u, v) that lead to v
/// y_v  = concat_h Σ_u p_uv (x_u W_s)_h + b      or      mean_h Σ_u p_uv (x_u W_s)_h + b
/// ```
///
/// The leaky ReLU comes before a, so that which source counts most may differ from target to target. A node that no pair leads to gets b.
///
/// Costs 2·N·F·Hd·C + E·D·Hd·C + 4·E·Hd·C multiply-adds; memory O((N + E)·Hd·C), as the score of every pair needs all its features: this layer is for graphs, on
/// the clique expansion of large hyperedges it is expensive.
#[derive(Module, Debug)]
pub struct GatV2<B: Backend> {
    /// W_s `[F, Hd·C]`, heads side by side.
    pub source: Param<Tensor<B, 2>>,
    /// W_t `[F, Hd·C]`
    pub target: Param<Tensor<B, 2>>,
    /// W_e `[D, Hd·C]`, where pairs have features.
    pub pair: Option<Param<Tensor<B, 2>>>,
    /// a `[Hd, C]`
    pub att: Param<Tensor<B, 2>>,
    /// b `[Hd·C]`, or `[C]` when the heads are averaged.
    pub bias: Option<Param<Tensor<B, 1>>>,
    /// Whether the heads stand side by side or are averaged.
    pub concat: bool,
    /// Slope of the leaky ReLU below 0.
    pub slope: f64,
}

impl<B: HyperBackend> GatV2<B> {
    /// Applies the layer.
    ///
    /// # Shapes
    /// x `[N, F]`, features of the given pairs `[given, D]` or none -> `[N, Hd·C]` or `[N, C]`, in the type of `precision`
    ///
    /// # Errors
    /// When x is not F wide or does not fit the graph, or pairs have features and the layer has no W_e, or the other way round.
    pub fn forward(
        &self,
        x: &NodeFeatures<B>,
        graph: &PairGraph<B>,
        pair_features: Option<Tensor<B, 2>>,
        precision: Precision,
    ) -> Result<Tensor<B, 2>> {
        if x.rows() != graph.nodes() {
            return Err(ModelError::shape("node features", &[x.rows(), x.width()], &[graph.nodes(), x.width()]));
        }
        let [heads, head_width] = self.att.dims();
        let sources = x.times(precision.cast(self.source.val()))?; // [N, Hd*C]
        let targets = x.times(precision.cast(self.target.val()))?; // [N, Hd*C]
        let pairs = self.pairs(graph, pair_features, precision)?; // [E, Hd*C]
        let width = if self.concat { heads * head_width } else { head_width };
        let y = if graph.pairs() == 0 {
            Tensor::zeros([graph.nodes(), width], (&sources.device(), precision.dtype()))
        } else {
            let sent = gather(sources, &graph.sources)?; // [E, Hd*C]
            let sum = sent.clone() + gather(targets, &graph.targets)?; // [E, Hd*C]
            let sum = pairs.map_or(sum.clone(), |pairs| sum + pairs);
            let scores = leaky_relu(sum, self.slope).matmul(self.blocks(precision)); // [E, Hd]
            let shares = segment_softmax(scores, &graph.segments, Direction::ToRows)?; // [E, Hd]
            self.combine(sent, shares, graph)? // [N, Hd*C] or [N, C]
        };
        Ok(match &self.bias {
            Some(bias) if graph.nodes() > 0 => y + precision.cast(bias.val()).unsqueeze(),
            _ => y,
        })
    }

    /// e W_e `[E, Hd·C]`, where there are features of pairs.
    fn pairs(&self, graph: &PairGraph<B>, features: Option<Tensor<B, 2>>, precision: Precision) -> Result<Option<Tensor<B, 2>>> {
        let (weight, features) = match (&self.pair, features) {
            (None, None) => return Ok(None),
            (Some(weight), Some(features)) => (weight, features),
            (Some(weight), None) => return Err(ModelError::option("features of pairs", "none", format!("{} for each", weight.dims()[0]))),
            (None, Some(features)) => {
                return Err(ModelError::option("features of pairs", features.dims()[1], "none, as GatV2Config::pair_features is 0"));
            }
        };
        let ([rows, width], expected) = (features.dims(), weight.dims()[0]);
        if width != expected {
            return Err(ModelError::shape("features of pairs", &[rows, width], &[graph.given(), expected]));
        }
        let arranged = graph.arrange(precision.cast(features))?; // [E, D]
        Ok((graph.pairs() > 0).then(|| arranged.matmul(precision.cast(weight.val()))))
    }

    /// The sums of both forms of output, without bias.
    fn combine(&self, sent: Tensor<B, 2>, shares: Tensor<B, 2>, graph: &PairGraph<B>) -> Result<Tensor<B, 2>> {
        let [heads, head_width] = self.att.dims();
        let head = |h: usize| {
            let share = shares.clone().narrow(1, h, 1).reshape([graph.pairs()]); // [E]
            let sent = if heads == 1 { sent.clone() } else { sent.clone().narrow(1, h * head_width, head_width) }; // [E, C]
            aggregate(sent, &graph.segments, Direction::ToRows, Reduce::Sum, Some(share)) // [N, C]
        };
        let mut sums = (0..heads).map(head).collect::<Result<Vec<_>, _>>()?;
        if self.concat {
            return Ok(if sums.len() == 1 { sums.remove(0) } else { Tensor::cat(sums, 1) });
        }
        let sum = sums.into_iter().reduce(|a, b| a + b);
        Ok(sum.expect("there is a head; none is a bug").div_scalar(heads as f64))
    }

    /// a as a block-diagonal matrix `[Hd·C, Hd]`, so that the scores of all heads are one product.
    fn blocks(&self, precision: Precision) -> Tensor<B, 2> {
        let [heads, head_width] = self.att.dims();
        let att = precision.cast(self.att.val()).reshape([heads, head_width, 1]);
        let own_head = precision.cast(Tensor::eye(heads, &att.device())).reshape([heads, 1, heads]);
        (att * own_head).reshape([heads * head_width, heads])
    }
}
