//! CPU form. (First cut: the reference, rounded to the storage type.)

use super::reference;
use crate::csr::{CsrPair, Direction};
use crate::element::{Element, narrow, widen};

/// a [rows, Hd], b [cols, Hd] -> s [nnz, Hd] in row-major order.
pub fn edge_score<E: Element>(pair: &CsrPair, a: &[E], b: &[E], heads: usize, slope: f64) -> Vec<E> {
    narrow(&reference::edge_score(&pair.view(Direction::ToRows), &widen(a), &widen(b), heads, slope))
}

/// ds [nnz, Hd] -> (da [rows, Hd], db [cols, Hd]).
pub fn edge_score_backward<E: Element>(pair: &CsrPair, a: &[E], b: &[E], heads: usize, slope: f64, ds: &[E]) -> (Vec<E>, Vec<E>) {
    let (da, db) = reference::edge_score_backward(&pair.view(Direction::ToRows), &widen(a), &widen(b), heads, slope, &widen(ds));
    (narrow(&da), narrow(&db))
}
