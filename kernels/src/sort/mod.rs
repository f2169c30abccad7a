//! `sort`: keys in ascending order, with what belongs to them; stable.
//!
//! ```text
//! (k', p') = (k_π(i), p_π(i)),   π the permutation with k'_i <= k'_(i+1) that keeps the order of equal keys
//! ```
//!
//! keys `[n]` of 32 or 64 bits, payload `[n]` or none. By radix: no comparison, O(n) for a fixed number of bits, and bits that all keys share
//! cost nothing. Moves 4·n keys and payloads on the CPU (once to buckets that fit the caches, once within them), 2·n for every four bits on devices.
//! Deterministic. No gradient.
//!
//! Satish, Harris and Garland, "Designing efficient sorting algorithms for manycore GPUs", 2009.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "keys [n], high [n], payload [n]";
