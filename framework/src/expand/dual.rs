//! The dual hypergraph.

use crate::Hypergraph;

/// Swaps the roles of nodes and hyperedges: the incidence matrix is transposed with its weights.
///
/// Hyperedge weights are left out, for nodes have none.
pub fn dual(h: &Hypergraph) -> Hypergraph {
    h.transposed()
}
