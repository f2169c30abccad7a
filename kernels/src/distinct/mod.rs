//! `distinct`: the elements of a sorted array without repeats, and where the runs of each begin.
//!
//! ```text
//! y = x without repeats,   ptr_j = first i with x_i = y_j,   ptr_t = n
//! ```
//!
//! x `[n]` ascending, y `[t]`, ptr `[t + 1]`: the segments of a group-by. Moves 2·n + 2·t indices. A device is waited for once, as the length of
//! the result must be known. Deterministic. No gradient.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;
