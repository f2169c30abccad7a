//! Singleton hyperedges, so that isolated nodes take part in message passing.

use crate::hypergraph::build::check_size;
use crate::{Duplicates, Hypergraph, Result};

/// Which nodes get a singleton hyperedge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SelfLoops {
    /// Every node that does not already own a singleton: the protocol of AllSet (Chien et al., 2022).
    #[default]
    SkipOwned,
    /// Every node.
    All,
}

/// Appends one singleton hyperedge per node, in node order, with weight 1.
///
/// # Errors
/// When the hyperedges or incidences then pass `u32::MAX`.
pub fn self_loops(h: &Hypergraph, which: SelfLoops) -> Result<Hypergraph> {
    let mut add = vec![true; h.nodes()];
    if which == SelfLoops::SkipOwned {
        for members in h.edge_major().iter_rows().filter(|m| m.len() == 1) {
            add[members[0] as usize] = false;
        }
    }
    let added: Vec<u32> = (0..h.nodes() as u32).filter(|n| add[*n as usize]).collect();
    let hyperedges = h.hyperedges() + added.len();
    check_size("hyperedges", hyperedges)?;
    let first = h.hyperedges() as u32;
    let mut pairs: Vec<(u32, u32)> = h.pairs().collect();
    pairs.extend(added.iter().zip(first..).map(|(n, e)| (*n, e)));
    let looped = match h.incidence_weights() {
        None => Hypergraph::from_pairs(h.nodes(), hyperedges, &pairs, Duplicates::Error)?,
        Some(weights) => {
            let mut weights = weights.to_vec();
            weights.resize(pairs.len(), 1.0);
            Hypergraph::from_weighted_pairs(h.nodes(), hyperedges, &pairs, &weights, Duplicates::Error)?
        }
    };
    match h.hyperedge_weights() {
        None => Ok(looped),
        Some(weights) => {
            let mut weights = weights.to_vec();
            weights.resize(hyperedges, 1.0);
            looped.with_hyperedge_weights(weights)
        }
    }
}
