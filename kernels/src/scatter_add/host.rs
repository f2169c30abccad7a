//! CPU form: the sum over each output row's sorted segment, which is `aggregate` over the transposed index pattern.

use crate::aggregate::host::aggregate;
use crate::aggregate::{Fold, Reduce, Weights};
use crate::csr::{CsrPair, Direction};
use crate::element::Element;

/// index pattern `[I, N]`, x `[I, F]` -> y `[N, F]`.
pub fn scatter_add<E: Element>(index: &CsrPair, x: &[E], width: usize) -> Vec<E> {
    aggregate(&index.view(Direction::ToCols), Reduce::Sum, x, width, Weights::Ones, Fold::default())
}
