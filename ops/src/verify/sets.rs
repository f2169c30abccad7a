//! Cases of `relation_linear` and `set_attention`.

use std::sync::Arc;

use burn::backend::Autodiff;
use hypergraphql_kernels::relation_linear::reference::{relation_linear, relation_linear_backward};
use hypergraphql_kernels::relation_linear::{Products, RelationRows};
use hypergraphql_kernels::set_attention::SetAttentionConfig;
use hypergraphql_kernels::set_attention::reference::{set_attention, set_attention_backward};
use hypergraphql_kernels::{Direction, View};

use super::bound::Expected;
use super::numbers::abs;
use super::pattern::{Pattern, patterns};
use super::rows::{primitive, wrap};
use super::sequence::shaped;
use super::suite::{Again, Case, Suite, as_they_are};
use crate::backend::{HyperBackend, RelationBackend, SetInput};

pub(super) fn relations<B: HyperBackend>(suite: &mut Suite<B>) {
    let mixed: Vec<u32> = (0..307u32).map(|i| i * i * 7 % 13 + i % 2).collect();
    let mut sorted = mixed.clone();
    sorted.sort_unstable();
    // Two relations in three are empty, and nearly all rows have one.
    let hub: Vec<u32> = (0..5003u32).map(|i| if i % 100 == 3 { i % 7 * 3 } else { 9 }).collect();
    for (name, relations, ids, shapes, again) in [
        ("mixed", 17, mixed, &[(5, 9), (33, 70), (64, 64), (1, 1)][..], Again::Views),
        ("sorted", 15, sorted, &[(17, 131)], Again::Alone),
        ("hub", 20, hub, &[(7, 12), (16, 3)], Again::Bits),
        ("one_relation", 1, vec![0; 37], &[(4, 6)], Again::No),
        ("one_row", 3, vec![1], &[(6, 5)], Again::No),
        ("no_features", 17, vec![2, 0, 16, 2], &[(0, 3), (3, 0)], Again::No),
        ("no_rows", 4, vec![], &[(4, 5)], Again::No),
        ("nothing", 0, vec![], &[(4, 5)], Again::No),
    ] {
        for &(inputs, outputs) in shapes {
            relation_case(suite, name, relations, &ids, [inputs, outputs], again);
        }
    }
}

fn relation_case<B: HyperBackend>(
    suite: &mut Suite<B>,
    name: &str,
    relations: usize,
    ids: &[u32],
    [inputs, outputs]: [usize; 2],
    again: Again,
) {
    let Ok(rows) = RelationRows::new(ids, relations) else { return };
    let longest = rows.ptr().windows(2).map(|p| p[1] - p[0]).max().unwrap_or(0) as usize;
    let uploaded = B::relations(Arc::new(rows), suite.device);
    suite.case(Case {
        op: "relation_linear",
        name: format!("{name}/{inputs}to{outputs}"),
        inputs: vec![[ids.len(), inputs], [relations * inputs, outputs]],
        prepare: |_, x| x.to_vec(),
        output: [ids.len(), outputs],
        gradient: as_they_are,
        again,
        reference: Box::new(move |x, dy| {
            let y = relation_linear(ids, &x[0], &x[1], inputs, outputs);
            let (dx, dw) = relation_linear_backward(ids, &x[0], &x[1], inputs, outputs, dy);
            let (ax, aw, ady) = (abs(&x[0]), abs(&x[1]), abs(dy));
            let of_y = relation_linear(ids, &ax, &aw, inputs, outputs);
            let (of_x, of_w) = relation_linear_backward(ids, &ax, &aw, inputs, outputs, &ady);
            [(y, of_y, inputs), (dx, of_x, outputs), (dw, of_w, longest)].map(|(v, m, terms)| Expected::new(v, m, 1.0, terms)).into()
        }),
        run: Box::new(move |x| {
            let w = shaped::<B, 3>(primitive(&x[1]), [relations, inputs, outputs]);
            wrap(Autodiff::<B>::relation_linear(&uploaded, primitive(&x[0]), w, Products::Auto))
        }),
    });
}

pub(super) fn run<B: HyperBackend>(suite: &mut Suite<B>) {
    for p in &patterns() {
        for &(heads, head_width) in p.heads {
            for direction in [Direction::ToCols, Direction::ToRows] {
                // AllSet's form, the scaled one, and a head of several seeds.
                for (seeds, scaled, slope) in [(1, false, 0.2), (1, true, 1.0), (3, true, 0.2)] {
                    let scale = if scaled { 2.0 / (head_width.max(1) as f64).sqrt() } else { 1.0 };
                    set_case(suite, p, SetAttentionConfig { direction, seeds, heads, head_width, scale, slope });
                }
            }
        }
    }
}

fn set_case<B: HyperBackend>(suite: &mut Suite<B>, p: &Pattern, c: SetAttentionConfig) {
    /// Scores stay within ±20, of which few are far from 0: exp may err by 3 + 2·20 units in the last place, and by their own rounding.
    const SLACK: f64 = 250.0;
    let (members, segments, width) = (p.outputs(c.direction.reverse()), p.outputs(c.direction), c.width());
    let pair = p.valued(None).pair;
    let pattern = suite.sparse(pair.clone());
    let form = format!("s{}/h{}x{}/{:?}/scale{:.2}/slope{}", c.seeds, c.heads, c.head_width, c.direction, c.scale, c.slope);
    suite.case(Case {
        op: "set_attention",
        name: format!("{}/{form}", p.name),
        inputs: vec![[c.seeds, width], [members, width], [members, width]],
        prepare: |_, x| x.to_vec(),
        output: [segments, c.seeds * width],
        gradient: as_they_are,
        again: Again::of(p.name),
        reference: Box::new(move |x, dout| {
            let view = pair.view(c.direction);
            let out = set_attention(c, &view, &x[0], &x[1], &x[2]);
            let (dq, dk, dv) = set_attention_backward(c, &view, &x[0], &x[1], &x[2], dout);
            let of_out = set_attention(c, &view, &x[0], &x[1], &abs(&x[2]));
            let [(mq, uq), (mk, uk), (mv, uv)] = gradient_errors(c, &view, &x[0], &x[1], &x[2], dout);
            let terms = p.longest().max(members).max(width);
            // The gradients of Q and K read the stored O and, on devices, the stored G, of which dV is a sum.
            [(out, of_out, 1.0, vec![]), (dq, mq, 3.0, uq), (dk, mk, 3.0, uk), (dv, mv, 2.0, uv)]
                .map(|(v, m, stages, u)| Expected::new(v, m, stages, terms).with_slack(SLACK).with_underflow(u))
                .into()
        }),
        run: Box::new(move |x| {
            let input = SetInput { q: primitive(&x[0]), k: primitive(&x[1]), v: primitive(&x[2]) };
            let out = Autodiff::<B>::set_attention(&pattern, c, input).out;
            wrap(shaped::<B, 2>(out, [segments, c.seeds * width]))
        }),
    });
}

/// Of dQ, dK and dV the sums of absolute terms, and what an error of 1 in each number of O and G does to them.
///
/// With |dp| = Σ |dO V| and its mean over p, |dz| <= scale · leaky' · p (|dp| + mean). An error of 1 in G changes dz by
/// scale · leaky' · Σ |V| once per member, one in O by scale · leaky' · p Σ |dO| per entry.
fn gradient_errors(c: SetAttentionConfig, view: &View, q: &[f64], k: &[f64], v: &[f64], dout: &[f64]) -> [(Vec<f64>, Vec<f64>); 3] {
    let (head, zeros) = (c.head_width, |x: &[f64]| (vec![0.0; x.len()], vec![0.0; x.len()]));
    let (mut of_q, mut of_k, mut of_v) = (zeros(q), zeros(k), zeros(v));
    if head == 0 {
        return [of_q, of_k, of_v];
    }
    let mut first = vec![true; v.len() / head * c.seeds];
    let sum = |x: &[f64], at: usize| x[at..at + head].iter().map(|v| v.abs()).sum::<f64>();
    for (e, s, h) in (0..view.rows()).flat_map(|e| (0..c.seeds).flat_map(move |s| (0..c.heads).map(move |h| (e, s, h)))) {
        let (seed, d) = ((s * c.heads + h) * head, ((e * c.seeds + s) * c.heads + h) * head);
        let at = |i: usize| (view.col[i] as usize * c.heads + h) * head;
        let z = |i: usize| c.scale * (0..head).map(|f| q[seed + f] * k[at(i) + f]).sum::<f64>();
        let scores: Vec<f64> = view.range(e).map(z).map(|z| if z > 0.0 { z } else { c.slope * z }).collect();
        let m = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = scores.iter().map(|s| (s - m).exp()).sum();
        let dp = |i: usize| (0..head).map(|f| (dout[d + f] * v[at(i) + f]).abs()).sum::<f64>();
        let mean: f64 = view.range(e).zip(&scores).map(|(i, s)| (s - m).exp() / total * dp(i)).sum();
        for (i, score) in view.range(e).zip(&scores) {
            let (p, slope) = ((score - m).exp() / total, if z(i) > 0.0 { 1.0 } else { c.slope });
            let mut unit = p * sum(dout, d);
            if std::mem::take(&mut first[at(i) / head * c.seeds + s]) {
                unit += sum(v, at(i));
                (0..head).for_each(|f| of_v.1[at(i) + f] += 1.0);
            }
            let factor = c.scale.abs() * slope;
            for f in 0..head {
                for (to, here, other) in [(&mut of_q, seed + f, k[at(i) + f]), (&mut of_k, at(i) + f, q[seed + f])] {
                    to.0[here] += factor * p * (dp(i) + mean) * other.abs();
                    to.1[here] += factor * unit * other.abs();
                }
                of_v.0[at(i) + f] += p * dout[d + f].abs();
            }
        }
    }
    [of_q, of_k, of_v]
}
