//! `edge_score` (sampled addition): attention logits per entry and head.
//!
//! ```text
//! s_(k,h) = leaky_relu( a_(row(k),h) + b_(col(k),h), slope )
//! ```
//!
//! a `[rows, Hd]` and b `[cols, Hd]` are the two dense products `x · a1` and `e · a2`, so that the concatenation `[nnz, Hd, 2F]` of the
//! textbook form never exists. s `[nnz, Hd]` in row-major order. Moves nnz·Hd·3 elements and 2·nnz indices. Deterministic.
//! Backward: with u = ds · (1 where a + b > 0, else slope), da and db are the sums of u over the rows and the columns.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

/// Which gradients are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// da
    pub a: bool,
    /// db
    pub b: bool,
}

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "a [rows, Hd], b [cols, Hd], s [nnz, Hd]";
