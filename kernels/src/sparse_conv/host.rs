//! CPU form. (First cut: the reference, rounded to the storage type.)

use super::reference;
use crate::csr::View;
use crate::element::{Element, narrow, widen};

/// Y [rows, O]; theta ([F, O], O), bias [O].
pub fn sparse_conv<E: Element>(view: &View, x: &[E], f: usize, theta: Option<(&[E], usize)>, bias: Option<&[E]>) -> Vec<E> {
    let t = theta.map(|(t, o)| (widen(t), o));
    let b = bias.map(widen);
    narrow(&reference::sparse_conv(view, &widen(x), f, t.as_ref().map(|(t, o)| (&t[..], *o)), b.as_deref()))
}
