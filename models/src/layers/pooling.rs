//! Pooling of the nodes of whole hypergraphs, over a batch of them.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::tanh;
use burn::tensor::backend::Backend;
use hypergraphql_framework::{Duplicates, Hypergraph};
use hypergraphql_ops::{Direction, HyperBackend, Incidence, Reduce, aggregate, segment_softmax};

use super::weights::WeightStream;
use super::{Linear, Masks, Pma};
use crate::error::{ModelError, Result};
use crate::input::NodeFeatures;
use crate::precision::Precision;

/// Which hypergraph of a batch each node is of: G hypergraphs with N nodes in all, in any order. A hypergraph may have no nodes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Batch<B: HyperBackend> {
    /// `[N, G]`, one incidence for each node.
    incidence: Incidence<B>,
}

impl<B: HyperBackend> Batch<B> {
    /// Uploads the number of the hypergraph of every node.
    ///
    /// # Errors
    /// A number that is not below `graphs`, or sizes that 32-bit indices or the device cannot hold.
    pub fn new(graph_of: &[u32], graphs: usize, device: &B::Device) -> Result<Self> {
        if let Some(graph) = graph_of.iter().find(|g| **g as usize >= graphs) {
            return Err(ModelError::option("hypergraph of a node", graph, format!("a number below {graphs}")));
        }
        let pairs: Vec<(u32, u32)> = (0..).zip(graph_of.iter().copied()).collect();
        let h = Hypergraph::from_pairs(graph_of.len(), graphs, &pairs, Duplicates::Error)?;
        Ok(Self { incidence: Incidence::new(&h, device)? })
    }

    /// N, the number of nodes.
    pub fn nodes(&self) -> usize {
        self.incidence.nodes()
    }

    /// G, the number of hypergraphs.
    pub fn graphs(&self) -> usize {
        self.incidence.hyperedges()
    }

    /// One incidence for each node, in their order.
    pub(crate) fn incidence(&self) -> &Incidence<B> {
        &self.incidence
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> Batch<Autodiff<B, C>> {
    /// The same for tensors without autodiff; nothing is copied.
    pub fn inner(&self) -> Batch<B> {
        Batch { incidence: self.incidence.inner() }
    }
}

/// The mean of the nodes of each hypergraph; 0 where there are none. Costs N·F additions.
///
/// # Shapes
/// x `[N, F]` -> `[G, F]`
///
/// # Errors
/// When x has not as many rows as nodes.
pub fn mean_pool<B: HyperBackend>(x: Tensor<B, 2>, batch: &Batch<B>) -> Result<Tensor<B, 2>> {
    Ok(aggregate(x, &batch.incidence, Direction::ToCols, Reduce::Mean, None)?) // [G, F]
}

/// The largest value of each feature among the nodes of each hypergraph; 0 where there are none. Its gradient goes to the first node that attains it. Costs N·F
/// comparisons.
///
/// # Shapes
/// x `[N, F]` -> `[G, F]`
///
/// # Errors
/// When x has not as many rows as nodes.
pub fn max_pool<B: HyperBackend>(x: Tensor<B, 2>, batch: &Batch<B>) -> Result<Tensor<B, 2>> {
    Ok(aggregate(x, &batch.incidence, Direction::ToCols, Reduce::Max, None)?) // [G, F]
}

/// Pools by the attention of one learned seed ([`Pma`], Lee et al. 2019): a hypergraph without nodes gives what the seed alone gives.
///
/// # Shapes
/// x `[N, F]` -> `[G, Hd·C]`, in the type of `precision`
///
/// # Errors
/// When x is not F wide or has not as many rows as nodes.
pub fn set_pool<B: HyperBackend>(
    pma: &Pma<B>,
    x: &NodeFeatures<B>,
    batch: &Batch<B>,
    precision: Precision,
    masks: &Masks,
) -> Result<Tensor<B, 2>> {
    pma.over(x, &batch.incidence, Direction::ToCols, precision, masks) // [G, Hd*C]
}

/// Sizes of [`AttentionPool`].
#[derive(Config, Debug, PartialEq)]
pub struct AttentionPoolConfig {
    /// F, features of a node.
    pub features: usize,
    /// O, outputs of a hypergraph.
    pub outputs: usize,
}

impl AttentionPoolConfig {
    /// A pool with weights from the stream.
    ///
    /// # Errors
    /// When a size is 0 or a weight exceeds 2³¹ elements.
    pub fn init<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<AttentionPool<B>> {
        Ok(AttentionPool {
            gate: Linear::new(self.features, 1, device, weights)?,
            value: Linear::new(self.features, self.outputs, device, weights)?,
        })
    }
}

/// Gated attention of Li et al. 2016 (arXiv:1511.05493, equation 7), with a softmax over the nodes of a hypergraph in place of sigmoids, so that the size of a
/// hypergraph does not matter:
///
/// ```text
/// y_g = Σ_{v of g} softmax_v( x_v w + c ) tanh( x_v W + b )        0 where there are no nodes
/// ```
///
/// Costs N·F·(O + 1) + N·O multiply-adds; memory O(N·O). c shifts all scores alike and learns nothing.
#[derive(Module, Debug)]
pub struct AttentionPool<B: Backend> {
    /// w `[F, 1]` and c
    pub gate: Linear<B>,
    /// W `[F, O]` and b
    pub value: Linear<B>,
}

impl<B: HyperBackend> AttentionPool<B> {
    /// Pools the nodes of each hypergraph.
    ///
    /// # Shapes
    /// x `[N, F]` -> `[G, O]`, in the type of `precision`
    ///
    /// # Errors
    /// When x is not F wide or has not as many rows as nodes.
    pub fn forward(&self, x: &NodeFeatures<B>, batch: &Batch<B>, precision: Precision) -> Result<Tensor<B, 2>> {
        if x.rows() != batch.nodes() {
            return Err(ModelError::shape("node features", &[x.rows(), x.width()], &[batch.nodes(), x.width()]));
        }
        let scores = self.gate.forward(x, precision)?; // [N, 1]
        let values = self.value.forward(x, precision)?; // [N, O]
        if batch.nodes() == 0 {
            return Ok(Tensor::zeros([batch.graphs(), values.dims()[1]], (&values.device(), precision.dtype())));
        }
        // A node has one incidence, so these are in the order of nodes.
        let shares = segment_softmax(scores, &batch.incidence, Direction::ToCols)?.reshape([batch.nodes()]); // [N]
        Ok(aggregate(tanh(values), &batch.incidence, Direction::ToCols, Reduce::Sum, Some(shares))?) // [G, O]
    }
}
