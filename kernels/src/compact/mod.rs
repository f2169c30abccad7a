//! `compact`: the elements whose flag is not 0, in order.
//!
//! x, flag `[n]`, y `[t]`, t the number of flags that are not 0. Moves 2·n + t indices (twice the flags). A device is waited for once, as the
//! length of the result must be known. Deterministic. No gradient.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "x [n], flag [n], y [t]";
