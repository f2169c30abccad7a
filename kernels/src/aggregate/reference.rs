//! Plain loops in double precision: the definition of the op.

use std::ops::Range;

use super::{Fold, Reduce, Weights};
use crate::csr::View;

/// Weight of entry `k` of `view`.
pub fn weight(view: &View, weights: Weights<&[f64]>, k: usize) -> f64 {
    match weights {
        Weights::Ones => 1.0,
        Weights::Values => view.value(k),
        Weights::Entries(w) => w[view.position(k)],
    }
}

/// The pass; x `[cols, F]` -> y `[rows, F]`.
pub fn aggregate(view: &View, reduce: Reduce, x: &[f64], width: usize, weights: Weights<&[f64]>, fold: Fold<&[f64], &[f64]>) -> Vec<f64> {
    let mut y = vec![0.0; view.rows() * width];
    for r in 0..view.rows() {
        for f in 0..width {
            let terms: Vec<f64> = view
                .range(r)
                .map(|k| {
                    let c = view.col[k] as usize;
                    weight(view, weights, k) * fold.input_scale.map_or(1.0, |t| t[c]) * x[c * width + f]
                })
                .collect();
            let combined = match reduce {
                _ if terms.is_empty() => 0.0,
                Reduce::Sum => terms.iter().sum(),
                Reduce::Mean => terms.iter().sum::<f64>() / terms.len() as f64,
                Reduce::Max => terms.iter().copied().fold(f64::NEG_INFINITY, |a, b| if a >= b || a.is_nan() { a } else { b }),
                Reduce::Min => terms.iter().copied().fold(f64::INFINITY, |a, b| if a <= b || a.is_nan() { a } else { b }),
            };
            let bias = fold.bias.map_or(0.0, |(b, c)| b[f] * c.map_or(1.0, |c| c[r]));
            y[r * width + f] = fold.output_scale.map_or(1.0, |s| s[r]) * combined + bias;
        }
    }
    y
}

/// The first entry that attains the extremum, if there is one; NaN beats all others.
fn first_best(entries: Range<usize>, term: impl Fn(usize) -> f64, beats: impl Fn(f64, f64) -> bool) -> Vec<(usize, f64)> {
    let better = |new: f64, old: f64| beats(new, old) || (new.is_nan() && !old.is_nan());
    entries.reduce(|a, b| if better(term(b), term(a)) { b } else { a }).map(|k| (k, 1.0)).into_iter().collect()
}

/// Gradients of `aggregate` without fold: dy `[rows, F]` -> dx `[cols, F]`, dw `[nnz]` in row-major order.
pub fn aggregate_backward(
    view: &View,
    reduce: Reduce,
    x: &[f64],
    width: usize,
    weights: Weights<&[f64]>,
    dy: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let mut dx = vec![0.0; view.cols * width];
    let mut dw = vec![0.0; view.nnz()];
    for r in 0..view.rows() {
        let range = view.range(r);
        for f in 0..width {
            let term = |k: usize| weight(view, weights, k) * x[view.col[k] as usize * width + f];
            let chosen: Vec<(usize, f64)> = match reduce {
                Reduce::Sum => range.clone().map(|k| (k, 1.0)).collect(),
                Reduce::Mean => range.clone().map(|k| (k, 1.0 / range.len() as f64)).collect(),
                Reduce::Max => first_best(range.clone(), term, |a, b| a > b),
                Reduce::Min => first_best(range.clone(), term, |a, b| a < b),
            };
            for (k, share) in chosen {
                let c = view.col[k] as usize * width + f;
                dx[c] += share * weight(view, weights, k) * dy[r * width + f];
                dw[view.position(k)] += share * x[c] * dy[r * width + f];
            }
        }
    }
    (dx, dw)
}

/// out_k = Σ_f a`[row(k), f]` · b`[col(k), f]` for every entry, in row-major order of the matrix; a `[rows, F]`, b `[cols, F]`.
pub fn entry_dot(view: &View, a: &[f64], b: &[f64], width: usize) -> Vec<f64> {
    let mut out = vec![0.0; view.nnz()];
    for r in 0..view.rows() {
        for k in view.range(r) {
            let c = view.col[k] as usize;
            out[view.position(k)] = (0..width).map(|f| a[r * width + f] * b[c * width + f]).sum();
        }
    }
    out
}
