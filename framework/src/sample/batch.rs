//! A part of a hypergraph for one step of a training, and how it is put together.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::{Duplicates, Error, Hypergraph, Result};

/// A sub-hypergraph with ids of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The sub-hypergraph; it has the weights of the whole.
    pub hypergraph: Hypergraph,
    /// For each node its id in the whole; the seeds come first, in their order.
    pub nodes: Vec<u32>,
    /// For each hyperedge its id in the whole.
    pub hyperedges: Vec<u32>,
    /// How many of the nodes are seeds.
    pub seeds: usize,
    /// For each node its degree in the whole, Σ_e w_e h_ve: what the sub-hypergraph no longer tells.
    pub degrees: Vec<f64>,
}

/// The hypergraph that batches are cut from, with what a cut cannot find in time proportional to itself. A clone shares it.
#[derive(Debug, Clone)]
pub(super) struct Whole {
    pub(super) hypergraph: Hypergraph,
    /// Where there are weights.
    degrees: Option<Arc<[f64]>>,
    by_hyperedge: Option<Arc<[f64]>>,
}

impl Whole {
    pub(super) fn new(hypergraph: Hypergraph) -> Self {
        let h = &hypergraph;
        let weighted = h.incidence_weights().is_some() || h.hyperedge_weights().is_some();
        let degree = |v: usize| {
            let first = h.node_major().ptr()[v] as usize;
            let term = |(k, e): (usize, &u32)| {
                h.incidence_weights().map_or(1.0, |w| w[first + k]) * h.hyperedge_weights().map_or(1.0, |w| w[*e as usize])
            };
            h.node_major().row(v).iter().enumerate().map(term).sum::<f64>()
        };
        let degrees = weighted.then(|| (0..h.nodes()).map(degree).collect());
        let by_hyperedge = h.incidence_weights_edge_major().map(Arc::from);
        Self { degrees, by_hyperedge, hypergraph }
    }

    fn degree(&self, node: u32) -> f64 {
        self.degrees.as_ref().map_or_else(|| self.hypergraph.node_major().degree(node as usize) as f64, |d| d[node as usize])
    }

    /// The hyperedge at place `k` of a node's row, and the weight of the incidence.
    pub(super) fn hyperedge(&self, node: u32, k: usize) -> (u32, f64) {
        let rows = self.hypergraph.node_major();
        let at = rows.ptr()[node as usize] as usize + k;
        (rows.col()[at], self.hypergraph.incidence_weights().map_or(1.0, |w| w[at]))
    }

    /// The member at place `k` of a hyperedge's row, and the weight of the incidence.
    pub(super) fn member(&self, hyperedge: u32, k: usize) -> (u32, f64) {
        let rows = self.hypergraph.edge_major();
        let at = rows.ptr()[hyperedge as usize] as usize + k;
        (rows.col()[at], self.by_hyperedge.as_ref().map_or(1.0, |w| w[at]))
    }
}

/// Gives ids of their own to what is met; nothing in it is as long as the whole.
pub(super) struct Cut<'a> {
    whole: &'a Whole,
    local_node: HashMap<u32, u32>,
    local_hyperedge: HashMap<u32, u32>,
    pub(super) nodes: Vec<u32>,
    hyperedges: Vec<u32>,
    pairs: Vec<(u32, u32)>,
    weights: Vec<f64>,
    seeds: usize,
}

impl<'a> Cut<'a> {
    /// With the seeds as its first nodes.
    ///
    /// # Errors
    /// When a seed is out of range or there twice.
    pub(super) fn new(whole: &'a Whole, seeds: &[u32]) -> Result<Self> {
        let (nodes, hyperedges, pairs, weights) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (local_node, local_hyperedge) = (HashMap::with_capacity(seeds.len()), HashMap::new());
        let mut cut = Self { whole, local_node, local_hyperedge, nodes, hyperedges, pairs, weights, seeds: seeds.len() };
        let count = whole.hypergraph.nodes();
        for (i, &seed) in seeds.iter().enumerate() {
            if seed as usize >= count {
                return Err(Error::invalid(format!("seed {i} of a batch"), format!("a node below {count}"), seed.to_string()));
            }
            if cut.node(seed) as usize != i {
                return Err(Error::invalid(format!("seed {i} of a batch"), "every node once", format!("node {seed} again")));
            }
        }
        Ok(cut)
    }

    /// The node's id in the cut.
    pub(super) fn node(&mut self, node: u32) -> u32 {
        *self.local_node.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            self.nodes.len() as u32 - 1
        })
    }

    /// The hyperedge's id in the cut, and whether it is new there.
    pub(super) fn hyperedge(&mut self, hyperedge: u32) -> (u32, bool) {
        let before = self.hyperedges.len();
        let id = *self.local_hyperedge.entry(hyperedge).or_insert_with(|| {
            self.hyperedges.push(hyperedge);
            before as u32
        });
        (id, self.hyperedges.len() > before)
    }

    /// Adds an incidence by ids of the cut; one that is there already does no harm.
    pub(super) fn incidence(&mut self, node: u32, hyperedge: u32, weight: f64) {
        self.pairs.push((node, hyperedge));
        if self.whole.hypergraph.incidence_weights().is_some() {
            self.weights.push(weight);
        }
    }

    pub(super) fn finish(self) -> Result<Batch> {
        let Self { whole, nodes, hyperedges, pairs, weights, seeds, .. } = self;
        let mut hypergraph = match whole.hypergraph.incidence_weights() {
            None => Hypergraph::from_pairs(nodes.len(), hyperedges.len(), &pairs, Duplicates::Merge)?,
            Some(_) => Hypergraph::from_weighted_pairs(nodes.len(), hyperedges.len(), &pairs, &weights, Duplicates::Merge)?,
        };
        if let Some(w) = whole.hypergraph.hyperedge_weights() {
            hypergraph = hypergraph.with_hyperedge_weights(hyperedges.iter().map(|e| w[*e as usize]).collect())?;
        }
        let degrees = nodes.iter().map(|v| whole.degree(*v)).collect();
        Ok(Batch { hypergraph, nodes, hyperedges, seeds, degrees })
    }
}
