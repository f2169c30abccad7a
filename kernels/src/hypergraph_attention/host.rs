//! CPU form. (First cut: the reference, rounded to the storage type.)

use super::{AttentionConfig, reference};
use crate::aggregate::{Fold, Reduce, Weights};
use crate::csr::{CsrPair, Direction};
use crate::element::{Acc, Element, narrow, widen};

/// Inputs of the op.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a, E> {
    /// [rows, Hd·C]
    pub x: &'a [E],
    /// [rows, Hd]
    pub a: &'a [E],
    /// [cols, Hd]
    pub b: &'a [E],
    /// u [rows]
    pub row_scale: Option<&'a [f64]>,
    /// t [cols]
    pub col_scale: Option<&'a [f64]>,
}

/// Results of the forward pass.
#[derive(Debug, Clone)]
pub struct Output<E: Element> {
    /// O [rows, Hd·C]
    pub out: Vec<E>,
    /// Y [cols, Hd·C]
    pub edge: Vec<E>,
    /// L [rows or cols, Hd]
    pub lse: Vec<E::Acc>,
}

/// What the backward pass reads of the forward pass.
#[derive(Debug, Clone, Copy)]
pub struct Saved<'a, E: Element> {
    /// O [rows, Hd·C]
    pub out: &'a [E],
    /// Y [cols, Hd·C]
    pub edge: &'a [E],
    /// L [rows or cols, Hd]
    pub lse: &'a [E::Acc],
}

/// The forward pass.
pub fn hypergraph_attention<E: Element>(pair: &CsrPair, config: AttentionConfig, i: Inputs<E>) -> Output<E> {
    let (x, a, b) = (widen(i.x), widen(i.a), widen(i.b));
    let wide = reference::Inputs { x: &x, a: &a, b: &b, row_scale: i.row_scale, col_scale: i.col_scale };
    let out = narrow(&reference::hypergraph_attention(pair, config, wide));
    let s = crate::edge_score::reference::edge_score(&pair.view(Direction::ToRows), &a, &b, config.heads, config.slope);
    let view = pair.view(config.normalise);
    let (hd, c) = (config.heads, config.head_width);
    let mut lse = vec![E::Acc::NEG_INFINITY; view.rows() * hd];
    let p = crate::segment_softmax::reference::segment_softmax(&view, &s, hd);
    for r in 0..view.rows() {
        for h in 0..hd {
            if let Some(k) = view.range(r).next() {
                let at = view.position(k) * hd + h;
                lse[r * hd + h] = E::Acc::from_f64(s[at] - p[at].ln());
            }
        }
    }
    let cols = pair.view(Direction::ToCols);
    let rows = pair.view(Direction::ToRows);
    let mut edge = vec![E::from_f64(0.0); pair.cols() * hd * c];
    for h in 0..hd {
        let xh: Vec<f64> = x.chunks((hd * c).max(1)).flat_map(|r| r[h * c..(h + 1) * c].to_vec()).collect();
        let ph: Vec<f64> = (0..pair.nnz()).map(|k| p[k * hd + h] * rows.value(k)).collect();
        let fold = Fold { output_scale: i.col_scale, ..Fold::default() };
        let y = crate::aggregate::reference::aggregate(&cols, Reduce::Sum, &xh, c, Weights::Entries(&ph), fold);
        for (e, row) in y.chunks(c.max(1)).enumerate() {
            for (f, &v) in row.iter().enumerate() {
                edge[(e * hd + h) * c + f] = E::from_f64(v);
            }
        }
    }
    Output { out, edge, lse }
}

/// dO [rows, Hd·C] -> (dx [rows, Hd·C], da [rows, Hd], db [cols, Hd]).
pub fn hypergraph_attention_backward<E: Element>(
    pair: &CsrPair,
    config: AttentionConfig,
    i: Inputs<E>,
    _saved: Saved<E>,
    dout: &[E],
) -> (Vec<E>, Vec<E>, Vec<E>) {
    let (x, a, b) = (widen(i.x), widen(i.a), widen(i.b));
    let wide = reference::Inputs { x: &x, a: &a, b: &b, row_scale: i.row_scale, col_scale: i.col_scale };
    let (dx, da, db) = reference::hypergraph_attention_backward(pair, config, wide, &widen(dout));
    (narrow(&dx), narrow(&da), narrow(&db))
}
