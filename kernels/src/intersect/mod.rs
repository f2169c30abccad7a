//! `intersect`: where two sorted sets have the same element.
//!
//! ```text
//! { (i, j) : a_i = b_j },  in the order of the elements
//! ```
//!
//! a `[n]` and b `[m]` strictly ascending; the positions in a and in b, `[t]` each. About min(n, m)·log(max / min) reads. Deterministic.
//! No gradient.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;
