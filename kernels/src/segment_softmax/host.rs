//! CPU form. (First cut: the reference, rounded to the storage type.)

use super::reference;
use crate::csr::View;
use crate::element::{Element, narrow, widen};

/// s [nnz, Hd] -> p [nnz, Hd].
pub fn segment_softmax<E: Element>(view: &View, s: &[E], heads: usize) -> Vec<E> {
    narrow(&reference::segment_softmax(view, &widen(s), heads))
}

/// p, dp [nnz, Hd] -> ds [nnz, Hd].
pub fn segment_softmax_backward<E: Element>(view: &View, p: &[E], dp: &[E], heads: usize) -> Vec<E> {
    narrow(&reference::segment_softmax_backward(view, &widen(p), &widen(dp), heads))
}
