//! Cases of `hypergraph_attention`.

use std::sync::Arc;

use burn::backend::Autodiff;
use hypergraphql_kernels::aggregate::reference::{aggregate, entry_dot};
use hypergraphql_kernels::aggregate::{Fold, Reduce, Weights};
use hypergraphql_kernels::edge_score::reference::{edge_score, edge_score_backward};
use hypergraphql_kernels::hypergraph_attention::AttentionConfig;
use hypergraphql_kernels::hypergraph_attention::reference::{Inputs, hypergraph_attention, hypergraph_attention_backward};
use hypergraphql_kernels::segment_softmax::reference::segment_softmax;
use hypergraphql_kernels::{CsrPair, Direction};

use super::bound::Expected;
use super::numbers::{abs, scale_rows, scales};
use super::pattern::{Pattern, Valued, patterns};
use super::rows::{primitive, wrap};
use super::suite::{Again, Case, Suite, as_they_are};
use crate::backend::{Attention, AttentionInput, HyperBackend};

/// Exponents stay within ±8 or so: exp may err by 3 + 2·8 units in the last place, twice a coefficient, thrice a result.
const SLACK: f64 = 150.0;

/// Scales, constants and the size of the numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    /// Neither scales nor constants.
    Plain,
    /// With scales.
    Scaled,
    /// With scales and constants.
    Valued,
    /// Logits around 60,000, of which f32 keeps 0.004: the softmax must not be made of their size. Features around 30,000 as well; the
    /// scales keep sums of 5,000 of them within f16, and make gradients of features so small that f16 holds a digit or two of them.
    Large,
}

fn doubled(x: &[f64]) -> Vec<f64> {
    x.iter().map(|v| 2.0 * v).collect()
}

/// Around 30,000 in steps of a quarter, so that sums of two are exact in f32.
fn large(x: &[f64]) -> Vec<f64> {
    x.iter().map(|v| 30_000.0 + (16.0 * v).round() / 4.0).collect()
}

pub(super) fn run<B: HyperBackend>(suite: &mut Suite<B>) {
    for p in &patterns() {
        for &(heads, head_width) in p.heads {
            for normalise in [Direction::ToCols, Direction::ToRows] {
                for form in [Form::Scaled, Form::Valued, Form::Plain, Form::Large] {
                    let config = AttentionConfig { heads, head_width, slope: 0.2, normalise };
                    case(suite, p, config, form);
                }
            }
        }
    }
}

fn case<B: HyperBackend>(suite: &mut Suite<B>, p: &Pattern, config: AttentionConfig, form: Form) {
    let AttentionConfig { heads, head_width, normalise, .. } = config;
    let (n, m, width) = (p.rows(), p.cols(), heads * head_width);
    let valued = p.valued((form == Form::Valued).then(|| p.constants()));
    let host = match form {
        Form::Plain => None,
        Form::Scaled | Form::Valued => Some((scales(n, 51), scales(m, 53))),
        Form::Large => Some((vec![1.0 / 256.0; n], vec![1.0 / 4096.0; m])),
    };
    let up = |s: &[f64]| B::scale(Arc::from(s), suite.device);
    let attention =
        Attention::<Autodiff<B>> { config, row_scale: host.as_ref().map(|h| up(&h.0)), col_scale: host.as_ref().map(|h| up(&h.1)) };
    let pattern = suite.sparse(valued.pair.clone());
    suite.case(Case {
        op: "hypergraph_attention",
        name: format!("{}/h{heads}x{head_width}/{normalise:?}/{form:?}", p.name),
        inputs: vec![[n, width], [n, heads], [m, heads]],
        prepare: if form == Form::Large { |_, x| large(x) } else { |_, x| doubled(x) },
        output: [n, width],
        gradient: as_they_are,
        again: Again::of(p.name),
        reference: Box::new(move |x, dout| {
            let host = host.as_ref().map(|h| (&h.0[..], &h.1[..]));
            reference(&valued, config, host, p.longest(), x, dout)
        }),
        run: Box::new(move |x| {
            let input = AttentionInput { x: primitive(&x[0]), a: primitive(&x[1]), b: primitive(&x[2]) };
            wrap(Autodiff::<B>::hypergraph_attention(&pattern, &attention, input).out)
        }),
    });
}

type Host<'a> = Option<(&'a [f64], &'a [f64])>;

fn reference(valued: &Valued, config: AttentionConfig, host: Host, longest: usize, x: &[Vec<f64>], dout: &[f64]) -> Vec<Expected> {
    let (row_scale, col_scale) = (host.map(|h| h.0), host.map(|h| h.1));
    let given = Inputs { x: &x[0], a: &x[1], b: &x[2], row_scale, col_scale };
    let out = hypergraph_attention(&valued.pair, config, given);
    let (dx, da, db) = hypergraph_attention_backward(&valued.pair, config, given, dout);
    let absolute = abs(&x[0]);
    let positive = Inputs { x: &absolute, ..given };
    let out_magnitude = hypergraph_attention(&valued.abs, config, positive);
    let dx_magnitude = hypergraph_attention_backward(&valued.abs, config, positive, &abs(dout)).0;
    let [(ma, ua), (mb, ub)] = score_errors(&valued.abs, config, positive, &abs(dout));
    // Y (or G) is stored, then the result; da and db read both, on the CPU also O.
    let terms = longest.max(config.head_width);
    [(out, out_magnitude, 2.0, vec![]), (dx, dx_magnitude, 2.0, vec![]), (da, ma, 5.0, ua), (db, mb, 5.0, ub)]
        .map(|(v, m, stages, u)| Expected::new(v, m, stages, terms).with_slack(SLACK).with_underflow(u))
        .into()
}

/// Features of head `h`.
fn head(x: &[f64], config: AttentionConfig, h: usize) -> Vec<f64> {
    let AttentionConfig { heads, head_width: c, .. } = config;
    x.chunks((heads * c).max(1)).flat_map(|row| row[h * c..(h + 1) * c].to_vec()).collect()
}

/// For da and db, the sums of absolute terms, and what the stored arrays are multiplied by; every number given is positive.
///
/// With dp = u ⟨dO, Y⟩ + t ⟨x, G⟩ and T the sum of softmax · value · dp over a segment, |ds| <= softmax · (value · dp + T). An error of 1 in
/// each number of Y and G changes dp by u Σ dO + t Σ x, and T by the sum of that. The CPU makes T of stored arrays, ⟨Y, G⟩ of a hyperedge or
/// ⟨dO, O⟩ of a node: an error of 1 in O changes it by Σ dO.
fn score_errors(pair: &CsrPair, config: AttentionConfig, i: Inputs, dout: &[f64]) -> [(Vec<f64>, Vec<f64>); 2] {
    let AttentionConfig { heads, head_width: c, slope, normalise } = config;
    let (rows, cols, view) = (pair.view(Direction::ToRows), pair.view(Direction::ToCols), pair.view(normalise));
    let softmax = segment_softmax(&view, &edge_score(&rows, i.a, i.b, heads, slope), heads);
    let (mut ds, mut unit) = (vec![0.0; softmax.len()], vec![0.0; softmax.len()]);
    for h in 0..heads {
        let p: Vec<f64> = (0..pair.nnz()).map(|k| softmax[k * heads + h] * rows.value(k)).collect();
        let (x, dout) = (head(i.x, config, h), head(dout, config, h));
        let u_dout = scale_rows(&dout, c, i.row_scale);
        let to_edges = |x: &[f64]| aggregate(&cols, Reduce::Sum, x, c, Weights::Entries(&p), Fold::default());
        let (y, g) = (scale_rows(&to_edges(&x), c, i.col_scale), to_edges(&u_dout));
        let (left, right) = (entry_dot(&rows, &u_dout, &y, c), entry_dot(&rows, &x, &g, c));
        let sum = |m: &[f64], r: usize| m[r * c..(r + 1) * c].iter().sum::<f64>();
        let row_of: Vec<usize> = (0..rows.rows()).flat_map(|r| rows.range(r).map(move |_| r)).collect();
        let t = |k: usize| i.col_scale.map_or(1.0, |t| t[rows.col[k] as usize]);
        let unit_dp = |k: usize| sum(&u_dout, row_of[k]) + t(k) * sum(&x, row_of[k]);
        for r in 0..view.rows() {
            let at = |k: usize| (view.position(k), view.position(k) * heads + h);
            let dp = |k: usize| rows.value(k) * (left[k] + t(k) * right[k]);
            let total: f64 = view.range(r).map(at).map(|(k, kh)| softmax[kh] * dp(k)).sum();
            let unit_sum: f64 = view.range(r).map(at).map(|(k, kh)| softmax[kh] * rows.value(k) * unit_dp(k)).sum();
            let unit_total = unit_sum + if normalise == Direction::ToCols { 0.0 } else { sum(&dout, r) };
            for (k, kh) in view.range(r).map(at) {
                ds[kh] = softmax[kh] * (dp(k) + total);
                unit[kh] = softmax[kh] * (rows.value(k) * unit_dp(k) + unit_total);
            }
        }
    }
    let [(da, db), (ua, ub)] = [ds, unit].map(|s| edge_score_backward(&rows, i.a, i.b, heads, slope, &s));
    [(da, ua), (db, ub)]
}
