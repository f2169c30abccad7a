//! `top_k`: the positions of the k largest keys.
//!
//! keys `[n]`, positions `[min(k, n)]`, largest key first; of equal keys the earlier position. O(n + k log k) on the CPU, a sort on devices.
//! Deterministic. No gradient.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;
