//! The fused form of both passes: no array over the hyperedges is ever stored.
//!
//! ```text
//! y = S_out · H · S_mid · H^T · S_in · x        x, y [rows, width]
//! ```
//!
//! On the CPU columns go in tiles: each hyperedge sums a tile of its members' rows in registers and adds the sum to the same tile of their
//! results at once, so that 2·nnz·width elements move, within tiles that the caches hold where the rows are few. On devices each node sums the
//! members of all its hyperedges, Σ |e|² rows in place of 2·nnz + 2·cols: it pays where hyperedges are about as small as edges of a graph.
//! Deterministic. The gradient is the same op with S_in and S_out swapped.
//!
//! After Yang et al., "HyperGef: A Framework Enabling Efficient Fusion for Hypergraph Neural Network on GPUs", MLSys 2023, without its atomics.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "x [rows, width], S_in [rows], S_mid [cols], S_out [rows], y [rows, width]";
