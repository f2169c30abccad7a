//! The summary that `info` prints.

use std::collections::HashSet;

use serde::Serialize;

use super::{hyperedge_sizes, node_degrees};
use crate::{Hypergraph, components};

/// Counts, degrees, sizes, peculiarities and memory of a hypergraph.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// N.
    pub nodes: usize,
    /// M.
    pub hyperedges: usize,
    /// Z.
    pub incidences: usize,
    /// Fewest hyperedges of a node.
    pub min_degree: usize,
    /// Mean number of hyperedges of a node.
    pub mean_degree: f64,
    /// Most hyperedges of a node.
    pub max_degree: usize,
    /// Fewest members of a hyperedge.
    pub min_size: usize,
    /// Mean number of members of a hyperedge.
    pub mean_size: f64,
    /// Most members of a hyperedge.
    pub max_size: usize,
    /// Nodes in no hyperedge.
    pub isolated_nodes: usize,
    /// Hyperedges with one member.
    pub singletons: usize,
    /// Hyperedges with the same members as an earlier one.
    pub duplicate_hyperedges: usize,
    /// Connected components; an isolated node is one.
    pub components: usize,
    /// Whether incidences carry weights.
    pub incidence_weights: bool,
    /// Whether hyperedges carry weights.
    pub hyperedge_weights: bool,
    /// Bytes of both orders and the weights.
    pub bytes: usize,
}

impl Summary {
    /// Computes the summary in O(N + M + Z).
    pub fn of(h: &Hypergraph) -> Self {
        let (degrees, sizes) = (node_degrees(h), hyperedge_sizes(h));
        let distinct: HashSet<&[u32]> = h.edge_major().iter_rows().collect();
        Self {
            nodes: h.nodes(),
            hyperedges: h.hyperedges(),
            incidences: h.incidences(),
            min_degree: degrees.min,
            mean_degree: degrees.mean,
            max_degree: degrees.max,
            min_size: sizes.min,
            mean_size: sizes.mean,
            max_size: sizes.max,
            isolated_nodes: degrees.histogram[0],
            singletons: sizes.histogram.get(1).copied().unwrap_or(0),
            duplicate_hyperedges: h.hyperedges() - distinct.len(),
            components: components::connected(h).count,
            incidence_weights: h.incidence_weights().is_some(),
            hyperedge_weights: h.hyperedge_weights().is_some(),
            bytes: h.bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Duplicates;

    #[test]
    fn summary_counts_peculiarities() {
        let members: [&[u32]; 5] = [&[0, 1], &[1, 0], &[3], &[5, 6, 3], &[1, 0]];
        let s = Summary::of(&Hypergraph::from_members(8, members, Duplicates::Error).unwrap());
        assert_eq!((s.nodes, s.hyperedges, s.incidences), (8, 5, 10));
        assert_eq!((s.isolated_nodes, s.singletons, s.duplicate_hyperedges, s.components), (3, 1, 2, 5));
        assert_eq!((s.min_degree, s.max_degree, s.min_size, s.max_size), (0, 3, 1, 3));
        assert_eq!(s.bytes, 4 * (9 + 10 + 6 + 10));
    }
}
