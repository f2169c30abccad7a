//! Figures about a hypergraph: degrees, sizes, and the summary that `info` prints.

mod degree;
mod summary;

pub use degree::{DegreeStats, hyperedge_sizes, node_degrees};
pub use summary::Summary;
