//! `cross_entropy`: minus the logarithm of the probability that softmax gives to the target of each row.
//!
//! ```text
//! y_t = m_t + ln Σ_v exp(x_(t,v) − m_t) − x_(t, target_t),    m_t = max_v x_(t,v);    0 for a row without a target
//! ```
//!
//! | array | shape | |
//! |---|---|---|
//! | x | `[T, V]` | logits |
//! | target | `[T]` | class of each row, or [`NO_TARGET`] |
//! | y | `[T]` | loss |
//! | N | `[T, 2]` | m and 1 / Σ exp(x − m), for the backward pass; f32 (f64 for f64) |
//!
//! Moves T·V elements forward and 2·T·V backward; the probabilities `[T, V]` are never stored. Sums in f32 (f64 for f64). Deterministic.
//!
//! Backward: dx_(t,v) = dy_t (exp(x_(t,v) − m_t) / Σ − [v = target_t]); 0 for a row without a target.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

use crate::error::{KernelError, check_len};

/// The target of a row that counts for nothing: padding, a masked node.
pub const NO_TARGET: u32 = u32::MAX;

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "x [T, V], target [T] below V, y [T]";

/// Checks targets over `classes` classes.
///
/// # Errors
/// A target that is no class and not [`NO_TARGET`], with its place.
pub fn check_targets(targets: &[u32], classes: usize) -> Result<(), KernelError> {
    match targets.iter().position(|&t| t != NO_TARGET && t as usize >= classes) {
        None => Ok(()),
        Some(at) => Err(KernelError::Index { op: "cross_entropy", argument: "target", at, got: targets[at] as usize, limit: classes }),
    }
}

/// Checks the lengths of the arrays.
///
/// # Errors
/// Logits of another length than rows · classes.
pub fn check(x: usize, rows: usize, classes: usize) -> Result<(), KernelError> {
    check_len("cross_entropy", CONTRACT, "x", x, rows * classes)
}
