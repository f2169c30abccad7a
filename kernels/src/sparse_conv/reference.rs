//! Plain loops in double precision: the definition of the op.

use crate::aggregate::reference::aggregate;
use crate::aggregate::{Fold, Reduce, Weights};
use crate::csr::View;
use crate::hypergraph_conv::reference::matmul;

/// Y `[rows, O]`; theta (`[F, O]`, O), bias `[O]`.
pub fn sparse_conv(view: &View, x: &[f64], f: usize, theta: Option<(&[f64], usize)>, bias: Option<&[f64]>) -> Vec<f64> {
    let (xt, o) = match theta {
        Some((t, o)) => (matmul(x, t, view.cols, f, o), o),
        None => (x.to_vec(), f),
    };
    let fold = Fold { bias: bias.map(|b| (b, None)), ..Fold::default() };
    aggregate(view, Reduce::Sum, &xt, o, Weights::Values, fold)
}
