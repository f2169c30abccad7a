//! `search_sorted`: where needles would stand in a sorted array.
//!
//! ```text
//! y_i = |{ j : x_j < needle_i }|   (Side::Left)      |{ j : x_j <= needle_i }|   (Side::Right)
//! ```
//!
//! With ranges, x need only ascend within them, and the places are those within each needle's range:
//!
//! ```text
//! y_i = low_i + |{ low_i <= j < high_i : x_j < needle_i }|,   end_i the same with x_j <= needle_i
//! ```
//!
//! so that `y..end` is where a range has the needle: a second key of rows that are sorted by two. A range that ends before it starts is empty.
//!
//! x `[n]` ascending, needles `[m]` in any order, y `[m]`. m·log n reads, fewer where needles ascend too. Deterministic. No gradient.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "x [n], low [m], high [m] up to n, needles [m]";

/// Before or after the elements that equal the needle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Before.
    Left,
    /// After.
    Right,
}
