//! Parts of the nodes for cluster batches.

use crate::hypergraph::build::check_size;
use crate::hypergraph::csr::{advance, starts};
use crate::{Error, Hypergraph, Result};

/// Passes of refinement.
const PASSES: usize = 4;
/// By how much a part may outgrow the mean: one in this many.
const SLACK: usize = 20;
/// Hyperedges with more members say little about where a node belongs, and cost much.
const LARGEST: usize = 1000;

/// The nodes in parts of nearly the same size, few hyperedges of which reach over several parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// The part of each node.
    of: Vec<u32>,
    /// Where the nodes of each part start in `nodes`.
    ptr: Vec<u32>,
    nodes: Vec<u32>,
}

impl Partition {
    /// Grows `parts` parts breadth first over the hyperedges, the smallest hyperedges of a node first (graph growing, Karypis and Kumar 1998,
    /// doi:10.1137/S1064827595287997), then moves nodes to the part that holds most of those they share hyperedges with, counted 1/(|e| − 1) in each hyperedge, in
    /// four passes of size-constrained label propagation (Ugander and Backstrom 2013, doi:10.1145/2433396.2433461). No part has more than 21/20 of the mean, rounded
    /// up. The growth costs O(Z log Z), a pass Σ λ_e |e| for hyperedges that reach λ_e parts. The same parts at every call.
    ///
    /// # Errors
    /// When there are no parts or more than nodes.
    pub fn grow(h: &Hypergraph, parts: usize) -> Result<Self> {
        if parts == 0 || parts > h.nodes().max(1) {
            return Err(Error::invalid("clusters", format!("1 to {} (the nodes)", h.nodes().max(1)), parts.to_string()));
        }
        let mut of = grown(h, parts);
        refine(h, parts, &mut of);
        Self::from_parts(of, parts)
    }

    /// From the part of each node.
    ///
    /// # Errors
    /// When a part is not below `parts`.
    pub fn from_parts(of: Vec<u32>, parts: usize) -> Result<Self> {
        check_size("nodes", of.len())?;
        if let Some(v) = of.iter().position(|p| *p as usize >= parts) {
            return Err(Error::invalid(format!("cluster of node {v}"), format!("a number below {parts}"), of[v].to_string()));
        }
        let ptr = starts(parts, of.iter().copied());
        let mut next = ptr.clone();
        let mut nodes = vec![0; of.len()];
        for (v, &part) in of.iter().enumerate() {
            nodes[advance(&mut next, part)] = v as u32;
        }
        Ok(Self { of, ptr, nodes })
    }

    /// How many parts there are.
    pub fn parts(&self) -> usize {
        self.ptr.len() - 1
    }

    /// The part of each node.
    pub fn of(&self) -> &[u32] {
        &self.of
    }

    /// The nodes of a part, ascending.
    pub fn nodes(&self, part: usize) -> &[u32] {
        &self.nodes[self.ptr[part] as usize..self.ptr[part + 1] as usize]
    }

    /// Σ_e (λ_e − 1) over the λ_e parts that a hyperedge reaches: 0 where every hyperedge lies in one part.
    pub fn connectivity(&self, h: &Hypergraph) -> u64 {
        let mut seen = vec![u32::MAX; self.parts()];
        let mut sum = 0;
        for (e, members) in h.edge_major().iter_rows().enumerate() {
            let reached =
                members.iter().filter(|v| std::mem::replace(&mut seen[self.of[**v as usize] as usize], e as u32) != e as u32).count();
            sum += reached.saturating_sub(1) as u64;
        }
        sum
    }
}

/// Breadth first, part after part; a hyperedge is scanned once, since those of its members that are taken stay so.
fn grown(h: &Hypergraph, parts: usize) -> Vec<u32> {
    const NONE: u32 = u32::MAX;
    let n = h.nodes();
    let mut of = vec![NONE; n];
    let mut scanned = vec![0; h.hyperedges()];
    let (mut taken, mut start, mut queue, mut row) = (0, 0, std::collections::VecDeque::new(), Vec::new());
    for part in 0..parts {
        let full = taken + (n - taken) / (parts - part);
        // The next part begins beside the last one.
        let mut waiting = std::mem::take(&mut queue);
        while taken < full {
            let Some(node) = queue.pop_front() else {
                let beside = std::iter::from_fn(|| waiting.pop_front()).find_map(|v: u32| free_beside(h, v, &of));
                let seed = beside.unwrap_or_else(|| {
                    while of[start] != NONE {
                        start += 1;
                    }
                    start as u32
                });
                of[seed as usize] = part as u32;
                taken += 1;
                queue.push_back(seed);
                continue;
            };
            row.clear();
            row.extend_from_slice(h.node_major().row(node as usize));
            row.sort_unstable_by_key(|e| (h.edge_major().degree(*e as usize), *e));
            for &e in &row {
                let members = h.edge_major().row(e as usize);
                let next = &mut scanned[e as usize];
                while *next < members.len() && taken < full {
                    let member = members[*next];
                    *next += 1;
                    if of[member as usize] == NONE {
                        of[member as usize] = part as u32;
                        taken += 1;
                        queue.push_back(member);
                    }
                }
            }
        }
    }
    of
}

/// A node without a part in the smallest hyperedges of `node`.
fn free_beside(h: &Hypergraph, node: u32, of: &[u32]) -> Option<u32> {
    let members = |e: &u32| h.edge_major().row(*e as usize);
    let near = h.node_major().row(node as usize).iter().filter(|e| members(e).len() <= LARGEST);
    near.flat_map(members).copied().find(|v| of[*v as usize] == u32::MAX)
}

fn refine(h: &Hypergraph, parts: usize, of: &mut [u32]) {
    let largest = (h.nodes() + h.nodes() / SLACK).div_ceil(parts);
    let mut sizes = vec![0_usize; parts];
    of.iter().for_each(|p| sizes[*p as usize] += 1);
    // Members of every hyperedge by part.
    let mut counts: Vec<Vec<(u32, u32)>> = h.edge_major().iter_rows().map(|members| counted(members, of)).collect();
    let (mut scores, mut met) = (vec![0.0_f64; parts], Vec::new());
    for _ in 0..PASSES {
        let mut moved = 0;
        for v in 0..h.nodes() {
            let own = of[v];
            for &e in h.node_major().row(v) {
                let size = h.edge_major().degree(e as usize);
                if (2..=LARGEST).contains(&size) {
                    let share = h.hyperedge_weights().map_or(1.0, |w| w[e as usize]) / (size - 1) as f64;
                    for &(part, count) in &counts[e as usize] {
                        if scores[part as usize] == 0.0 {
                            met.push(part);
                        }
                        scores[part as usize] += share * f64::from(count - u32::from(part == own));
                    }
                }
            }
            let fits = |p: &u32| sizes[*p as usize] < largest && sizes[own as usize] > 1;
            let better = |best: u32, p: u32| if scores[p as usize] > scores[best as usize] + 1e-9 { p } else { best };
            let best = met.iter().copied().filter(fits).fold(own, better);
            met.drain(..).for_each(|p| scores[p as usize] = 0.0);
            if best != own {
                of[v] = best;
                sizes[own as usize] -= 1;
                sizes[best as usize] += 1;
                h.node_major().row(v).iter().for_each(|e| move_member(&mut counts[*e as usize], own, best));
                moved += 1;
            }
        }
        if moved == 0 {
            return;
        }
    }
}

fn counted(members: &[u32], of: &[u32]) -> Vec<(u32, u32)> {
    if members.len() > LARGEST {
        return Vec::new();
    }
    let mut parts: Vec<u32> = members.iter().map(|v| of[*v as usize]).collect();
    parts.sort_unstable();
    parts.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u32)).collect()
}

fn move_member(counts: &mut Vec<(u32, u32)>, from: u32, to: u32) {
    if counts.is_empty() {
        return;
    }
    if let Some(at) = counts.iter().position(|(p, _)| *p == from) {
        counts[at].1 -= 1;
        if counts[at].1 == 0 {
            counts.swap_remove(at);
        }
    }
    match counts.iter_mut().find(|(p, _)| *p == to) {
        Some((_, count)) => *count += 1,
        None => counts.push((to, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Duplicates;
    use crate::generate::{StochasticBlock, power_law, stochastic_block};
    use crate::splits;

    fn sizes(p: &Partition) -> Vec<usize> {
        (0..p.parts()).map(|i| p.nodes(i).len()).collect()
    }

    #[test]
    fn every_node_is_in_one_part_of_nearly_the_same_size() {
        let h = power_law(1009, 703, 6, 5).unwrap();
        for parts in [1, 2, 7, 50, 1009] {
            let p = Partition::grow(&h, parts).unwrap();
            assert_eq!((p.parts(), sizes(&p).iter().sum::<usize>()), (parts, 1009));
            assert!(sizes(&p).iter().all(|s| (1..=1059_usize.div_ceil(parts)).contains(s)), "{parts}: {:?}", sizes(&p));
            assert!((0..parts).all(|i| p.nodes(i).iter().all(|v| p.of()[*v as usize] == i as u32)));
            assert_eq!(p, Partition::grow(&h, parts).unwrap());
        }
    }

    #[test]
    fn blocks_and_components_are_found() {
        // Three components of 40 nodes, chains of triples, their nodes interleaved.
        let chain = |c: u32| (0..38).map(move |i| [c + 3 * i, c + 3 * (i + 1), c + 3 * (i + 2)]);
        let h = Hypergraph::from_members(120, (0..3).flat_map(chain), Duplicates::Error).unwrap();
        assert_eq!(Partition::grow(&h, 3).unwrap().connectivity(&h), 0);
        let sizes = StochasticBlock { nodes: 1201, hyperedges: 2403, size: 5, classes: 4, homophily: 0.95 };
        let h = stochastic_block(&sizes, 3).unwrap().hypergraph;
        let found = Partition::grow(&h, 4).unwrap().connectivity(&h);
        let drawn = splits::random(1201, [0.25, 0.25, 0.25], 1).unwrap();
        let mut of = vec![3; 1201];
        for (part, nodes) in [drawn.train, drawn.valid, drawn.test].into_iter().enumerate() {
            nodes.iter().for_each(|v| of[*v as usize] = part as u32);
        }
        let random = Partition::from_parts(of, 4).unwrap().connectivity(&h);
        assert!(found < random * 3 / 4, "{found} against {random} at random");
    }

    #[test]
    fn bad_numbers_are_refused() {
        let h = power_law(10, 5, 3, 0).unwrap();
        assert!(Partition::grow(&h, 0).unwrap_err().to_string().contains("1 to 10"));
        assert!(Partition::grow(&h, 11).is_err());
        assert!(Partition::from_parts(vec![0, 2], 2).unwrap_err().to_string().contains("node 1"));
        let none = Hypergraph::from_pairs(0, 0, &[], Duplicates::Error).unwrap();
        assert_eq!(Partition::grow(&none, 1).unwrap().parts(), 1);
    }
}
