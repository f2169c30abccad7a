//! Degree statistics of one order of the incidence matrix.

use serde::Serialize;

use crate::{Csr, Hypergraph};

/// Smallest, largest, mean and median row length, and how often each occurs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DegreeStats {
    /// The smallest; 0 without rows.
    pub min: usize,
    /// The largest; 0 without rows.
    pub max: usize,
    /// The mean; 0 without rows.
    pub mean: f64,
    /// The lower median; 0 without rows.
    pub median: usize,
    /// `histogram[d]` rows have length d.
    pub histogram: Vec<usize>,
}

/// Statistics of the number of hyperedges of each node.
pub fn node_degrees(h: &Hypergraph) -> DegreeStats {
    DegreeStats::of(h.node_major())
}

/// Statistics of the number of members of each hyperedge.
pub fn hyperedge_sizes(h: &Hypergraph) -> DegreeStats {
    DegreeStats::of(h.edge_major())
}

impl DegreeStats {
    /// Statistics of the row lengths.
    pub fn of(csr: &Csr) -> Self {
        let max = csr.iter_rows().map(<[u32]>::len).max().unwrap_or(0);
        let mut histogram = vec![0; max + 1];
        for row in csr.iter_rows() {
            histogram[row.len()] += 1;
        }
        let min = histogram.iter().position(|c| *c > 0).unwrap_or(0);
        let mean = if csr.rows() == 0 { 0.0 } else { csr.nnz() as f64 / csr.rows() as f64 };
        let mut before = 0;
        let median = histogram.iter().position(|c| {
            before += c;
            2 * before >= csr.rows()
        });
        Self { min, max, mean, median: median.unwrap_or(0), histogram }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Duplicates;

    #[test]
    fn degrees_of_both_orders() {
        let members: [&[u32]; 3] = [&[0, 1, 2, 4], &[1], &[1, 4]];
        let h = Hypergraph::from_members(5, members, Duplicates::Error).unwrap();
        let nodes = DegreeStats { min: 0, max: 3, mean: 1.4, median: 1, histogram: vec![1, 2, 1, 1] };
        assert_eq!(node_degrees(&h), nodes);
        let sizes = hyperedge_sizes(&h);
        assert_eq!((sizes.min, sizes.max, sizes.median), (1, 4, 2));
        let none = node_degrees(&Hypergraph::from_pairs(0, 0, &[], Duplicates::Error).unwrap());
        assert_eq!((none.min, none.max, none.mean, none.median), (0, 0, 0.0, 0));
    }
}
