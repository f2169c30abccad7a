//! `swap_axes`: the two middle axes of an array change places, as attention asks of tokens and heads.
//!
//! ```text
//! y_(s,b,a,d) = x_(s,a,b,d)
//! ```
//!
//! | array | shape | |
//! |---|---|---|
//! | x | `[S, A, B, D]` | |
//! | y | `[S, B, A, D]` | |
//!
//! Moves 2·S·A·B·D elements. Deterministic.
//!
//! On devices it is a view of the back end, which costs nothing until something needs the elements in their order; therefore there is no `cube.rs`.
//!
//! Backward: dx is dy with the axes swapped back.

pub mod host;
pub mod reference;

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "x [S, A, B, D], y [S, B, A, D]";
