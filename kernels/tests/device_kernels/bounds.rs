//! How far a device may err, element by element: relative to the sum of the absolute values of the terms of each result.

use hypergraphql_kernels::aggregate::reference::{aggregate, entry_dot, weight};
use hypergraphql_kernels::aggregate::{Fold, Reduce, Weights};
use hypergraphql_kernels::edge_score::reference::{edge_score, edge_score_backward};
use hypergraphql_kernels::hypergraph_attention::AttentionConfig;
use hypergraphql_kernels::hypergraph_attention::reference::Inputs;
use hypergraphql_kernels::segment_softmax::reference::segment_softmax;
use hypergraphql_kernels::set_attention::SetAttentionConfig;
use hypergraphql_kernels::{CsrPair, DType, Direction, View};

/// Roundings in f32 that the longest row of these tests may add up: they walk at random, so that 2,611 terms count some 2·√2611.
const SUM: f64 = 120.0;

/// The error allowed of each element: `stages` roundings to the storage type and SUM + `slack` of f32, of the sum of its absolute terms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) stages: f64,
    pub(crate) slack: f64,
}

/// One rounding to the storage type, no exponential.
pub(crate) const PLAIN: Bound = Bound { stages: 1.0, slack: 0.0 };

impl Bound {
    pub(crate) fn check(self, what: &str, dtype: DType, got: &[f64], want: &[f64], magnitudes: &[f64]) {
        assert_eq!((got.len(), magnitudes.len()), (want.len(), want.len()), "{what}");
        let factor = self.stages * dtype.unit_roundoff() + (SUM + self.slack) * DType::F32.unit_roundoff();
        // Half of the smallest number; f32 below the normal ones may become 0.
        let tiny = if dtype == DType::F16 { 3.0e-8 } else { 1.2e-38 };
        for (i, ((g, w), m)) in got.iter().zip(want).zip(magnitudes).enumerate() {
            let bound = factor * m + self.stages * tiny;
            let close = g == w || (g.is_nan() && w.is_nan()) || (g - w).abs() <= bound;
            assert!(close, "{what} {dtype}: element {i} of {} is {g}, expected {w} within {bound:e}", want.len());
        }
    }
}

pub(crate) fn abs(x: &[f64]) -> Vec<f64> {
    x.iter().map(|v| v.abs()).collect()
}

/// The pattern with the absolute values of its constants.
fn absolute(pair: &CsrPair) -> CsrPair {
    let rows = pair.view(Direction::ToRows);
    CsrPair::new(rows.ptr.to_vec(), rows.col.to_vec(), rows.cols, rows.values.map(abs)).unwrap()
}

fn abs_weights<'a>(weights: Weights<&[f64]>, store: &'a mut Vec<f64>) -> Weights<&'a [f64]> {
    match weights {
        Weights::Ones => Weights::Ones,
        Weights::Values => Weights::Values,
        Weights::Entries(w) => {
            *store = abs(w);
            Weights::Entries(store)
        }
    }
}

/// Of a pass whose results are `want`.
pub(crate) fn of_pass(
    pair: &CsrPair,
    direction: Direction,
    reduce: Reduce,
    x: &[f64],
    width: usize,
    weights: Weights<&[f64]>,
    fold: Fold<&[f64], &[f64]>,
    want: &[f64],
) -> Vec<f64> {
    if matches!(reduce, Reduce::Max | Reduce::Min) {
        // One term and the bias.
        let unbiased = aggregate(&pair.view(direction), reduce, x, width, weights, Fold { bias: None, ..fold });
        return unbiased.iter().zip(want).map(|(y, w)| y.abs() + (w - y).abs()).collect();
    }
    let (mut store, t, s) = (vec![], fold.input_scale.map(abs), fold.output_scale.map(abs));
    let bias = fold.bias.map(|(b, c)| (abs(b), c.map(abs)));
    let fold = Fold { input_scale: t.as_deref(), output_scale: s.as_deref(), bias: bias.as_ref().map(|(b, c)| (&b[..], c.as_deref())) };
    aggregate(&absolute(pair).view(direction), reduce, &abs(x), width, abs_weights(weights, &mut store), fold)
}

/// Of the gradients of a max or min: the absolute terms of the entries that attain it.
pub(crate) fn of_extremum_gradients(
    view: &View,
    reduce: Reduce,
    x: &[f64],
    width: usize,
    w: Weights<&[f64]>,
    dy: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let (mut dx, mut dw) = (vec![0.0; x.len()], vec![0.0; view.nnz()]);
    for r in 0..view.rows() {
        for f in 0..width {
            let term = |k: usize| weight(view, w, k) * x[view.col[k] as usize * width + f];
            let better = |b: f64, a: f64| (b.is_nan() && !a.is_nan()) || if reduce == Reduce::Max { b > a } else { b < a };
            if let Some(k) = view.range(r).reduce(|a, b| if better(term(b), term(a)) { b } else { a }) {
                let at = view.col[k] as usize * width + f;
                dx[at] += (weight(view, w, k) * dy[r * width + f]).abs();
                dw[view.position(k)] += (x[at] * dy[r * width + f]).abs();
            }
        }
    }
    (dx, dw)
}

/// Of the gradient of a softmax p: |ds| <= p (|dp| + Σ p |dp|).
pub(crate) fn of_softmax_gradient(view: &View, p: &[f64], dp: &[f64], heads: usize) -> Vec<f64> {
    let mut magnitudes = vec![0.0; p.len()];
    for r in 0..view.rows() {
        for h in 0..heads {
            let at = |k: usize| view.position(k) * heads + h;
            let dot: f64 = view.range(r).map(|k| p[at(k)] * dp[at(k)].abs()).sum();
            view.range(r).for_each(|k| magnitudes[at(k)] = p[at(k)] * (dp[at(k)].abs() + dot));
        }
    }
    magnitudes
}

/// Of the gradients of a root-mean-square norm: s (|g| + |x| s² mean |g x|) and Σ |dy x s|.
pub(crate) fn of_rms_norm_gradients(x: &[f64], w: &[f64], epsilon: f64, dy: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let width = w.len().max(1);
    let (mut dx, mut dw) = (vec![], vec![0.0; w.len()]);
    for (x, dy) in x.chunks(width).zip(dy.chunks(width)) {
        let s = 1.0 / (x.iter().map(|v| v * v).sum::<f64>() / width as f64 + epsilon).sqrt();
        let mean = (0..x.len()).map(|f| (w[f] * dy[f] * x[f]).abs()).sum::<f64>() / width as f64;
        for f in 0..x.len() {
            dx.push(s * ((w[f] * dy[f]).abs() + x[f].abs() * s * s * mean));
            dw[f] += (dy[f] * x[f] * s).abs();
        }
    }
    (dx, dw)
}

/// Of the results of an attention.
pub(crate) struct OfAttention {
    pub(crate) out: Vec<f64>,
    pub(crate) dx: Vec<f64>,
    pub(crate) da: Vec<f64>,
    pub(crate) db: Vec<f64>,
}

/// The attention of absolute features, scales and constants with the scores as they are.
pub(crate) fn of_attention(pair: &CsrPair, config: AttentionConfig, i: Inputs, dout: &[f64]) -> OfAttention {
    let AttentionConfig { heads, head_width: c, slope, normalise } = config;
    let (pair, x, dout) = (absolute(pair), abs(i.x), abs(dout));
    let (u, t) = (i.row_scale.map(abs), i.col_scale.map(abs));
    let (rows, cols, view) = (pair.view(Direction::ToRows), pair.view(Direction::ToCols), pair.view(normalise));
    let softmax = segment_softmax(&view, &edge_score(&rows, i.a, i.b, heads, slope), heads);
    let of_head =
        |x: &[f64], h: usize| -> Vec<f64> { x.chunks((heads * c).max(1)).flat_map(|row| row[h * c..(h + 1) * c].to_vec()).collect() };
    let (mut out, mut dx, mut ds) = (vec![0.0; x.len()], vec![0.0; x.len()], vec![0.0; softmax.len()]);
    for h in 0..heads {
        let p: Vec<f64> = (0..pair.nnz()).map(|k| softmax[k * heads + h] * rows.value(k)).collect();
        let pass = |view: &View, x: &[f64], input_scale, output_scale| {
            aggregate(view, Reduce::Sum, x, c, Weights::Entries(&p), Fold { input_scale, output_scale, bias: None })
        };
        let (xh, dh) = (of_head(&x, h), of_head(&dout, h));
        let (y, g) = (pass(&cols, &xh, None, t.as_deref()), pass(&cols, &dh, u.as_deref(), t.as_deref()));
        for (whole, part) in [(&mut out, pass(&rows, &y, None, u.as_deref())), (&mut dx, pass(&rows, &g, None, None))] {
            for (k, v) in part.into_iter().enumerate() {
                whole[(k / c * heads + h) * c + k % c] = v;
            }
        }
        let scaled: Vec<f64> = dh.iter().enumerate().map(|(k, v)| v * u.as_ref().map_or(1.0, |u| u[k / c])).collect();
        let (left, right) = (entry_dot(&rows, &scaled, &y, c), entry_dot(&rows, &xh, &g, c));
        let dp: Vec<f64> = (0..pair.nnz()).map(|k| rows.value(k) * (left[k] + right[k])).collect();
        for r in 0..view.rows() {
            let at = |k: usize| view.position(k);
            let total: f64 = view.range(r).map(|k| softmax[at(k) * heads + h] * dp[at(k)]).sum();
            view.range(r).for_each(|k| ds[at(k) * heads + h] = softmax[at(k) * heads + h] * (dp[at(k)] + total));
        }
    }
    let (da, db) = edge_score_backward(&rows, i.a, i.b, heads, slope, &ds);
    OfAttention { out, dx, da, db }
}

/// Sums of absolute terms of dQ, dK and dV: with |dp| = Σ |dO V| and its mean over p, |dz| <= scale · leaky' · p (|dp| + mean).
pub(crate) fn of_set_attention(
    c: SetAttentionConfig,
    view: &View,
    q: &[f64],
    k: &[f64],
    v: &[f64],
    dout: &[f64],
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (mut dq, mut dk, mut dv) = (vec![0.0; q.len()], vec![0.0; k.len()], vec![0.0; v.len()]);
    for (e, s, h) in (0..view.rows()).flat_map(|e| (0..c.seeds).flat_map(move |s| (0..c.heads).map(move |h| (e, s, h)))) {
        let (seed, d) = ((s * c.heads + h) * c.head_width, ((e * c.seeds + s) * c.heads + h) * c.head_width);
        let at = |i: usize| (view.col[i] as usize * c.heads + h) * c.head_width;
        let z = |i: usize| c.scale * (0..c.head_width).map(|f| q[seed + f] * k[at(i) + f]).sum::<f64>();
        let scores: Vec<f64> = view.range(e).map(|i| if z(i) > 0.0 { z(i) } else { c.slope * z(i) }).collect();
        let m = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = scores.iter().map(|s| (s - m).exp()).sum();
        let dp = |i: usize| (0..c.head_width).map(|f| (dout[d + f] * v[at(i) + f]).abs()).sum::<f64>();
        let mean: f64 = view.range(e).zip(&scores).map(|(i, s)| (s - m).exp() / sum * dp(i)).sum();
        for (i, s) in view.range(e).zip(&scores) {
            let p = (s - m).exp() / sum;
            let dz = c.scale.abs() * if z(i) > 0.0 { 1.0 } else { c.slope } * p * (dp(i) + mean);
            for f in 0..c.head_width {
                dq[seed + f] += dz * k[at(i) + f].abs();
                dk[at(i) + f] += dz * q[seed + f].abs();
                dv[at(i) + f] += p * dout[d + f].abs();
            }
        }
    }
    (dq, dk, dv)
}
