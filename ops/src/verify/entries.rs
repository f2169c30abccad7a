//! Cases of `edge_score`, `segment_softmax` and `entry_dot`.

use burn::backend::Autodiff;
use burn::tensor::Tensor;
use hypergraphql_kernels::Direction;
use hypergraphql_kernels::aggregate::reference::{aggregate, entry_dot};
use hypergraphql_kernels::aggregate::{Fold, Reduce, Weights};
use hypergraphql_kernels::edge_score::reference::{edge_score, edge_score_backward};
use hypergraphql_kernels::segment_softmax::reference::{segment_softmax, segment_softmax_backward};

use super::bound::Expected;
use super::numbers::abs;
use super::pattern::{Pattern, patterns};
use super::rows::{primitive, wrap};
use super::suite::{Again, Case, Suite, as_they_are};
use crate::backend::HyperBackend;

const SLOPE: f64 = 0.2;

pub(super) fn run<B: HyperBackend>(suite: &mut Suite<B>) {
    let patterns = patterns();
    for pattern in &patterns {
        for heads in [1, 3, 8] {
            edge_score_case(suite, pattern, heads);
        }
    }
    for pattern in &patterns {
        for heads in [1, 3, 8] {
            for direction in [Direction::ToRows, Direction::ToCols] {
                // Logits to ±12, so that a softmax without its maximum overflows f16; and large ones, whose size must not cost precision.
                softmax_case(suite, pattern, heads, direction, "", |_, x| x.iter().map(|v| 12.0 * v).collect());
                softmax_case(suite, pattern, heads, direction, "/1000", |_, x| x.iter().map(|v| 1000.0 + 12.0 * v).collect());
                softmax_case(suite, pattern, heads, direction, "/60000", |_, x| x.iter().map(|v| 60_000.0 + 12.0 * v).collect());
            }
        }
    }
    for pattern in &patterns {
        for &width in pattern.widths {
            entry_dot_case(suite, pattern, width);
        }
    }
}

fn edge_score_case<B: HyperBackend>(suite: &mut Suite<B>, p: &Pattern, heads: usize) {
    let pair = p.valued(None).pair;
    let pattern = suite.sparse(pair.clone());
    suite.case(Case {
        op: "edge_score",
        name: format!("{}/h{heads}", p.name),
        inputs: vec![[p.rows(), heads], [p.cols(), heads]],
        prepare: |_, x| x.to_vec(),
        output: [p.nnz(), heads],
        gradient: as_they_are,
        again: Again::of(p.name),
        reference: Box::new(move |x, ds| {
            let view = pair.view(Direction::ToRows);
            let s = edge_score(&view, &x[0], &x[1], heads, SLOPE);
            let magnitude = edge_score(&view, &abs(&x[0]), &abs(&x[1]), heads, SLOPE);
            let (da, db) = edge_score_backward(&view, &x[0], &x[1], heads, SLOPE, ds);
            let (ma, mb) = edge_score_backward(&view, &x[0], &x[1], heads, SLOPE, &abs(ds));
            let gradients = [(da, ma), (db, mb)].map(|(d, m)| Expected::new(d, m, 1.0, p.longest()));
            [Expected::new(s, magnitude, 1.0, 2)].into_iter().chain(gradients).collect()
        }),
        run: Box::new(move |x| wrap(Autodiff::<B>::edge_score(&pattern, primitive(&x[0]), primitive(&x[1]), SLOPE))),
    });
}

fn softmax_case<B: HyperBackend>(
    suite: &mut Suite<B>,
    p: &Pattern,
    heads: usize,
    direction: Direction,
    size: &str,
    prepare: fn(usize, &[f64]) -> Vec<f64>,
) {
    let pair = p.valued(None).pair;
    let pattern = suite.sparse(pair.clone());
    suite.case(Case {
        op: "segment_softmax",
        name: format!("{}/h{heads}/{direction:?}{size}", p.name),
        inputs: vec![[p.nnz(), heads]],
        prepare,
        output: [p.nnz(), heads],
        gradient: as_they_are,
        again: Again::of(p.name),
        reference: Box::new(move |x, dp| {
            let view = pair.view(direction);
            let y = segment_softmax(&view, &x[0], heads);
            let dx = segment_softmax_backward(&view, &y, dp, heads);
            let mut magnitude = vec![0.0; y.len()];
            for r in 0..view.rows() {
                for h in 0..heads {
                    let at = |k: usize| view.position(k) * heads + h;
                    let dot: f64 = view.range(r).map(|k| y[at(k)] * dp[at(k)].abs()).sum();
                    view.range(r).for_each(|k| magnitude[at(k)] = y[at(k)] * (dp[at(k)].abs() + dot));
                }
            }
            // The exponent spans 24, and exp may err by 3 + 2·24 units in the last place (Vulkan's allowance).
            let dx = Expected::new(dx, magnitude, 4.0, p.longest()).with_slack(200.0);
            vec![Expected::new(y.clone(), y, 1.0, p.longest()).with_slack(100.0), dx]
        }),
        run: Box::new(move |x| wrap(Autodiff::<B>::segment_softmax(&pattern, direction, primitive(&x[0])))),
    });
}

fn entry_dot_case<B: HyperBackend>(suite: &mut Suite<B>, p: &Pattern, width: usize) {
    let pair = p.valued(Some(p.constants())).pair;
    let pattern = suite.sparse(pair.clone());
    suite.case(Case {
        op: "entry_dot",
        name: format!("{}/w{width}", p.name),
        inputs: vec![[p.rows(), width], [p.cols(), width]],
        prepare: |_, x| x.to_vec(),
        output: [1, p.nnz()],
        gradient: as_they_are,
        again: Again::of(p.name),
        reference: Box::new(move |x, dy| {
            let dots = |a: &[f64], b: &[f64]| entry_dot(&pair.view(Direction::ToRows), a, b, width);
            let back = |direction, x: &[f64], dy: &[f64]| {
                aggregate(&pair.view(direction), Reduce::Sum, x, width, Weights::Entries(dy), Fold::default())
            };
            let (a, b) = (abs(&x[0]), abs(&x[1]));
            let da = (back(Direction::ToRows, &x[1], dy), back(Direction::ToRows, &b, &abs(dy)));
            let db = (back(Direction::ToCols, &x[0], dy), back(Direction::ToCols, &a, &abs(dy)));
            vec![
                Expected::new(dots(&x[0], &x[1]), dots(&a, &b), 1.0, width),
                Expected::new(da.0, da.1, 1.0, p.longest()),
                Expected::new(db.0, db.1, 1.0, p.longest()),
            ]
        }),
        run: Box::new(move |x| {
            let dots = Autodiff::<B>::entry_dot(&pattern, primitive(&x[0]), primitive(&x[1]));
            let dots: Tensor<_, 1> = wrap(dots);
            // Burn reads a 0 in a shape asked for as "keep", so that an empty row cannot be made by reshaping.
            if p.nnz() == 0 { Tensor::zeros([1, 0], (&dots.device(), dots.dtype())) } else { dots.unsqueeze() }
        }),
    });
}
