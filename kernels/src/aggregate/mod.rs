//! `aggregate`: one pass over a sparse pattern, with the scales and the bias of a convolution folded in.
//!
//! ```text
//! y_r = s_r · op_{k in row r} ( w_k · t_col(k) · x_col(k) )  +  c_r · bias        op = sum, mean, max, min
//! ```
//!
//! | array | shape | meaning |
//! |---|---|---|
//! | x | `[cols, F]` | input rows |
//! | w | `[nnz]` in row-major order, or the pattern's constant values, or none (1) | entry weights |
//! | t, s | `[cols]`, `[rows]` | input and output scales, optional (1) |
//! | bias, c | `[F]`, `[rows]` | bias row and its scale, optional |
//! | y | `[rows, F]` | output |
//!
//! Mean divides by the number of entries of the row. An empty row gives 0 (plus its bias). Max and min propagate NaN, which is
//! above and below all others, and send their gradient to the first entry that attains the extremum, be it NaN.
//! Moves nnz·F + rows·F elements and nnz indices. Deterministic: every row is summed in a fixed order.

#[cfg(feature = "cube")]
pub(crate) mod cube;
#[cfg(feature = "cube")]
pub mod entry;
#[cfg(feature = "cube")]
pub mod extremum;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

/// How the entries of a row are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Reduce {
    /// Σ
    #[default]
    Sum,
    /// Σ / number of entries
    Mean,
    /// Largest
    Max,
    /// Smallest
    Min,
}

/// Where the weight of an entry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights<W> {
    /// Every stored entry weighs 1, whatever constants the pattern holds.
    Ones,
    /// The pattern's constant values (1 where it has none).
    Values,
    /// An array `[nnz]` in row-major order of the matrix.
    Entries(W),
}

/// Which gradients are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// dx
    pub x: bool,
    /// dw, where the weights are entries
    pub weights: bool,
}

/// Scales and bias folded into the pass; `S` is an array of scales, `T` an array of elements.
#[derive(Debug, Clone, Copy)]
pub struct Fold<S, T> {
    /// t, one per column.
    pub input_scale: Option<S>,
    /// s, one per row.
    pub output_scale: Option<S>,
    /// bias `[F]` and its scale c, one per row (1 where `None`).
    pub bias: Option<(T, Option<S>)>,
}

impl<S, T> Default for Fold<S, T> {
    fn default() -> Self {
        Self { input_scale: None, output_scale: None, bias: None }
    }
}

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "x [cols, F], w [nnz], t [cols], s [rows], bias [F], y [rows, F]";
