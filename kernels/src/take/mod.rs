//! `take`: elements of an array by their places.
//!
//! ```text
//! y_i = x_(index_i),   NONE where index_i >= n
//! ```
//!
//! x `[n]`, index `[m]` in any order, y `[m]`. What a place that is none gives, [`NONE`], is a place that is none again, so that chains of `take` keep
//! it. Moves 3·m indices. Deterministic. No gradient (`gather` is the one of rows of floats).

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

/// No element.
pub const NONE: u32 = u32::MAX;
