//! CPU form: the normaliser of each segment first (it reads only a and b), then passes whose coefficients are made from it row by row;
//! `scores` has the coefficients, `backward` the gradients.

mod backward;
mod scores;

use std::ops::Range;

pub use backward::hypergraph_attention_backward;
use scores::{Prepared, Scores, normalisers};

use super::AttentionConfig;
use crate::csr::{CsrPair, Direction};
use crate::dense::pass;
use crate::element::Element;
use crate::row_sum::RowSum;

/// Inputs of the op.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a, E> {
    /// `[rows, Hd·C]`
    pub x: &'a [E],
    /// `[rows, Hd]`
    pub a: &'a [E],
    /// `[cols, Hd]`
    pub b: &'a [E],
    /// u `[rows]`
    pub row_scale: Option<&'a [f64]>,
    /// t `[cols]`
    pub col_scale: Option<&'a [f64]>,
}

/// Results of the forward pass.
#[derive(Debug, Clone)]
pub struct Output<E: Element> {
    /// O `[rows, Hd·C]`
    pub out: Vec<E>,
    /// Y `[cols, Hd·C]`
    pub edge: Vec<E>,
    /// N [rows or cols, 2, Hd]: the largest scores m, then ln Σ exp(s − m)
    pub normaliser: Vec<E::Acc>,
}

/// What the backward pass reads of the forward pass.
#[derive(Debug, Clone, Copy)]
pub struct Saved<'a, E: Element> {
    /// O `[rows, Hd·C]`
    pub out: &'a [E],
    /// Y `[cols, Hd·C]`
    pub edge: &'a [E],
    /// N [rows or cols, 2, Hd]: the largest scores m, then ln Σ exp(s − m)
    pub normaliser: &'a [E::Acc],
}
/// row scale · Σ_k p_k · column factor · x_col(k)
fn weighted_pass<'a, E: Element>(
    s: &Scores<'a, E::Acc>,
    x: &'a [E],
    width: usize,
    row: Option<&'a [E::Acc]>,
    column: Option<&'a [E::Acc]>,
) -> Vec<E> {
    let sums = RowSum::new(
        s.view,
        x,
        width,
        s.heads,
        row,
        Some(|rows: Range<usize>, entries: Range<usize>, w: &mut [E::Acc]| s.coefficients(rows, entries, column, w)),
    );
    pass(s.view.ptr, &sums, width, None)
}

/// dx alone, where neither a nor b is tracked: both passes with the coefficients of the transpose, and no gradient of a logit.
pub fn input_gradient<E: Element>(pair: &CsrPair, config: AttentionConfig, i: Inputs<E>, normaliser: &[E::Acc], dout: &[E]) -> Vec<E> {
    let width = config.heads * config.head_width;
    let p = Prepared::new(&i);
    let g = weighted_pass(&p.scores(pair, Direction::ToCols, config, normaliser), dout, width, None, p.u.as_deref());
    weighted_pass(&p.scores(pair, Direction::ToRows, config, normaliser), &g, width, None, p.t.as_deref())
}

/// The forward pass.
pub fn hypergraph_attention<E: Element>(pair: &CsrPair, config: AttentionConfig, i: Inputs<E>) -> Output<E> {
    let width = config.heads * config.head_width;
    let p = Prepared::new(&i);
    if config.heads == 0 {
        return Output { out: vec![], edge: vec![], normaliser: vec![] };
    }
    let normaliser = normalisers(&p.scores(pair, config.normalise, config, &[]));
    let edge = weighted_pass(&p.scores(pair, Direction::ToCols, config, &normaliser), i.x, width, p.t.as_deref(), None);
    let out = weighted_pass(&p.scores(pair, Direction::ToRows, config, &normaliser), &edge, width, p.u.as_deref(), None);
    Output { out, edge, normaliser }
}
