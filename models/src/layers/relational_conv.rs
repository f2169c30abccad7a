//! Relational convolution over typed and directed hyperedges, after R-GCN (Schlichtkrull et al. 2018).

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor};
use hypergraphql_ops::{Direction, HyperBackend, Reduce, Scatter, aggregate, gather, relation_linear, scatter_add};

use super::weights::{WeightStream, zeros};
use crate::error::{ModelError, Result};
use crate::input::NodeFeatures;
use crate::precision::Precision;
use crate::typed::{Slots, TypedHyperedges};

/// Sizes and options of [`RelationalConv`].
#[derive(Config, Debug, PartialEq)]
pub struct RelationalConvConfig {
    /// F, features of a node.
    pub features: usize,
    /// O, outputs of a node.
    pub outputs: usize,
    /// K, kinds of incidences.
    #[config(default = 1)]
    pub kinds: usize,
    /// B, matrices that the weights of all kinds are sums of; 0, or not fewer than kinds: every kind has a weight of its own.
    #[config(default = 0)]
    pub bases: usize,
    /// Whether a node also keeps what it has, through a weight of its own.
    #[config(default = true)]
    pub root: bool,
    /// Whether there is a bias.
    #[config(default = true)]
    pub bias: bool,
}

impl RelationalConvConfig {
    /// B where the weights are sums of bases.
    pub(crate) fn bases(&self) -> Option<usize> {
        (self.bases > 0 && self.bases < self.kinds).then_some(self.bases)
    }

    /// A layer with Glorot weights from the stream, gates of ones and a bias of zeros.
    ///
    /// # Errors
    /// When a size is 0 or a weight exceeds 2³¹ elements.
    pub fn init<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<RelationalConv<B>> {
        let (features, outputs, kinds) = (self.features, self.outputs, self.kinds);
        // Glorot's bound of one matrix, not of all together.
        let bound = (6.0 / (features as f64 + outputs as f64)).sqrt();
        let matrices = self.bases().unwrap_or(kinds);
        Ok(RelationalConv {
            weight: weights.uniform([matrices, features, outputs], bound, device)?,
            shares: self.bases().map(|bases| weights.glorot([kinds, bases], device)).transpose()?,
            gates: (kinds > 1).then(|| Param::from_tensor(Tensor::ones([kinds, outputs], (device, DType::F32)))),
            root: self.root.then(|| weights.glorot([features, outputs], device)).transpose()?,
            bias: self.bias.then(|| zeros(outputs, device)),
        })
    }
}

/// A convolution over hyperedges that have types and directions. Every incidence has a kind k, the type of the hyperedge with the role that the node plays in it,
/// and may only send (a tail), only receive (a head) or do both:
///
/// ```text
/// z_e = 1/|S_e| Σ_{u in S_e} x_u W_k(u,e)                              S_e: what sends to e
/// y_v = x_v W_0 + 1/|R_v| Σ_{e in R_v} g_k(v,e) ⊙ z_e + b              R_v: what v receives from
/// W_k = Σ_b c_kb V_b   with bases, else a matrix of its own
/// ```
///
/// It is R-GCN (Schlichtkrull et al. 2018, arXiv:1703.06103, equations 2 and 3) on the two steps of a hypergraph: a relation of R-GCN is a kind of sender, and a
/// receiver reads what a hyperedge says through a gate g of its own kind, a vector, where R-GCN has two nodes to a relation and needs none. The means run over
/// all kinds together. With one kind, no gates and no root it is the mean convolution of HGNN+ ([`HgnnPlus`](super::HgnnPlus)) with weights of 1. Weights of
/// hyperedges and incidences are not read.
///
/// Costs Z·F for the means, S·F·O (S ≤ Z slots, pairs of a hyperedge and a kind that sends to it; the op `relation_linear`), N·F·O with a root and Z·O; with one
/// kind N·F·O and 2·Z·O. Memory O(K·F·O + S·(F + O) + N·O). Sparse features of several kinds are made dense, at N·F.
#[derive(Module, Debug)]
pub struct RelationalConv<B: Backend> {
    /// W `[K, F, O]`, or V `[B, F, O]`.
    pub weight: Param<Tensor<B, 3>>,
    /// c `[K, B]`, where weights are sums of bases.
    pub shares: Option<Param<Tensor<B, 2>>>,
    /// g `[K, O]`, where there is more than one kind.
    pub gates: Option<Param<Tensor<B, 2>>>,
    /// W_0 `[F, O]`
    pub root: Option<Param<Tensor<B, 2>>>,
    /// b `[O]`
    pub bias: Option<Param<Tensor<B, 1>>>,
}

impl<B: HyperBackend> RelationalConv<B> {
    /// Applies the layer.
    ///
    /// # Shapes
    /// x `[N, F]` -> `[N, O]`, in the type of `precision`
    ///
    /// # Errors
    /// When x is not F wide or does not fit the nodes, or the layer was made for another number of kinds.
    pub fn forward(&self, x: &NodeFeatures<B>, typed: &TypedHyperedges<B>, precision: Precision) -> Result<Tensor<B, 2>> {
        let [matrices, features, outputs] = self.weight.dims();
        x.check_width(features)?;
        if x.rows() != typed.nodes {
            return Err(ModelError::shape("node features", &[x.rows(), features], &[typed.nodes, features]));
        }
        let kinds = self.shares.as_ref().map_or(matrices, |shares| shares.dims()[0]);
        if kinds != typed.kinds {
            return Err(ModelError::option("kinds of incidences", typed.kinds, format!("{kinds}, as the layer was made for")));
        }
        let z = match &typed.slots {
            None => {
                let weight = precision.cast(self.weight.val()).reshape([features, outputs]);
                aggregate(x.times(weight)?, &typed.send, Direction::ToCols, Reduce::Sum, None)? // [M, O]
            }
            Some(slots) => self.sent(x, typed, slots, precision)?, // [M, O]
        };
        let mut y = aggregate(z, &typed.receive, Direction::ToRows, Reduce::Sum, None)?; // [N, O], or [S', O]
        if let (Some(slots), Some(gates)) = (&typed.slots, &self.gates) {
            let gates = gather(precision.cast(gates.val()), &slots.receive_kinds)?; // [S', O]
            y = scatter_add(y * gates, &slots.receive_by, Scatter::Deterministic)?; // [N, O]
        }
        if let Some(root) = &self.root {
            y = y + x.times(precision.cast(root.val()))?;
        }
        Ok(match &self.bias {
            Some(bias) if typed.nodes > 0 => y + precision.cast(bias.val()).unsqueeze(),
            _ => y,
        })
    }

    /// z `[M, O]` of several kinds: the means of each slot's senders first, as slots are fewer than pairs of a node and a kind.
    fn sent(&self, x: &NodeFeatures<B>, typed: &TypedHyperedges<B>, slots: &Slots<B>, precision: Precision) -> Result<Tensor<B, 2>> {
        let [matrices, features, outputs] = self.weight.dims();
        let weight = precision.cast(self.weight.val()); // [K or B, F, O]
        let weight = match &self.shares {
            None => weight,
            Some(shares) => {
                let flat = weight.reshape([matrices, features * outputs]);
                precision.cast(shares.val()).matmul(flat).reshape([typed.kinds, features, outputs]) // [K, F, O]
            }
        };
        let x = match x {
            NodeFeatures::Dense(x) => precision.cast(x.clone()),
            sparse => sparse.times(precision.cast(Tensor::eye(features, &weight.device())))?,
        }; // [N, F]
        let means = aggregate(x, &typed.send, Direction::ToCols, Reduce::Sum, None)?; // [S, F]
        let sent = relation_linear(means, weight, &slots.send_kinds)?; // [S, O]
        Ok(scatter_add(sent, &slots.send_to, Scatter::Deterministic)?) // [M, O]
    }
}
