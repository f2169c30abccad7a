//! `segment_softmax`: softmax over the entries of each row of a view, per head.
//!
//! ```text
//! p_(k,h) = exp(s_(k,h) − m_(r,h)) / Σ_{j in row r} exp(s_(j,h) − m_(r,h)),   m_(r,h) = max over row r
//! ```
//!
//! s, p `[nnz, Hd]` in row-major order of the matrix, whichever direction the view runs. An empty row has no entries and writes nothing.
//! Moves nnz·Hd·2 elements and nnz indices. Deterministic. Backward: ds = p (dp − Σ_row p dp).

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "s [nnz, Hd], p [nnz, Hd]";
