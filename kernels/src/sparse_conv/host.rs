//! CPU form: one pass, Θ before it or multiplied into each block of its sums.

use super::{Order, choose_order};
use crate::aggregate::Weights;
use crate::aggregate::host::weigher;
use crate::csr::View;
use crate::dense::{Matrix, pass, pass_times, times, to_acc};
use crate::element::Element;
use crate::row_sum::RowSum;

/// Y [rows, O]; theta ([F, O], O), bias [O].
pub fn sparse_conv<E: Element>(view: &View, x: &[E], f: usize, theta: Option<(&[E], usize)>, bias: Option<&[E]>) -> Vec<E> {
    let bias = bias.map(to_acc);
    let bias = bias.as_deref().map(|b| (b, None));
    let Some((theta, o)) = theta else {
        let weigh = weigher::<E>(*view, Weights::Values, None);
        return pass(view.ptr, &RowSum::new(*view, x, f, 1, None, weigh), f, bias);
    };
    let theta = to_acc(theta);
    let theta = Matrix::new(&theta, f, o);
    let weigh = weigher::<E>(*view, Weights::Values, None);
    match choose_order(view.rows(), view.cols, view.nnz(), f, o) {
        Order::WeightFirst => pass(view.ptr, &RowSum::new(*view, &times(x, view.cols, theta), o, 1, None, weigh), o, bias),
        Order::PassFirst => pass_times(view.ptr, &RowSum::new(*view, x, f, 1, None, weigh), theta, bias),
    }
}
