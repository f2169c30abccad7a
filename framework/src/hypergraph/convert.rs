//! Building from lists of members, sprs sparse matrices and dense matrices.

use ndarray::ArrayView2;
use sprs::{CsMatI, SpIndex};

use super::build::{check_size, from_groups};
use super::{Duplicates, Hypergraph};
use crate::{Error, Result};

impl Hypergraph {
    /// Builds from the members of each hyperedge; hyperedge ids count up from 0.
    ///
    /// # Errors
    /// When an id is not below `nodes`, a size passes `u32::MAX`, or a member repeats under [`Duplicates::Error`].
    pub fn from_members<I, M>(nodes: usize, hyperedges: I, dup: Duplicates) -> Result<Self>
    where
        I: IntoIterator<Item = M>,
        M: AsRef<[u32]>,
    {
        check_size("nodes", nodes)?;
        let (mut ptr, mut member) = (vec![0u32], Vec::new());
        for (e, members) in hyperedges.into_iter().enumerate() {
            let members = members.as_ref();
            if let Some(bad) = members.iter().find(|n| **n as usize >= nodes) {
                let expected = format!("node ids below {nodes}");
                return Err(Error::invalid(format!("hyperedge {e}"), expected, bad.to_string()));
            }
            member.extend_from_slice(members);
            check_size("incidences", member.len())?;
            ptr.push(member.len() as u32);
        }
        check_size("hyperedges", ptr.len() - 1)?;
        from_groups(nodes, &ptr, &member, None, dup)
    }

    /// Builds from an N x M incidence matrix, CSR or CSC; what is stored is an incidence, also a zero: one of weight 0, as in an npz file.
    ///
    /// A matrix of ones gives a hypergraph without incidence weights.
    ///
    /// # Errors
    /// When a size passes `u32::MAX` or a value is not finite.
    pub fn from_sprs<I: SpIndex, Iptr: SpIndex>(matrix: &CsMatI<f64, I, Iptr>) -> Result<Self> {
        check_size("nodes", matrix.rows())?;
        check_size("hyperedges", matrix.cols())?;
        let by_node = matrix.is_csr();
        let entries = matrix.outer_iterator().enumerate().flat_map(|(outer, row)| {
            let row: Vec<_> = row.iter().map(|(inner, w)| (inner, *w)).collect();
            row.into_iter().map(move |(inner, w)| if by_node { (outer, inner, w) } else { (inner, outer, w) })
        });
        from_entries(matrix.rows(), matrix.cols(), entries)
    }

    /// Builds from a dense N x M incidence matrix; a value other than 0 is an incidence with that weight.
    ///
    /// A matrix of zeros and ones gives a hypergraph without incidence weights.
    ///
    /// # Errors
    /// When a size passes `u32::MAX` or a value is not finite.
    pub fn from_dense(matrix: ArrayView2<'_, f64>) -> Result<Self> {
        let (rows, cols) = matrix.dim();
        from_entries(rows, cols, matrix.indexed_iter().filter(|(_, w)| **w != 0.0).map(|((r, c), w)| (r, c, *w)))
    }
}

fn from_entries(nodes: usize, hyperedges: usize, entries: impl Iterator<Item = (usize, usize, f64)>) -> Result<Hypergraph> {
    check_size("nodes", nodes)?;
    check_size("hyperedges", hyperedges)?;
    let (mut pairs, mut weights) = (Vec::new(), Vec::new());
    for (node, edge, weight) in entries {
        if !weight.is_finite() {
            let what = format!("incidence matrix at row {node}, column {edge}");
            return Err(Error::invalid(what, "a finite number", weight.to_string()));
        }
        pairs.push((node as u32, edge as u32));
        weights.push(weight);
    }
    if weights.iter().all(|w| *w == 1.0) {
        Hypergraph::from_pairs(nodes, hyperedges, &pairs, Duplicates::Error)
    } else {
        Hypergraph::from_weighted_pairs(nodes, hyperedges, &pairs, &weights, Duplicates::Error)
    }
}
