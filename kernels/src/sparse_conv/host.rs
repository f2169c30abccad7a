//! CPU form: one pass, Θ before it or multiplied into each block of its sums.

use super::bsr::{self, Bsr};
use super::{Order, choose_order};
use crate::aggregate::Weights;
use crate::aggregate::host::weigher;
use crate::csr::{CsrPair, Direction};
use crate::dense::{Bias, Matrix, pass, pass_times, times, widened};
use crate::element::Element;
use crate::hypergraph_conv::host::{Gradients, Wanted, column_sums, transposed_product};
use crate::row_sum::RowSum;

/// How the matrix is stored.
#[derive(Debug, Clone, Copy)]
pub enum Stored<'a> {
    /// By entries.
    Csr(&'a CsrPair),
    /// By blocks.
    Bsr(&'a Bsr),
}

impl Stored<'_> {
    /// Outputs of a pass in `direction`.
    fn outputs(self, direction: Direction) -> usize {
        match self {
            Self::Csr(pair) => pair.outputs(direction),
            Self::Bsr(blocks) => blocks.outputs(direction),
        }
    }

    /// The cheaper order of a product with a weight `[f, o]`.
    fn order(self, direction: Direction, f: usize, o: usize) -> Order {
        match self {
            Self::Csr(pair) => choose_order(pair.outputs(direction), pair.outputs(direction.reverse()), pair.nnz(), f, o),
            Self::Bsr(blocks) => blocks.order(direction, f, o),
        }
    }

    /// A X Θ + bias (`ToRows`) or A^T X Θ + bias; theta (Θ, O, when).
    fn product<E: Element>(
        self,
        direction: Direction,
        x: &[E],
        f: usize,
        theta: Option<(Matrix<E::Acc>, usize, Order)>,
        bias: Bias<E::Acc>,
    ) -> Vec<E> {
        let pair = match self {
            Self::Csr(pair) => pair,
            Self::Bsr(blocks) => return bsr::host::multiply(blocks, direction, x, f, theta, bias),
        };
        let view = pair.view(direction);
        let weigh = weigher::<E>(view, Weights::Values, None);
        match theta {
            None => pass(view.ptr, &RowSum::new(view, x, f, 1, None, weigh), f, bias),
            Some((theta, o, Order::WeightFirst)) => {
                pass(view.ptr, &RowSum::new(view, &times(x, view.cols, theta), o, 1, None, weigh), o, bias)
            }
            Some((theta, _, Order::PassFirst)) => pass_times(view.ptr, &RowSum::new(view, x, f, 1, None, weigh), theta, bias),
        }
    }
}

/// Y `[outputs, O]` of A (`ToRows`) or of A^T; theta (`[F, O]`, O), bias `[O]`.
pub fn sparse_conv<E: Element>(
    a: Stored,
    direction: Direction,
    x: &[E],
    f: usize,
    theta: Option<(&[E], usize)>,
    bias: Option<&[E]>,
) -> Vec<E> {
    let (mut wide_bias, mut wide_theta) = (Vec::new(), Vec::new());
    let bias = bias.map(|b| (widened(b, &mut wide_bias), None));
    let theta = theta.map(|(t, o)| (Matrix::new(widened(t, &mut wide_theta), f, o), o, a.order(direction, f, o)));
    a.product(direction, x, f, theta, bias)
}

/// dY `[rows, O]` -> the wanted gradients of A X Θ + bias; `x` is read only for dΘ.
pub fn sparse_conv_backward<E: Element>(
    a: Stored,
    x: &[E],
    f: usize,
    theta: Option<(&[E], usize)>,
    dy: &[E],
    wanted: Wanted,
) -> Gradients<E> {
    let (to_rows, to_cols) = (Direction::ToRows, Direction::ToCols);
    let (rows, cols, o) = (a.outputs(to_rows), a.outputs(to_cols), theta.map_or(f, |t| t.1));
    let bias = wanted.bias.then(|| column_sums(dy, rows, o, None));
    let mut wide = Vec::new();
    let theta = theta.map(|(t, o)| Matrix::new(widened(t, &mut wide), f, o));
    let (dx, dtheta) = match theta {
        Some(theta) if wanted.theta => match a.order(to_rows, f, o) {
            Order::WeightFirst => {
                let g = a.product(to_cols, dy, o, None, None); // A^T dY [cols, O]
                (wanted.x.then(|| times(&g, cols, theta.t())), Some(transposed_product(x, &g, cols, f, o)))
            }
            Order::PassFirst => {
                let e = a.product(to_rows, x, f, None, None); // A X [rows, F]
                let dx = || a.product(to_cols, dy, o, Some((theta.t(), f, Order::WeightFirst)), None);
                (wanted.x.then(dx), Some(transposed_product(&e, dy, rows, f, o)))
            }
        },
        // The transposed product, with Θ^T on its own cheaper side.
        _ => {
            let theta = theta.map(|t| (t.t(), f, a.order(to_cols, o, f)));
            (wanted.x.then(|| a.product(to_cols, dy, o, theta, None)), None)
        }
    };
    Gradients { x: dx, theta: dtheta, bias }
}
