//! CPU form. (First cut: the reference, rounded to the storage type.)

use super::{Scales, reference};
use crate::csr::CsrPair;
use crate::element::{Element, narrow, widen};

/// Gradients, as far as they were wanted.
#[derive(Debug, Clone)]
pub struct Gradients<E> {
    /// [rows, F]
    pub x: Option<Vec<E>>,
    /// [F, O]
    pub theta: Option<Vec<E>>,
    /// [O]
    pub bias: Option<Vec<E>>,
}

/// Which gradients are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// dX
    pub x: bool,
    /// dΘ
    pub theta: bool,
    /// dbias
    pub bias: bool,
}

/// Y [rows, O]; theta ([F, O], O), bias ([O], c [rows]).
pub fn hypergraph_conv<E: Element>(
    pair: &CsrPair,
    scales: Scales<&[f64]>,
    x: &[E],
    f: usize,
    theta: Option<(&[E], usize)>,
    bias: Option<(&[E], Option<&[f64]>)>,
) -> Vec<E> {
    let t = theta.map(|(t, o)| (widen(t), o));
    let b = bias.map(|(b, c)| (widen(b), c));
    narrow(&reference::hypergraph_conv(
        pair,
        scales,
        &widen(x),
        f,
        t.as_ref().map(|(t, o)| (&t[..], *o)),
        b.as_ref().map(|(b, c)| (&b[..], *c)),
    ))
}

/// dY [rows, O] -> the wanted gradients; `c` is the scale of the bias.
pub fn hypergraph_conv_backward<E: Element>(
    pair: &CsrPair,
    scales: Scales<&[f64]>,
    x: &[E],
    f: usize,
    theta: Option<(&[E], usize)>,
    c: Option<&[f64]>,
    dy: &[E],
    wanted: Wanted,
) -> Gradients<E> {
    let t = theta.map(|(t, o)| (widen(t), o));
    let (dx, dt, db) =
        reference::hypergraph_conv_backward(pair, scales, &widen(x), f, t.as_ref().map(|(t, o)| (&t[..], *o)), c, &widen(dy));
    Gradients {
        x: wanted.x.then(|| narrow(&dx)),
        theta: (wanted.theta && theta.is_some()).then(|| narrow(&dt)),
        bias: wanted.bias.then(|| narrow(&db)),
    }
}
