//! `rms_norm`: divides each row by its root mean square and scales its features.
//!
//! ```text
//! y_(r,f) = w_f · x_(r,f) · s_r,   s_r = 1 / sqrt(mean_f x_(r,f)² + ε)
//! ```
//!
//! | array | shape | |
//! |---|---|---|
//! | x | `[rows, F]` | input |
//! | w | `[F]` | gain |
//! | y | `[rows, F]` | output |
//!
//! Moves 2·rows·F + F elements forward; 4·rows·F backward with both gradients. Sums in f32 (f64 for f64); s is made again in the backward
//! pass, which keeps x and w alone. Deterministic.
//!
//! Backward, with g = w · dy: dx_(r,f) = s_r · (g_f − x_(r,f) · s_r² · mean_f(g · x)); dw_f = Σ_r dy_(r,f) · x_(r,f) · s_r, the rows in
//! fixed chunks that are added in order.
//!
//! Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

use crate::error::KernelError;

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "x [rows, F], w [F], y [rows, F]";

/// Which gradients the backward pass makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// dx
    pub x: bool,
    /// dw
    pub weight: bool,
}

/// Checks ε.
///
/// # Errors
/// An ε that is not a positive number.
pub fn check_epsilon(epsilon: f64) -> Result<(), KernelError> {
    if epsilon > 0.0 && epsilon.is_finite() {
        return Ok(());
    }
    Err(KernelError::Option { op: "rms_norm", argument: "epsilon", got: epsilon.to_string(), expected: "a positive number" })
}
