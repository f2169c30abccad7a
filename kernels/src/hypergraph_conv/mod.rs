//! `hypergraph_conv`: both passes of a hypergraph convolution, its scales, its weight and its bias.
//!
//! ```text
//! Y = S_out · H · S_mid · H^T · S_in · (X Θ)  +  c ⊗ bias
//! ```
//!
//! H `[rows, cols]` with its constant values (rows = nodes, cols = hyperedges), X `[rows, F]`, Θ `[F, O]` or none (O = F), bias `[O]`, c `[rows]`.
//!
//! | form | S_in | S_mid | S_out | c |
//! |---|---|---|---|---|
//! | row-normalised (Bai et al. 2019, arXiv:1901.08150) | – | W B^-1 | D^-1 | 1 |
//! | symmetric (Feng et al. 2019, arXiv:1809.09401) | D^-1/2 | W B^-1 | D^-1/2 | row sums of the operator, as its bias comes before the passes |
//! | HGNN+ (Gao et al. 2022, doi:10.1109/TPAMI.2022.3182052) | – | W B^-1 | D^-1 | row sums likewise |
//!
//! Θ commutes with the passes, so it is applied on the cheaper side: to the nodes before ([`ThetaSide::Input`]) or after
//! ([`ThetaSide::Output`]), or to the hyperedges between the passes ([`ThetaSide::Middle`]).
//! Moves 2·nnz·F elements and 2·nnz indices. Deterministic.
//!
//! Backward, with the transposed operator A^T (S_in and S_out swapped): dX = A^T dY Θ^T, dΘ = X^T A^T dY, dbias = Σ_r c_r dY_r.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod fused;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

mod side;

pub use side::{ThetaSide, backward_side, choose_side};

/// The three diagonal scales; `S` is an array of scales.
#[derive(Debug, Clone, Copy)]
pub struct Scales<S> {
    /// S_in `[rows]`
    pub input: Option<S>,
    /// S_mid `[cols]`
    pub middle: Option<S>,
    /// S_out `[rows]`
    pub output: Option<S>,
}

impl<S> Default for Scales<S> {
    fn default() -> Self {
        Self { input: None, middle: None, output: None }
    }
}

impl<S> Scales<S> {
    /// The scales of the transposed operator.
    pub fn transposed(self) -> Self {
        Self { input: self.output, middle: self.middle, output: self.input }
    }
}

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "X [rows, F], theta [F, O], bias [O], c [rows], S_in [rows], S_mid [cols], S_out [rows], Y [rows, O]";
