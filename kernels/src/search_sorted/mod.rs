//! `search_sorted`: where needles would stand in a sorted array.
//!
//! ```text
//! y_i = |{ j : x_j < needle_i }|   (Side::Left)      |{ j : x_j <= needle_i }|   (Side::Right)
//! ```
//!
//! x `[n]` ascending, needles `[m]` in any order, y `[m]`. m·log n reads, fewer where needles ascend too. Deterministic. No gradient.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

/// Before or after the elements that equal the needle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Before.
    Left,
    /// After.
    Right,
}
