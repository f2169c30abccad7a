//! CPU form. (First cut: the reference, rounded to the storage type.)

use super::{Fold, Reduce, Weights, reference};
use crate::csr::{CsrPair, Direction, View};
use crate::element::{Element, narrow, widen};

fn widen_weights<E: Element>(w: Weights<&[E]>) -> Option<Vec<f64>> {
    match w {
        Weights::Entries(w) => Some(widen(w)),
        Weights::Ones | Weights::Values => None,
    }
}

fn as_weights<'a, E>(kind: &Weights<&[E]>, wide: &'a Option<Vec<f64>>) -> Weights<&'a [f64]> {
    match (kind, wide) {
        (_, Some(w)) => Weights::Entries(w),
        (Weights::Values, None) => Weights::Values,
        _ => Weights::Ones,
    }
}

/// The pass; x [cols, F] -> y [rows, F].
pub fn aggregate<E: Element>(
    view: &View,
    reduce: Reduce,
    x: &[E],
    width: usize,
    weights: Weights<&[E]>,
    fold: Fold<&[f64], &[E]>,
) -> Vec<E> {
    let wide = widen_weights(weights);
    let bias = fold.bias.map(|(b, c)| (widen(b), c));
    let fold = Fold { input_scale: fold.input_scale, output_scale: fold.output_scale, bias: bias.as_ref().map(|(b, c)| (&b[..], *c)) };
    narrow(&reference::aggregate(view, reduce, &widen(x), width, as_weights(&weights, &wide), fold))
}

/// Gradients of a max or min pass in `direction`: dy [outputs, F] -> dx [inputs, F], and dw [nnz] (row-major) when the weights are entries.
pub fn extremum_backward<E: Element>(
    pair: &CsrPair,
    direction: Direction,
    reduce: Reduce,
    x: &[E],
    width: usize,
    weights: Weights<&[E]>,
    dy: &[E],
) -> (Vec<E>, Option<Vec<E>>) {
    let wide = widen_weights(weights);
    let (dx, dw) = reference::aggregate_backward(&pair.view(direction), reduce, &widen(x), width, as_weights(&weights, &wide), &widen(dy));
    (narrow(&dx), wide.map(|_| narrow(&dw)))
}

/// Inner products per entry, [nnz] in row-major order of the matrix; a [rows, F], b [cols, F].
pub fn entry_dot<E: Element>(view: &View, a: &[E], b: &[E], width: usize) -> Vec<E> {
    narrow(&reference::entry_dot(view, &widen(a), &widen(b), width))
}
