//! Cases of `sparse_conv` and `hypergraph_conv`.

use std::sync::Arc;

use burn::backend::Autodiff;
use hypergraphql_kernels::Direction;
use hypergraphql_kernels::hypergraph_conv::Scales;
use hypergraphql_kernels::hypergraph_conv::reference::{hypergraph_conv, hypergraph_conv_backward, matmul};
use hypergraphql_kernels::sparse_conv::bsr::{BlockSize, Bsr};
use hypergraphql_kernels::sparse_conv::reference::sparse_conv;

use super::bound::Expected;
use super::numbers::{abs, scales};
use super::pattern::{Pattern, Valued, blocky, patterns};
use super::rows::{primitive, wrap};
use super::suite::{Again, Case, Suite, as_they_are, row};
use crate::backend::{Bias, HyperBackend, Operand};

/// Which optional arguments there are.
#[derive(Debug, Clone, Copy)]
struct Parts {
    /// O, with Θ.
    theta: Option<usize>,
    bias: bool,
    /// Whether the bias has a scale and the passes have theirs.
    scaled: bool,
    values: bool,
}

pub(super) fn run<B: HyperBackend>(suite: &mut Suite<B>) {
    let patterns = patterns();
    for p in &patterns {
        for &f in p.widths {
            for scaled in [false, true] {
                fused_case(suite, p, f, scaled);
            }
        }
    }
    block_cases(suite, &patterns);
    block_cases(suite, &[blocky()]);
    for hyper in [false, true] {
        for p in &patterns {
            for &f in p.widths {
                for theta in [None, Some(5), Some(34)] {
                    for (bias, scaled, values) in [(false, false, false), (true, true, true), (true, false, true), (false, true, false)] {
                        let parts = Parts { theta, bias, scaled, values };
                        // The hub is for long sums; its dense products in plain loops would only take time.
                        if p.name == "hub" && theta.is_some_and(|o| o > 5) {
                            continue;
                        }
                        if hyper {
                            hypergraph_case(suite, p, f, parts);
                        } else if !scaled {
                            sparse_case(suite, p, f, parts, None);
                        }
                    }
                }
            }
        }
    }
}

/// Products by blocks: every size over every pattern, by turns with and without the optional arguments.
fn block_cases<B: HyperBackend>(suite: &mut Suite<B>, patterns: &[Pattern]) {
    let turns = [(None, true, true), (Some(5), false, false), (Some(34), true, true)];
    let mut turn = 0;
    for p in patterns {
        for &f in p.widths {
            for size in BlockSize::ALL {
                let (theta, bias, values) = turns[turn % 3];
                turn += 1;
                // Each entry of the hub pattern has nearly a block of its own.
                if p.name == "hub" && (size > BlockSize::B16 || theta.is_some_and(|o| o > 5)) {
                    continue;
                }
                sparse_case(suite, p, f, Parts { theta, bias, scaled: false, values }, Some(size));
            }
            // The sizes are three too: the next width has other arguments with each.
            turn += 1;
        }
    }
}

/// Both passes at once, without Θ and bias, which are products and sums of the backend's.
fn fused_case<B: HyperBackend>(suite: &mut Suite<B>, p: &Pattern, f: usize, scaled: bool) {
    let parts = Parts { theta: None, bias: false, scaled, values: scaled };
    let valued = p.valued(scaled.then(|| p.constants()));
    let (n, host) = (p.rows(), scaled.then(|| Host::new(p)));
    let (device_scales, pattern) = (device_scales(suite, host.as_ref()), suite.sparse(valued.pair.clone()));
    suite.case(Case {
        op: "hypergraph_conv",
        name: format!("fused/{}", name(p, f, parts)),
        inputs: vec![[n, f]],
        prepare: |_, x| x.to_vec(),
        output: [n, f],
        gradient: as_they_are,
        again: Again::of(p.name),
        reference: Box::new(move |x, dy| hypergraph_reference(&valued, host.as_ref(), f, parts, p.longest(), x, dy)),
        run: Box::new(move |x| wrap(Autodiff::<B>::fused_passes(&pattern, &device_scales, primitive(&x[0])))),
    });
}

fn device_scales<B: HyperBackend>(suite: &Suite<B>, host: Option<&Host>) -> Scales<B::Scale> {
    let up = |s: &[f64]| B::scale(Arc::from(s), suite.device);
    host.map_or_else(Scales::default, |h| Scales { input: Some(up(&h.input)), middle: Some(up(&h.middle)), output: Some(up(&h.output)) })
}

fn name(p: &Pattern, f: usize, parts: Parts) -> String {
    let mut name = format!("{}/w{f}", p.name);
    if let Some(o) = parts.theta {
        name += &format!("/theta{o}");
    }
    for (there, what) in [(parts.bias, "/bias"), (parts.scaled, "/scaled"), (parts.values, "/values")] {
        name += if there { what } else { "" };
    }
    name
}

/// x, then Θ, then the bias.
fn shapes(rows: usize, f: usize, parts: Parts) -> Vec<[usize; 2]> {
    let theta = parts.theta.map(|o| [f, o]);
    let bias = parts.bias.then_some([1, parts.theta.unwrap_or(f)]);
    [[rows, f]].into_iter().chain(theta).chain(bias).collect()
}

struct Host {
    input: Vec<f64>,
    middle: Vec<f64>,
    output: Vec<f64>,
    bias: Vec<f64>,
}

impl Host {
    fn new(p: &Pattern) -> Self {
        let (n, m) = (p.rows(), p.cols());
        Self { input: scales(n, 31), middle: scales(m, 37), output: scales(n, 41), bias: scales(n, 43) }
    }
}

fn hypergraph_case<B: HyperBackend>(suite: &mut Suite<B>, p: &Pattern, f: usize, parts: Parts) {
    let valued = p.valued(parts.values.then(|| p.constants()));
    let (n, host) = (p.rows(), parts.scaled.then(|| Host::new(p)));
    let device_scales = device_scales(suite, host.as_ref());
    let c = host.as_ref().map(|h| B::scale(Arc::from(&h.bias[..]), suite.device));
    let pattern = suite.sparse(valued.pair.clone());
    suite.case(Case {
        op: "hypergraph_conv",
        name: name(p, f, parts),
        inputs: shapes(n, f, parts),
        prepare: |_, x| x.to_vec(),
        output: [n, parts.theta.unwrap_or(f)],
        gradient: as_they_are,
        again: Again::of(p.name),
        reference: Box::new(move |x, dy| hypergraph_reference(&valued, host.as_ref(), f, parts, p.longest(), x, dy)),
        run: Box::new(move |x| {
            let theta = parts.theta.map(|_| primitive(&x[1]));
            let bias = parts.bias.then(|| Bias { row: primitive(&row::<B>(x[x.len() - 1].clone())), scale: c.clone() });
            wrap(Autodiff::<B>::hypergraph_conv(&pattern, &device_scales, primitive(&x[0]), theta, bias))
        }),
    });
}

fn hypergraph_reference(
    valued: &Valued,
    host: Option<&Host>,
    f: usize,
    parts: Parts,
    longest: usize,
    x: &[Vec<f64>],
    dy: &[f64],
) -> Vec<Expected> {
    let s = host.map_or_else(Scales::default, |h| Scales { input: Some(&h.input[..]), middle: Some(&h.middle), output: Some(&h.output) });
    let c = host.map(|h| &h.bias[..]);
    let evaluate = |pair: &hypergraphql_kernels::CsrPair, x: &[Vec<f64>], dy: &[f64]| {
        let theta = parts.theta.map(|o| (&x[1][..], o));
        let bias = parts.bias.then(|| (&x[x.len() - 1][..], c));
        let (dx, dtheta, dbias) = hypergraph_conv_backward(pair, s, &x[0], f, theta, c, dy);
        let gradients = [Some(dx), parts.theta.map(|_| dtheta), parts.bias.then_some(dbias)];
        [Some(hypergraph_conv(pair, s, &x[0], f, theta, bias))].into_iter().chain(gradients).flatten().collect::<Vec<_>>()
    };
    let absolute: Vec<Vec<f64>> = x.iter().map(|x| abs(x)).collect();
    let (values, magnitudes) = (evaluate(&valued.pair, x, dy), evaluate(&valued.abs, &absolute, &abs(dy)));
    let terms = longest.max(f).max(valued.pair.rows());
    values.into_iter().zip(magnitudes).map(|(v, m)| Expected::new(v, m, 4.0, terms)).collect()
}

fn sparse_case<B: HyperBackend>(suite: &mut Suite<B>, p: &Pattern, f: usize, parts: Parts, size: Option<BlockSize>) {
    let valued = p.valued(parts.values.then(|| p.constants()));
    let in_blocks = |size| Arc::new(Bsr::new(valued.pair.clone(), size).expect("the suite's patterns are small; this is a bug"));
    let blocks = size.map(|size| B::blocks(in_blocks(size), suite.device));
    let matrix = Operand::<Autodiff<B>> { pattern: suite.sparse(valued.pair.clone()), blocks };
    let o = parts.theta.unwrap_or(f);
    suite.case(Case {
        op: "sparse_conv",
        name: size.map_or_else(String::new, |size| format!("bsr{}/", size.side())) + &name(p, f, parts),
        inputs: shapes(p.cols(), f, parts),
        prepare: |_, x| x.to_vec(),
        output: [p.rows(), o],
        gradient: as_they_are,
        again: Again::of(p.name),
        reference: Box::new(move |x, dy| {
            let absolute: Vec<Vec<f64>> = x.iter().map(|x| abs(x)).collect();
            let values = sparse_reference(&valued.pair, x, f, parts, dy);
            let magnitudes = sparse_reference(&valued.abs, &absolute, f, parts, &abs(dy));
            let terms = p.longest().max(f).max(p.rows());
            values.into_iter().zip(magnitudes).map(|(v, m)| Expected::new(v, m, 4.0, terms)).collect()
        }),
        run: Box::new(move |x| {
            let theta = parts.theta.map(|_| primitive(&x[1]));
            let bias = parts.bias.then(|| primitive(&row::<B>(x[x.len() - 1].clone())));
            wrap(Autodiff::<B>::sparse_conv(&matrix, primitive(&x[0]), theta, bias))
        }),
    });
}

/// Y, dX, and dΘ and dbias as far as there are such.
fn sparse_reference(pair: &hypergraphql_kernels::CsrPair, x: &[Vec<f64>], f: usize, parts: Parts, dy: &[f64]) -> Vec<Vec<f64>> {
    let (rows, cols) = (pair.view(Direction::ToRows), pair.view(Direction::ToCols));
    let theta = parts.theta.map(|o| (&x[1][..], o));
    let o = parts.theta.unwrap_or(f);
    let bias = parts.bias.then(|| &x[x.len() - 1][..]);
    let y = sparse_conv(&rows, &x[0], f, theta, bias);
    let g = sparse_conv(&cols, dy, o, None, None); // A^T dY [cols, O]
    let transposed = |a: &[f64], m: usize, n: usize| -> Vec<f64> { (0..m * n).map(|i| a[(i % m) * n + i / m]).collect() };
    let dx = theta.map_or_else(|| g.clone(), |(t, o)| matmul(&g, &transposed(t, f, o), pair.cols(), o, f));
    let dtheta = theta.map(|(_, o)| matmul(&transposed(&x[0], pair.cols(), f), &g, f, pair.cols(), o));
    let dbias = parts.bias.then(|| (0..o).map(|j| (0..pair.rows()).map(|r| dy[r * o + j]).sum()).collect());
    [Some(y), Some(dx), dtheta, dbias].into_iter().flatten().collect()
}
