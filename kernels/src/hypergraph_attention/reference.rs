//! Plain loops in double precision: the definition of the op.

use super::AttentionConfig;
use crate::aggregate::reference::aggregate;
use crate::aggregate::{Fold, Reduce, Weights};
use crate::csr::{CsrPair, Direction};
use crate::edge_score::reference::{edge_score, edge_score_backward};
use crate::segment_softmax::reference::{segment_softmax, segment_softmax_backward};

/// Inputs of the op.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// `[rows, Hd·C]`
    pub x: &'a [f64],
    /// `[rows, Hd]`
    pub a: &'a [f64],
    /// `[cols, Hd]`
    pub b: &'a [f64],
    /// u `[rows]`
    pub row_scale: Option<&'a [f64]>,
    /// t `[cols]`
    pub col_scale: Option<&'a [f64]>,
}

fn head(x: &[f64], heads: usize, width: usize, h: usize) -> Vec<f64> {
    x.chunks((heads * width).max(1)).flat_map(|row| row[h * width..(h + 1) * width].to_vec()).collect()
}

fn put_head(out: &mut [f64], part: &[f64], heads: usize, width: usize, h: usize) {
    for (row, p) in out.chunks_mut((heads * width).max(1)).zip(part.chunks(width.max(1))) {
        row[h * width..(h + 1) * width].copy_from_slice(p);
    }
}

fn scale(s: Option<&[f64]>) -> Fold<&[f64], &[f64]> {
    Fold { output_scale: s, ..Fold::default() }
}

/// softmax `[nnz, Hd]` and the coefficients (softmax times constant value) of head `h` `[nnz]`.
fn coefficients(pair: &CsrPair, config: AttentionConfig, i: Inputs) -> (Vec<f64>, Vec<Vec<f64>>) {
    let rows = pair.view(Direction::ToRows);
    let s = edge_score(&rows, i.a, i.b, config.heads, config.slope);
    let p = segment_softmax(&pair.view(config.normalise), &s, config.heads);
    let per_head = (0..config.heads).map(|h| (0..pair.nnz()).map(|k| p[k * config.heads + h] * rows.value(k)).collect()).collect();
    (p, per_head)
}

/// O `[rows, Hd·C]`.
pub fn hypergraph_attention(pair: &CsrPair, config: AttentionConfig, i: Inputs) -> Vec<f64> {
    let (hd, c) = (config.heads, config.head_width);
    let mut out = vec![0.0; pair.rows() * hd * c];
    for (h, p) in coefficients(pair, config, i).1.iter().enumerate() {
        let w = Weights::Entries(&p[..]);
        let y = aggregate(&pair.view(Direction::ToCols), Reduce::Sum, &head(i.x, hd, c, h), c, w, scale(i.col_scale));
        let o = aggregate(&pair.view(Direction::ToRows), Reduce::Sum, &y, c, w, scale(i.row_scale));
        put_head(&mut out, &o, hd, c, h);
    }
    out
}

/// dO `[rows, Hd·C]` -> (dx `[rows, Hd·C]`, da `[rows, Hd]`, db `[cols, Hd]`), by the chain rule through the textbook composition.
pub fn hypergraph_attention_backward(pair: &CsrPair, config: AttentionConfig, i: Inputs, dout: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (hd, c) = (config.heads, config.head_width);
    let (rows, cols) = (pair.view(Direction::ToRows), pair.view(Direction::ToCols));
    let (softmax, per_head) = coefficients(pair, config, i);
    let mut dx = vec![0.0; i.x.len()];
    let mut dp = vec![0.0; pair.nnz() * hd];
    for (h, p) in per_head.iter().enumerate() {
        let (w, xh) = (Weights::Entries(&p[..]), head(i.x, hd, c, h));
        let mut doh = head(dout, hd, c, h);
        for (r, chunk) in doh.chunks_mut(c.max(1)).enumerate() {
            chunk.iter_mut().for_each(|d| *d *= i.row_scale.map_or(1.0, |u| u[r]));
        }
        let y = aggregate(&cols, Reduce::Sum, &xh, c, w, scale(i.col_scale));
        let dy = aggregate(&cols, Reduce::Sum, &doh, c, w, scale(i.col_scale));
        put_head(&mut dx, &aggregate(&rows, Reduce::Sum, &dy, c, w, Fold::default()), hd, c, h);
        for r in 0..pair.rows() {
            for k in rows.range(r) {
                let e = rows.col[k] as usize;
                let dot: f64 = (0..c).map(|f| doh[r * c + f] * y[e * c + f] + xh[r * c + f] * dy[e * c + f]).sum();
                dp[k * hd + h] = rows.value(k) * dot;
            }
        }
    }
    let ds = segment_softmax_backward(&pair.view(config.normalise), &softmax, &dp, hd);
    let (da, db) = edge_score_backward(&rows, i.a, i.b, hd, config.slope, &ds);
    (dx, da, db)
}
