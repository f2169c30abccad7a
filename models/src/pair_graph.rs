//! A directed graph of pairs on a device, and the one that a hypergraph expands to.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::tensor::{Tensor, TensorData};
use hypergraphql_framework::{Duplicates, Hypergraph, expand};
use hypergraphql_ops::{Direction, HyperBackend, Incidence, Index, Reduce, aggregate, gather};

use crate::error::{ModelError, Result};

/// E pairs (source, target) of N nodes, on a device in the order of their targets; uploaded once, cheap to clone. A pair may be there several times.
#[derive(Debug, Clone)]
pub struct PairGraph<B: HyperBackend> {
    nodes: usize,
    /// Pairs as they were given, without the loops that were added.
    given: usize,
    /// `[E]` over N, in the order of targets.
    pub(crate) sources: Index<B>,
    /// `[E]` over N, ascending.
    pub(crate) targets: Index<B>,
    /// `[N, E]`: the pairs of each target.
    pub(crate) segments: Incidence<B>,
    /// `[E]` over the given pairs, then a row per node for its loop.
    order: Index<B>,
    /// `[N, given]`, where loops were added.
    averaged: Option<Incidence<B>>,
}

/// Whether a node attends to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Loops {
    /// Every node that has no pair (v, v) gets one, whose features are the mean of those of the pairs that lead to v (0 where none does), as in PyTorch
    /// Geometric.
    #[default]
    Add,
    /// The pairs stay as they are.
    Keep,
}

impl<B: HyperBackend> PairGraph<B> {
    /// Uploads (source, target) pairs of `nodes` nodes. O(E + N).
    ///
    /// # Errors
    /// A node that is not below `nodes`, or sizes that 32-bit indices or the device cannot hold.
    pub fn new(pairs: &[(u32, u32)], nodes: usize, loops: Loops, device: &B::Device) -> Result<Self> {
        if let Some((source, target)) = pairs.iter().find(|(s, t)| (*s).max(*t) as usize >= nodes) {
            return Err(ModelError::option("node of a pair", source.max(target), format!("an id below {nodes}")));
        }
        let added: Vec<u32> = if loops == Loops::Add { without_loop(pairs, nodes) } else { Vec::new() };
        let all = pairs.len() + added.len();
        if u32::try_from(pairs.len().saturating_add(nodes)).is_err() {
            return Err(ModelError::option("pairs and nodes together", pairs.len().saturating_add(nodes), format!("at most {}", u32::MAX)));
        }
        let ends = |i: usize| match pairs.get(i) {
            Some(pair) => *pair,
            None => (added[i - pairs.len()], added[i - pairs.len()]),
        };
        let mut order: Vec<u32> = (0..all as u32).collect();
        order.sort_by_key(|i| ends(*i as usize).1);
        let (sources, targets): (Vec<u32>, Vec<u32>) = order.iter().map(|i| ends(*i as usize)).unzip();
        let rows: Vec<(u32, u32)> = targets.iter().copied().zip(0..).collect();
        let segments = Hypergraph::from_pairs(nodes, all, &rows, Duplicates::Error)?;
        let row_of = |i: u32| added.get((i as usize).wrapping_sub(pairs.len())).map_or(i, |v| pairs.len() as u32 + v);
        let order: Vec<u32> = order.into_iter().map(row_of).collect();
        let rows = pairs.len() + if loops == Loops::Add { nodes } else { 0 };
        let averaged = (loops == Loops::Add).then(|| {
            let given: Vec<(u32, u32)> = pairs.iter().map(|pair| pair.1).zip(0..).collect();
            Ok::<_, ModelError>(Incidence::new(&Hypergraph::from_pairs(nodes, pairs.len(), &given, Duplicates::Error)?, device)?)
        });
        Ok(Self {
            nodes,
            given: pairs.len(),
            sources: Index::new(&sources, nodes, device)?,
            targets: Index::new(&targets, nodes, device)?,
            segments: Incidence::new(&segments, device)?,
            order: Index::new(&order, rows, device)?,
            averaged: averaged.transpose()?,
        })
    }

    /// N, the number of nodes.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// E, the number of pairs, with the loops that were added.
    pub fn pairs(&self) -> usize {
        self.sources.len()
    }

    /// How many pairs were given.
    pub fn given(&self) -> usize {
        self.given
    }

    /// Features of the given pairs, in their order, as those of all pairs in the order of targets.
    ///
    /// # Shapes
    /// `[given, D]` -> `[E, D]`
    ///
    /// # Errors
    /// When there are not as many rows as given pairs.
    pub(crate) fn arrange(&self, features: Tensor<B, 2>) -> Result<Tensor<B, 2>> {
        let [rows, width] = features.dims();
        if rows != self.given {
            return Err(ModelError::shape("features of pairs", &[rows, width], &[self.given, width]));
        }
        let Some(averaged) = &self.averaged else { return Ok(gather(features, &self.order)?) };
        let loops = aggregate(features.clone(), averaged, Direction::ToRows, Reduce::Mean, None)?; // [N, D]
        let rows = if self.given == 0 { loops } else { Tensor::cat(vec![features, loops], 0) };
        Ok(gather(rows, &self.order)?) // [E, D]
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> PairGraph<Autodiff<B, C>> {
    /// The same graph for tensors without autodiff; nothing is copied.
    pub fn inner(&self) -> PairGraph<B> {
        PairGraph {
            nodes: self.nodes,
            given: self.given,
            sources: self.sources.inner(),
            targets: self.targets.inner(),
            segments: self.segments.inner(),
            order: self.order.inner(),
            averaged: self.averaged.as_ref().map(Incidence::inner),
        }
    }
}

fn without_loop(pairs: &[(u32, u32)], nodes: usize) -> Vec<u32> {
    let mut missing = vec![true; nodes];
    pairs.iter().filter(|(s, t)| s == t).for_each(|(v, _)| missing[*v as usize] = false);
    (0..nodes as u32).filter(|v| missing[*v as usize]).collect()
}

/// A graph of pairs with a row of features for each pair.
#[derive(Debug, Clone)]
pub struct FeaturedPairs<B: HyperBackend> {
    /// The pairs.
    pub graph: PairGraph<B>,
    /// `[given, D]`, in the order in which the pairs were given.
    pub features: Tensor<B, 2>,
}

impl<B: HyperBackend> FeaturedPairs<B> {
    /// The clique expansion: both directions of every pair of nodes that share a hyperedge, and loops. A pair's one feature is ln(1 + w), w the summed weight of
    /// the hyperedges shared ([`expand::clique`]). O(Σ |e|²).
    ///
    /// # Errors
    /// When the pairs pass what 32-bit ids can count or the device can hold.
    pub fn clique(h: &Hypergraph, device: &B::Device) -> Result<Self> {
        let clique = expand::clique(h)?;
        let both = clique.edge_major().iter_rows().flat_map(|pair| [(pair[0], pair[1]), (pair[1], pair[0])]);
        let pairs: Vec<(u32, u32)> = both.collect();
        let weights = clique.hyperedge_weights().unwrap_or_default();
        let features: Vec<f32> = weights.iter().flat_map(|w| [w.ln_1p() as f32; 2]).collect();
        let features = Tensor::from_data(TensorData::new(features, [pairs.len(), 1]), device);
        Ok(Self { graph: PairGraph::new(&pairs, h.nodes(), Loops::Add, device)?, features })
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> FeaturedPairs<Autodiff<B, C>> {
    /// The same pairs without gradients; nothing is copied.
    pub fn inner(&self) -> FeaturedPairs<B> {
        FeaturedPairs { graph: self.graph.inner(), features: self.features.clone().inner() }
    }
}
