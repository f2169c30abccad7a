//! `extend`: one output per element of a range per row, the heart of a join: count, scan, fill.
//!
//! ```text
//! row_t = i,  position_t = low_i + t − ptr_i   for ptr_i <= t < ptr_(i+1),   ptr = scan(high − low)
//! ```
//!
//! low, high `[n]` (a range that ends before it starts is empty), row and position `[T]`, T = Σ (high − low), which 32 bits must hold. The outputs of a
//! row stand together, rows in order. Moves 2·n + 2·T indices. Deterministic. No gradient.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "low [n], high [n], row [T], position [T]";
