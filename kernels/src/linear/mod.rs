//! `linear`: rows times the transpose of a matrix that is stored as PyTorch stores it, a row per output.
//!
//! ```text
//! y_(n,o) = Σ_k x_(n,k) w_(o,k)
//! ```
//!
//! | array | shape | |
//! |---|---|---|
//! | x | `[N, I]` | |
//! | w | `[O, I]` | |
//! | y | `[N, O]` | |
//!
//! 2·N·O·I operations; moves O·I + N·(I + O) elements. Sums in f32 (f64 for f64), each in one order whatever N is. Deterministic.
//!
//! The host form is for few rows ([`host::few`]), where reading w is all the cost: a step of decoding. For more rows, and on devices, the product of the
//! back end is as good; therefore there is no `cube.rs`.
//!
//! Backward: dx = dy w, dw = dyᵀ x, by the products of the back end.

pub mod host;
mod lanes;
pub mod reference;

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "x [N, I], w [O, I], y [N, O]";
