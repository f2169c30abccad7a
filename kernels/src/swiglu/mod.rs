//! `swiglu`: the gated activation of transformer blocks.
//!
//! ```text
//! y_i = silu(a_i) · b_i,   silu(a) = a · σ(a),   σ(a) = 1 / (1 + e^−a)
//! ```
//!
//! | array | shape | |
//! |---|---|---|
//! | a | `[n]` | gate |
//! | b | `[n]` | up |
//! | y | `[n]` | output |
//!
//! Moves 3 elements per element forward and 5 backward with both gradients; in f32 (f64 for f64). Deterministic.
//!
//! Backward: da = dy · b · σ(a) · (1 + a · (1 − σ(a))), db = dy · silu(a); σ is made again.
//!
//! Shazeer, "GLU Variants Improve Transformer", 2020.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "a [n], b [n], y [n]";

/// Which gradients the backward pass makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// da
    pub gate: bool,
    /// db
    pub up: bool,
}
