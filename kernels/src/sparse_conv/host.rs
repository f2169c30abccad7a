//! CPU form: one pass, Θ before it or multiplied into each block of its sums.

use super::{Order, choose_order};
use crate::aggregate::Weights;
use crate::aggregate::host::weigher;
use crate::csr::{CsrPair, Direction, View};
use crate::dense::{Bias, Matrix, pass, pass_times, times, widened};
use crate::element::Element;
use crate::hypergraph_conv::host::{Gradients, Wanted, column_sums, transposed_product};
use crate::row_sum::RowSum;

/// Y `[rows, O]`; theta (`[F, O]`, O), bias `[O]`.
pub fn sparse_conv<E: Element>(view: &View, x: &[E], f: usize, theta: Option<(&[E], usize)>, bias: Option<&[E]>) -> Vec<E> {
    let (mut wide_bias, mut wide_theta) = (Vec::new(), Vec::new());
    let bias = bias.map(|b| (widened(b, &mut wide_bias), None));
    let theta = theta.map(|(t, o)| {
        let order = choose_order(view.rows(), view.cols, view.nnz(), f, o);
        (Matrix::new(widened(t, &mut wide_theta), f, o), o, order)
    });
    product(view, x, f, theta, bias)
}

/// A X Θ + bias; theta (Θ, O, when).
fn product<E: Element>(view: &View, x: &[E], f: usize, theta: Option<(Matrix<E::Acc>, usize, Order)>, bias: Bias<E::Acc>) -> Vec<E> {
    let weigh = weigher::<E>(*view, Weights::Values, None);
    match theta {
        None => pass(view.ptr, &RowSum::new(*view, x, f, 1, None, weigh), f, bias),
        Some((theta, o, Order::WeightFirst)) => {
            pass(view.ptr, &RowSum::new(*view, &times(x, view.cols, theta), o, 1, None, weigh), o, bias)
        }
        Some((theta, _, Order::PassFirst)) => pass_times(view.ptr, &RowSum::new(*view, x, f, 1, None, weigh), theta, bias),
    }
}

/// dY `[rows, O]` -> the wanted gradients; `x` is read only for dΘ.
pub fn sparse_conv_backward<E: Element>(
    pair: &CsrPair,
    x: &[E],
    f: usize,
    theta: Option<(&[E], usize)>,
    dy: &[E],
    wanted: Wanted,
) -> Gradients<E> {
    let (rows, cols) = (pair.view(Direction::ToRows), pair.view(Direction::ToCols));
    let o = theta.map_or(f, |t| t.1);
    let bias = wanted.bias.then(|| column_sums(dy, pair.rows(), o, None));
    let mut wide = Vec::new();
    let theta = theta.map(|(t, o)| Matrix::new(widened(t, &mut wide), f, o));
    let (dx, dtheta) = match theta {
        Some(theta) if wanted.theta => match choose_order(pair.rows(), pair.cols(), pair.nnz(), f, o) {
            Order::WeightFirst => {
                let g = product(&cols, dy, o, None, None); // A^T dY [cols, O]
                (wanted.x.then(|| times(&g, pair.cols(), theta.t())), Some(transposed_product(x, &g, pair.cols(), f, o)))
            }
            Order::PassFirst => {
                let e = product(&rows, x, f, None, None); // A X [rows, F]
                let dx = || product(&cols, dy, o, Some((theta.t(), f, Order::WeightFirst)), None);
                (wanted.x.then(dx), Some(transposed_product(&e, dy, pair.rows(), f, o)))
            }
        },
        // The transposed product, with Θ^T on its own cheaper side.
        _ => {
            let theta = theta.map(|t| (t.t(), f, choose_order(pair.cols(), pair.rows(), pair.nnz(), o, f)));
            (wanted.x.then(|| product(&cols, dy, o, theta, None)), None)
        }
    };
    Gradients { x: dx, theta: dtheta, bias }
}
