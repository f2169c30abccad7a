//! Star expansion: the bipartite graph of nodes and hyperedges.

use crate::hypergraph::build::{check_size, from_groups};
use crate::{Duplicates, Hypergraph, Result};

/// A two-member hyperedge {u, N + e} for every incidence of node u in hyperedge e, in edge-major order.
///
/// It has N + M nodes and Z hyperedges; incidence weight times hyperedge weight becomes the weight of the pair.
///
/// # Errors
/// When N + M or 2 Z passes `u32::MAX`, or such a product is not a hyperedge weight (negative).
pub fn star(h: &Hypergraph) -> Result<Hypergraph> {
    let (nodes, z) = (h.nodes() + h.hyperedges(), h.incidences());
    check_size("nodes of the star expansion", nodes)?;
    check_size("incidences of the star expansion", 2 * z)?;
    let member: Vec<u32> = h.edge_major().entries().flat_map(|(e, u)| [u, h.nodes() as u32 + e]).collect();
    let ptr: Vec<u32> = (0..=2 * z as u32).step_by(2).collect();
    let star = from_groups(nodes, &ptr, &member, None, Duplicates::Error)?;
    if h.incidence_weights().is_none() && h.hyperedge_weights().is_none() {
        return Ok(star);
    }
    let incidence = h.incidence_weights_edge_major().unwrap_or_else(|| vec![1.0; z]);
    let edge = |e: u32| h.hyperedge_weights().map_or(1.0, |w| w[e as usize]);
    let weights = h.edge_major().entries().zip(incidence).map(|((e, _), w)| w * edge(e)).collect();
    star.with_hyperedge_weights(weights)
}
