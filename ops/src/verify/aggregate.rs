//! Cases of `aggregate`.

use std::sync::Arc;

use burn::backend::Autodiff;
use hypergraphql_kernels::aggregate::reference::{aggregate, aggregate_backward, weight};
use hypergraphql_kernels::aggregate::{Fold, Reduce, Weights};
use hypergraphql_kernels::{CsrPair, Direction};

use super::bound::Expected;
use super::numbers::{abs, coarse, exact_scales, scale_rows};
use super::pattern::{Pattern, Valued, patterns};
use super::rows::{primitive, wrap};
use super::suite::{Again, Case, Matrix, Suite, as_they_are, row};
use crate::backend::{HyperBackend, Pass};

/// One choice of options.
#[derive(Debug, Clone, Copy)]
struct Choice {
    direction: Direction,
    reduce: Reduce,
    weights: Kind,
    scaled: bool,
    /// Large weights and a gradient of the result that, over the entries of a hub, is less than f16 holds.
    small: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// Ones, though the pattern has constants.
    Ones,
    /// The pattern's constants.
    Values,
    /// The constants of a pattern without any.
    NoValues,
    /// A tensor, though the pattern has constants.
    Entries,
}

pub(super) fn run<B: HyperBackend>(suite: &mut Suite<B>) {
    for pattern in &patterns() {
        for &width in pattern.widths {
            for direction in [Direction::ToRows, Direction::ToCols] {
                for reduce in [Reduce::Sum, Reduce::Mean, Reduce::Max, Reduce::Min] {
                    for weights in [Kind::Ones, Kind::Values, Kind::NoValues, Kind::Entries] {
                        for scaled in [false, true] {
                            // Scales are folded in alike for every reduction; one pattern shows it for all of them.
                            if !scaled || reduce == Reduce::Sum || pattern.name == "plain" {
                                case(suite, pattern, width, Choice { direction, reduce, weights, scaled, small: false });
                            }
                        }
                    }
                }
                if pattern.name == "hub" {
                    let choice = Choice { direction, reduce: Reduce::Mean, weights: Kind::Entries, scaled: false, small: true };
                    case(suite, pattern, width, choice);
                }
            }
        }
    }
}

fn case<B: HyperBackend>(suite: &mut Suite<B>, p: &Pattern, width: usize, c: Choice) {
    let valued = p.valued((c.weights != Kind::NoValues).then(|| p.constants()));
    let (ins, outs) = (p.outputs(c.direction.reverse()), p.outputs(c.direction));
    let scales = c.scaled.then(|| (exact_scales(ins, 3), exact_scales(outs, 5)));
    let up = |s: &Vec<f64>| B::scale(Arc::from(s.as_slice()), suite.device);
    let pass = Pass::<Autodiff<B>> {
        direction: c.direction,
        reduce: c.reduce,
        input_scale: scales.as_ref().map(|s| up(&s.0)),
        output_scale: scales.as_ref().map(|s| up(&s.1)),
    };
    let pattern = suite.sparse(valued.pair.clone());
    let mut inputs = vec![[ins, width]];
    if c.weights == Kind::Entries {
        inputs.push([1, p.nnz()]);
    }
    let options = format!("{}{}", if c.scaled { "/scaled" } else { "" }, if c.small { "/small" } else { "" });
    suite.case(Case {
        op: "aggregate",
        name: format!("{}/w{width}/{:?}/{:?}/{:?}{options}", p.name, c.direction, c.reduce, c.weights),
        inputs,
        prepare: if c.small { |_, x| coarse(x).iter().map(|v| 64.0 * v).collect() } else { |_, x| coarse(x) },
        output: [outs, width],
        gradient: if c.small { |x| x.iter().map(|v| v / 16384.0).collect() } else { as_they_are },
        again: Again::of(p.name),
        reference: Box::new(move |x, dy| {
            let scales = scales.as_ref().map(|s| (&s.0[..], &s.1[..]));
            reference(&valued, c, width, scales, p.longest(), x, dy)
        }),
        run: Box::new(move |x| {
            let weights = weights(c.weights, || primitive(&row::<B>(x[1].clone())));
            let y: Matrix<B> = wrap(Autodiff::<B>::aggregate(&pattern, &pass, primitive(&x[0]), weights));
            y
        }),
    });
}

fn weights<T>(kind: Kind, entries: impl FnOnce() -> T) -> Weights<T> {
    match kind {
        Kind::Ones => Weights::Ones,
        Kind::Values | Kind::NoValues => Weights::Values,
        Kind::Entries => Weights::Entries(entries()),
    }
}

type Scales<'a> = Option<(&'a [f64], &'a [f64])>;

fn reference(valued: &Valued, c: Choice, width: usize, scales: Scales, longest: usize, x: &[Vec<f64>], dy: &[f64]) -> Vec<Expected> {
    let (ts, ss) = (scales.map(|s| s.0), scales.map(|s| s.1));
    let evaluate = |pair: &CsrPair, x: &[f64], w: Weights<&[f64]>| {
        let fold = Fold { input_scale: ts, output_scale: ss, bias: None };
        aggregate(&pair.view(c.direction), c.reduce, x, width, w, fold)
    };
    let w = weights(c.weights, || &x[1][..]);
    let y = evaluate(&valued.pair, &x[0], w);
    let scaled_x = scale_rows(&x[0], width, ts);
    let scaled_dy = scale_rows(dy, width, ss);
    let (dx, dw) = aggregate_backward(&valued.pair.view(c.direction), c.reduce, &scaled_x, width, w, &scaled_dy);
    let (y_magnitude, dx_magnitude, dw_magnitude) = match c.reduce {
        Reduce::Sum | Reduce::Mean => {
            let absolute = x.get(1).map(|w| abs(w)).unwrap_or_default();
            let w = weights(c.weights, || &absolute[..]);
            let (dx, dw) = aggregate_backward(&valued.abs.view(c.direction), c.reduce, &abs(&scaled_x), width, w, &abs(&scaled_dy));
            (evaluate(&valued.abs, &abs(&x[0]), w), dx, dw)
        }
        Reduce::Max | Reduce::Min => {
            let (dx, dw) = extremum_magnitudes(&valued.pair, c, &scaled_x, width, w, &scaled_dy);
            (abs(&y), dx, dw)
        }
    };
    let dx = Expected::new(scale_rows(&dx, width, ts), scale_rows(&dx_magnitude, width, ts), 3.0, longest);
    let dw = (c.weights == Kind::Entries).then(|| Expected::new(dw, dw_magnitude, 3.0, width));
    [Expected::new(y, y_magnitude, 1.0, longest), dx].into_iter().chain(dw).collect()
}

/// `aggregate_backward` of a max or min with absolute terms.
fn extremum_magnitudes(pair: &CsrPair, c: Choice, x: &[f64], width: usize, w: Weights<&[f64]>, dy: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let view = pair.view(c.direction);
    let (mut dx, mut dw) = (vec![0.0; x.len()], vec![0.0; view.nnz()]);
    for r in 0..view.rows() {
        for f in 0..width {
            let term = |k: usize| weight(&view, w, k) * x[view.col[k] as usize * width + f];
            let beats = |b: usize, a: usize| if c.reduce == Reduce::Max { term(b) > term(a) } else { term(b) < term(a) };
            if let Some(k) = view.range(r).reduce(|a, b| if beats(b, a) { b } else { a }) {
                let at = view.col[k] as usize * width + f;
                dx[at] += (weight(&view, w, k) * dy[r * width + f]).abs();
                dw[view.position(k)] += (x[at] * dy[r * width + f]).abs();
            }
        }
    }
    (dx, dw)
}
