//! The hypergraph: which node lies in which hyperedge, compressed by node and by hyperedge, and how it is built.

pub(crate) mod build;
mod convert;
pub(crate) mod csr;

use std::sync::Arc;

pub use build::Duplicates;
pub use csr::Csr;

use crate::{Error, Result};

/// A hypergraph of N nodes, M hyperedges and Z incidences, with optional weights.
///
/// Both orders are held: node-major, `H` (N x M), and edge-major, `Hᵀ` (M x N); ids are sorted and distinct in each
/// row. A clone shares the arrays. Isolated nodes and hyperedges without members are allowed here (a dual or a
/// sub-hypergraph has them); the file readers refuse the latter.
#[derive(Debug, Clone, PartialEq)]
pub struct Hypergraph {
    structure: Arc<Structure>,
    hyperedge_weights: Option<Arc<[f64]>>,
}

#[derive(Debug, PartialEq)]
struct Structure {
    node_major: Csr,
    edge_major: Csr,
    incidence_weights: Option<Vec<f64>>,
}

impl Hypergraph {
    /// Sets one weight per hyperedge, replacing earlier ones.
    ///
    /// # Errors
    /// When `w` has another length than M, or a weight is negative or not finite.
    pub fn with_hyperedge_weights(mut self, w: Vec<f64>) -> Result<Self> {
        if w.len() != self.hyperedges() {
            return Err(Error::invalid("hyperedge weights", format!("{}, one per hyperedge", self.hyperedges()), w.len().to_string()));
        }
        if let Some(e) = w.iter().position(|x| !x.is_finite() || *x < 0.0) {
            return Err(Error::invalid(format!("weight of hyperedge {e}"), "a finite number >= 0", w[e].to_string()));
        }
        self.hyperedge_weights = Some(w.into());
        Ok(self)
    }

    /// N, the number of nodes.
    pub fn nodes(&self) -> usize {
        self.structure.node_major.rows()
    }

    /// M, the number of hyperedges.
    pub fn hyperedges(&self) -> usize {
        self.structure.edge_major.rows()
    }

    /// Z, the number of incidences.
    pub fn incidences(&self) -> usize {
        self.structure.node_major.nnz()
    }

    /// Rows are nodes, columns are hyperedges, sorted in each row.
    pub fn node_major(&self) -> &Csr {
        &self.structure.node_major
    }

    /// Rows are hyperedges, columns are nodes, sorted in each row.
    pub fn edge_major(&self) -> &Csr {
        &self.structure.edge_major
    }

    /// Incidence weights in node-major order, or none when every incidence counts as 1.
    pub fn incidence_weights(&self) -> Option<&[f64]> {
        self.structure.incidence_weights.as_deref()
    }

    /// Incidence weights in edge-major order.
    pub fn incidence_weights_edge_major(&self) -> Option<Vec<f64>> {
        let weights = self.incidence_weights()?;
        Some(self.node_major().transpose_positions().into_iter().map(|p| weights[p as usize]).collect())
    }

    /// Hyperedge weights, or none when every hyperedge counts as 1.
    pub fn hyperedge_weights(&self) -> Option<&[f64]> {
        self.hyperedge_weights.as_deref()
    }

    /// All (node, hyperedge) pairs in node-major order.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.node_major().entries()
    }

    /// Nodes and hyperedges swapped, without hyperedge weights.
    pub(crate) fn transposed(&self) -> Self {
        let structure = Structure {
            node_major: self.edge_major().clone(),
            edge_major: self.node_major().clone(),
            incidence_weights: self.incidence_weights_edge_major(),
        };
        Self { structure: Arc::new(structure), hyperedge_weights: None }
    }

    /// Bytes of the arrays held.
    pub fn bytes(&self) -> usize {
        let weights = self.incidence_weights().map_or(0, <[f64]>::len) + self.hyperedge_weights().map_or(0, <[f64]>::len);
        self.node_major().bytes() + self.edge_major().bytes() + weights * size_of::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_are_sorted_and_agree() {
        let pairs = [(4, 1), (0, 2), (4, 0), (2, 1), (0, 0), (4, 2)];
        let h = Hypergraph::from_pairs(5, 3, &pairs, Duplicates::Error).unwrap();
        assert_eq!((h.nodes(), h.hyperedges(), h.incidences()), (5, 3, 6));
        assert_eq!(h.node_major().ptr(), [0, 2, 2, 3, 3, 6]);
        assert_eq!(h.node_major().col(), [0, 2, 1, 0, 1, 2]);
        assert_eq!(h.edge_major().ptr(), [0, 2, 4, 6]);
        assert_eq!(h.edge_major().col(), [0, 4, 2, 4, 0, 4]);
        assert_eq!((h.node_major().cols(), h.edge_major().cols()), (3, 5));
        assert_eq!((h.node_major().degree(4), h.edge_major().row(1)), (3, [2, 4].as_slice()));
    }

    #[test]
    fn duplicates_follow_their_rule() {
        let pairs = [(2, 1), (0, 0), (2, 1), (2, 1), (1, 1)];
        let weights = [0.5, 2.0, 0.25, 4.0, 3.0];
        let build = |dup| Hypergraph::from_weighted_pairs(3, 2, &pairs, &weights, dup);
        let error = build(Duplicates::Merge).unwrap_err().to_string();
        assert_eq!(error, "weight of node 2 in hyperedge 1: expected the same weight in every repeat, found 0.25 after 0.5");
        let merged = Hypergraph::from_weighted_pairs(3, 2, &pairs, &[0.5, 2.0, 0.5, 0.5, 3.0], Duplicates::Merge);
        assert_eq!(merged.unwrap().incidence_weights(), Some([2.0, 3.0, 0.5].as_slice()));
        assert_eq!(build(Duplicates::Sum).unwrap().incidence_weights(), Some([2.0, 3.0, 4.75].as_slice()));
        let error = build(Duplicates::Error).unwrap_err().to_string();
        assert_eq!(error, "hyperedge 1: expected every node at most once, found node 2 more than once");
        let summed = Hypergraph::from_pairs(3, 2, &pairs, Duplicates::Sum).unwrap();
        assert_eq!(summed.incidence_weights(), Some([1.0, 1.0, 3.0].as_slice()));
        assert_eq!(Hypergraph::from_pairs(3, 2, &pairs[1..3], Duplicates::Sum).unwrap().incidence_weights(), None);
    }

    #[test]
    fn every_source_builds_the_same() {
        let members: [&[u32]; 3] = [&[3, 0], &[], &[1, 3, 2]];
        let a = Hypergraph::from_members(5, members, Duplicates::Error).unwrap();
        let pairs = [(3, 2), (0, 0), (2, 2), (1, 2), (3, 0)];
        assert_eq!(a, Hypergraph::from_pairs(5, 3, &pairs, Duplicates::Error).unwrap());
        let dense = ndarray::array![[1., 0., 0.], [0., 0., 1.], [0., 0., 1.], [1., 0., 1.], [0., 0., 0.]];
        assert_eq!(a, Hypergraph::from_dense(dense.view()).unwrap());
        let csr = sprs::CsMat::csr_from_dense(dense.view(), 0.0);
        assert_eq!(a, Hypergraph::from_sprs(&csr).unwrap());
        assert_eq!(a, Hypergraph::from_sprs(&csr.to_csc()).unwrap());
        // A stored zero is an incidence of weight 0; one that is not stored is none.
        let stored = sprs::CsMat::new((2, 3), vec![0, 2, 3], vec![0, 2, 1], vec![1.0, 0.0, 1.0]);
        for matrix in [stored.to_csc(), stored] {
            let h = Hypergraph::from_sprs(&matrix).unwrap();
            assert_eq!((h.incidences(), h.incidence_weights()), (3, Some([1.0, 0.0, 1.0].as_slice())));
        }
        let weighted = Hypergraph::from_dense((&dense * 2.5).view()).unwrap();
        assert_eq!(weighted.incidence_weights(), Some([2.5; 5].as_slice()));
        assert_eq!(weighted.node_major(), a.node_major());
    }

    #[test]
    fn edge_major_weights_follow_the_transposed_order() {
        let pairs = [(0, 1), (1, 0), (2, 1), (2, 0)];
        let h = Hypergraph::from_weighted_pairs(3, 2, &pairs, &[1., 2., 3., 4.], Duplicates::Error).unwrap();
        assert_eq!(h.incidence_weights(), Some([1., 2., 4., 3.].as_slice()));
        assert_eq!(h.incidence_weights_edge_major(), Some(vec![2., 4., 1., 3.]));
    }

    #[test]
    fn bad_arguments_are_named() {
        let text = |r: Result<Hypergraph>| r.unwrap_err().to_string();
        let pairs = |n, m, p: &[(u32, u32)]| text(Hypergraph::from_pairs(n, m, p, Duplicates::Merge));
        assert_eq!(pairs(3, 2, &[(0, 1), (3, 0)]), "node id of pair 1: expected an id below 3, found 3");
        assert_eq!(pairs(3, 2, &[(0, 2)]), "hyperedge id of pair 0: expected an id below 2, found 2");
        assert!(pairs(1 << 60, 2, &[(0, 1)]).contains("at most 4294967295, found 1152921504606846976"));
        assert!(pairs(2, 1 << 60, &[(0, 1)]).starts_with("number of hyperedges"));
        let h = Hypergraph::from_pairs(3, 2, &[(0, 1)], Duplicates::Merge).unwrap();
        assert_eq!(text(h.clone().with_hyperedge_weights(vec![1.0])), "hyperedge weights: expected 2, one per hyperedge, found 1");
        assert!(text(h.clone().with_hyperedge_weights(vec![1.0, -0.5])).contains("weight of hyperedge 1"));
        assert!(text(h.with_hyperedge_weights(vec![f64::NAN, 0.5])).contains("found NaN"));
        assert!(text(Hypergraph::from_members(2, [[0, 2]], Duplicates::Merge)).contains("hyperedge 0: expected node ids below 2"));
        let nan = ndarray::array![[1.0, f64::INFINITY, 0.0]];
        assert!(text(Hypergraph::from_dense(nan.view())).contains("row 0, column 1"));
        let weights = Hypergraph::from_weighted_pairs(3, 2, &[(0, 1)], &[], Duplicates::Merge);
        assert_eq!(text(weights), "incidence weights: expected 1, one per pair, found 0");
    }

    #[test]
    fn the_empty_hypergraph_stands() {
        let h = Hypergraph::from_pairs(0, 0, &[], Duplicates::Error).unwrap();
        assert_eq!((h.nodes(), h.hyperedges(), h.incidences(), h.pairs().count()), (0, 0, 0, 0));
    }
}
