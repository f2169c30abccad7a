//! Clique expansion: a pairwise graph of the nodes that share hyperedges.

use crate::hypergraph::build::{check_size, from_groups};
use crate::{Duplicates, Hypergraph, Result};

use super::dual;

/// A two-member hyperedge for every pair of nodes that share one, weighted by the sum of the weights of those shared.
///
/// `w(u, v) = Σ_{e ∋ u, v} w(e)`; incidence weights do not count. Pairs are sorted. Time O(Σ |e|²).
///
/// # Errors
/// When the pairs pass what 32-bit ids can count.
pub fn clique(h: &Hypergraph) -> Result<Hypergraph> {
    let mut shared = vec![0.0; h.nodes()];
    let mut seen = vec![false; h.nodes()];
    let (mut member, mut weight, mut row) = (Vec::new(), Vec::new(), Vec::new());
    for u in 0..h.nodes() as u32 {
        for &e in h.node_major().row(u as usize) {
            let w = h.hyperedge_weights().map_or(1.0, |w| w[e as usize]);
            let members = h.edge_major().row(e as usize);
            for &v in &members[members.partition_point(|v| *v <= u)..] {
                if !std::mem::replace(&mut seen[v as usize], true) {
                    row.push(v);
                }
                shared[v as usize] += w;
            }
        }
        row.sort_unstable();
        for v in row.drain(..) {
            member.extend([u, v]);
            weight.push(std::mem::take(&mut shared[v as usize]));
            seen[v as usize] = false;
        }
        check_size("incidences of the clique expansion", member.len())?;
    }
    let ptr: Vec<u32> = (0..=member.len() as u32).step_by(2).collect();
    from_groups(h.nodes(), &ptr, &member, None, Duplicates::Error)?.with_hyperedge_weights(weight)
}

/// The number of pairs of [`clique`], without making them. Time O(Σ |e|²), memory O(N).
pub fn clique_pairs(h: &Hypergraph) -> u64 {
    let mut seen = vec![u32::MAX; h.nodes()];
    let mut count = 0;
    for u in 0..h.nodes() as u32 {
        for &e in h.node_major().row(u as usize) {
            let members = h.edge_major().row(e as usize);
            for &v in &members[members.partition_point(|v| *v <= u)..] {
                count += u64::from(std::mem::replace(&mut seen[v as usize], u) != u);
            }
        }
    }
    count
}

/// The line graph: a node per hyperedge, a pair for every two that share nodes, weighted by how many they share.
///
/// # Errors
/// As [`clique`].
pub fn line(h: &Hypergraph) -> Result<Hypergraph> {
    clique(&dual(h))
}
