//! Building both orders by counting sort, O(N + M + Z), with an explicit rule for repeated incidences.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::csr::{Csr, advance, starts};
use super::{Hypergraph, Structure};
use crate::{Error, Result};

/// What a repeated (node, hyperedge) pair means; the text forms are `merge`, `error` and `sum`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// Count it once; its weights must be the same.
    #[default]
    Merge,
    /// Refuse it.
    Error,
    /// Add the incidence weights up, 1 each where none are given.
    Sum,
}

impl Duplicates {
    /// All rules.
    pub const ALL: [Self; 3] = [Self::Merge, Self::Error, Self::Sum];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Error => "error",
            Self::Sum => "sum",
        }
    }
}

impl fmt::Display for Duplicates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Duplicates {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|d| d.name() == s);
        known.ok_or_else(|| Error::invalid("duplicates rule", "merge, sum or error", format!("{s:?}")))
    }
}

impl Hypergraph {
    /// Builds from (node, hyperedge) pairs in any order.
    ///
    /// # Errors
    /// When an id is out of range, a size passes `u32::MAX`, or a pair repeats under [`Duplicates::Error`].
    pub fn from_pairs(nodes: usize, hyperedges: usize, pairs: &[(u32, u32)], dup: Duplicates) -> Result<Self> {
        let (ptr, member, _) = group_by_hyperedge(nodes, hyperedges, pairs, None)?;
        from_groups(nodes, &ptr, &member, None, dup)
    }

    /// Builds from (node, hyperedge) pairs in any order, `weights[i]` belonging to `pairs[i]`.
    ///
    /// # Errors
    /// As [`Hypergraph::from_pairs`], when a weight is not finite or the lengths differ, and when a pair repeats with another weight under
    /// [`Duplicates::Merge`].
    pub fn from_weighted_pairs(nodes: usize, hyperedges: usize, pairs: &[(u32, u32)], weights: &[f64], dup: Duplicates) -> Result<Self> {
        if weights.len() != pairs.len() {
            let expected = format!("{}, one per pair", pairs.len());
            return Err(Error::invalid("incidence weights", expected, weights.len().to_string()));
        }
        if let Some(i) = weights.iter().position(|w| !w.is_finite()) {
            return Err(Error::invalid(format!("weight of pair {i}"), "a finite number", weights[i].to_string()));
        }
        let (ptr, member, weight) = group_by_hyperedge(nodes, hyperedges, pairs, Some(weights))?;
        from_groups(nodes, &ptr, &member, weight.as_deref(), dup)
    }
}

/// Refuses a size that 32-bit ids cannot count, before anything is allocated for it.
pub(crate) fn check_size(what: &str, size: usize) -> Result<()> {
    if u32::try_from(size).is_err() {
        return Err(Error::invalid(format!("number of {what}"), format!("at most {}", u32::MAX), size.to_string()));
    }
    Ok(())
}

type Groups = (Vec<u32>, Vec<u32>, Option<Vec<f64>>);

/// Stable counting sort of the pairs by hyperedge.
fn group_by_hyperedge(nodes: usize, hyperedges: usize, pairs: &[(u32, u32)], weights: Option<&[f64]>) -> Result<Groups> {
    check_size("nodes", nodes)?;
    check_size("hyperedges", hyperedges)?;
    check_size("incidences", pairs.len())?;
    for (what, count, bad) in [
        ("node", nodes, pairs.iter().position(|p| p.0 as usize >= nodes)),
        ("hyperedge", hyperedges, pairs.iter().position(|p| p.1 as usize >= hyperedges)),
    ] {
        if let Some(i) = bad {
            let found = if what == "node" { pairs[i].0 } else { pairs[i].1 };
            return Err(Error::invalid(format!("{what} id of pair {i}"), format!("an id below {count}"), found.to_string()));
        }
    }
    let ptr = starts(hyperedges, pairs.iter().map(|p| p.1));
    let mut next = ptr.clone();
    let mut member = vec![0; pairs.len()];
    let mut weight = weights.map(|w| vec![0.0; w.len()]);
    for (i, &(node, edge)) in pairs.iter().enumerate() {
        let slot = advance(&mut next, edge);
        member[slot] = node;
        if let (Some(to), Some(from)) = (&mut weight, weights) {
            to[slot] = from[i];
        }
    }
    Ok((ptr, member, weight))
}

/// Both orders from members grouped by hyperedge, in any order within a group; ids and sizes are checked by the caller.
pub(crate) fn from_groups(nodes: usize, ptr: &[u32], member: &[u32], weight: Option<&[f64]>, dup: Duplicates) -> Result<Hypergraph> {
    let hyperedges = ptr.len() - 1;
    let ones = (dup == Duplicates::Sum && weight.is_none() && has_repeat(nodes, ptr, member)).then(|| vec![1.0; member.len()]);
    let weight = weight.or(ones.as_deref());
    let (mut node_ptr, mut edges, mut weights) = by_node(nodes, ptr, member, weight);
    fold_repeats(&mut node_ptr, &mut edges, weights.as_mut(), dup)?;
    if dup == Duplicates::Sum {
        // Sums may all come to 1, which says no more than no weights.
        weights = weights.filter(|w| w.iter().any(|w| *w != 1.0));
    }
    let node_major = Csr::from_checked(hyperedges, node_ptr, edges);
    let edge_major = node_major.transpose();
    let structure = Structure { node_major, edge_major, incidence_weights: weights };
    Ok(Hypergraph { structure: Arc::new(structure), hyperedge_weights: None })
}

/// Walking the hyperedges in order fills each node's row in ascending order, repeats side by side.
fn by_node(nodes: usize, ptr: &[u32], member: &[u32], weight: Option<&[f64]>) -> Groups {
    let node_ptr = starts(nodes, member.iter().copied());
    let mut next = node_ptr.clone();
    let mut edges = vec![0; member.len()];
    let mut weights = weight.map(|w| vec![0.0; w.len()]);
    for (e, range) in ptr.windows(2).enumerate() {
        for i in range[0] as usize..range[1] as usize {
            let slot = advance(&mut next, member[i]);
            edges[slot] = e as u32;
            if let (Some(to), Some(from)) = (&mut weights, weight) {
                to[slot] = from[i];
            }
        }
    }
    (node_ptr, edges, weights)
}

/// Removes repeats of sorted rows in place.
fn fold_repeats(ptr: &mut [u32], col: &mut Vec<u32>, mut weight: Option<&mut Vec<f64>>, dup: Duplicates) -> Result<()> {
    let mut kept = 0;
    let mut begin = 0;
    for node in 0..ptr.len() - 1 {
        let (end, row) = (ptr[node + 1] as usize, kept);
        for i in begin..end {
            if kept > row && col[kept - 1] == col[i] {
                if dup == Duplicates::Error {
                    let found = format!("node {node} more than once");
                    return Err(Error::invalid(format!("hyperedge {}", col[i]), "every node at most once", found));
                }
                if let Some(w) = weight.as_deref_mut() {
                    let repeat = w[i];
                    fold_weight(dup, &mut w[kept - 1], repeat, || format!("node {node} in hyperedge {}", col[i]))?;
                }
                continue;
            }
            col[kept] = col[i];
            if let Some(w) = weight.as_deref_mut() {
                w[kept] = w[i];
            }
            kept += 1;
        }
        begin = end;
        ptr[node + 1] = kept as u32;
    }
    col.truncate(kept);
    if let Some(w) = weight {
        w.truncate(kept);
    }
    Ok(())
}

/// Takes the weight of a repeat into the first one.
fn fold_weight(dup: Duplicates, weight: &mut f64, repeat: f64, name: impl Fn() -> String) -> Result<()> {
    if dup != Duplicates::Sum {
        if *weight == repeat {
            return Ok(());
        }
        let found = format!("{repeat} after {weight}");
        return Err(Error::invalid(format!("weight of {}", name()), "the same weight in every repeat", found));
    }
    *weight += repeat;
    if weight.is_finite() {
        return Ok(());
    }
    Err(Error::invalid(format!("summed weight of {}", name()), "a finite number", weight.to_string()))
}

fn has_repeat(nodes: usize, ptr: &[u32], member: &[u32]) -> bool {
    let mut last = vec![u32::MAX; nodes];
    ptr.windows(2).enumerate().any(|(e, range)| {
        let group = &member[range[0] as usize..range[1] as usize];
        group.iter().any(|&n| std::mem::replace(&mut last[n as usize], e as u32) == e as u32)
    })
}

/// The largest count that `entries` ids may imply where nothing states it.
///
/// An id of four thousand million among three entries would otherwise allocate gigabytes for rows that nobody named.
pub(crate) fn plausible_count(entries: usize) -> usize {
    entries.saturating_mul(64).clamp(1 << 20, u32::MAX as usize)
}
