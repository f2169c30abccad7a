//! `sparse_conv`: a sparse matrix times a dense one, with an optional weight (graph convolution; sparse features times a weight).
//!
//! ```text
//! Y = A · X · Θ + bias
//! ```
//!
//! A `[rows, cols]` with constant values, in CSR or by blocks ([`bsr`]), X `[cols, F]`, Θ `[F, O]` or none (O = F), bias `[O]`, Y `[rows, O]`.
//! Evaluated as (A X) Θ or A (X Θ), whichever costs less ([`choose_order`]).
//! Moves nnz·F + rows·F elements and nnz indices. Deterministic. Backward: dX = A^T dY Θ^T, dΘ = (A X)^T dY.

pub mod bsr;
pub mod host;
pub mod reference;

/// Whether Θ comes before the pass over A.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// A (X Θ)
    WeightFirst,
    /// (A X) Θ
    PassFirst,
}

/// The cheaper order, by dense flops and gathered elements (see `hypergraph_conv::choose_side`).
pub fn choose_order(rows: usize, cols: usize, nnz: usize, f: usize, o: usize) -> Order {
    let cost = |dense_rows: usize, width: usize| {
        2usize.saturating_mul(dense_rows).saturating_mul(f).saturating_mul(o).saturating_add(nnz.saturating_mul(width).saturating_mul(64))
    };
    if cost(cols, o) <= cost(rows, f) { Order::WeightFirst } else { Order::PassFirst }
}

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "A [rows, cols], X [cols, F], theta [F, O], bias [O], Y [rows, O]";
