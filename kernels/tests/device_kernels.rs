//! Every CubeCL kernel on a Vulkan device (lavapipe where there is no GPU) against the f64 references, by every strategy.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
#![cfg(feature = "vulkan")]

#[path = "device_kernels/blocks.rs"]
mod blocks;
#[path = "device_kernels/bounds.rs"]
mod bounds;
#[path = "device_kernels/discrete.rs"]
mod discrete;
#[path = "device_kernels/sequences.rs"]
mod sequences;
#[path = "device_kernels/sets.rs"]
mod sets;

use std::sync::OnceLock;

use cubecl::prelude::*;
use cubecl::wgpu::{WgpuDevice, WgpuRuntime};
use hypergraphql_kernels::aggregate::{Fold, Reduce, Weights};
use hypergraphql_kernels::device::lanes::{Group, plane_size};
use hypergraphql_kernels::device::{Buf, DeviceInfo, DevicePattern, Lanes, Strategy, panics};
use hypergraphql_kernels::dropout::Mask;
use hypergraphql_kernels::element::{Element, narrow, widen};
use hypergraphql_kernels::gather::index_pattern;
use hypergraphql_kernels::hypergraph_attention::AttentionConfig;
use hypergraphql_kernels::scatter_add::Scatter;
use hypergraphql_kernels::{CsrPair, DType, Direction, KernelError, aggregate, edge_score, hypergraph_attention, segment_softmax};

use bounds::{Bound, PLAIN, abs};

type R = WgpuRuntime;
type Client = ComputeClient<R>;

/// The device, or `None` with a line on stderr when there is no Vulkan adapter.
fn client(test: &str) -> Option<Client> {
    static CLIENT: OnceLock<Option<Client>> = OnceLock::new();
    panics::install();
    let client = CLIENT.get_or_init(|| std::panic::catch_unwind(|| R::client(&WgpuDevice::DefaultDevice)).ok());
    if client.is_none() {
        eprintln!("SKIPPED {test}: no Vulkan adapter (install mesa-vulkan-drivers for lavapipe)");
    }
    client.clone()
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn floats(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.next() as f64 / (1u64 << 30) as f64 - 1.0).collect()
    }
}

/// rows × cols with empty rows and columns, a hub row of `hub` entries (repeats included) and column 1 in most rows.
fn pattern(rows: usize, cols: usize, hub: usize, values: bool, seed: u64) -> CsrPair {
    let mut random = Random(seed);
    let (mut ptr, mut col) = (vec![0], vec![]);
    for r in 0..rows {
        let degree = if r == 2 { hub } else { [0, 1, 3, 6][random.below(4)] };
        let mut row: Vec<u32> = (0..degree).map(|_| (2 + random.below(cols - 2)) as u32).collect();
        if degree > 0 {
            row.push(1);
        }
        row.sort_unstable();
        col.extend(row);
        ptr.push(col.len() as u32);
    }
    let values = values.then(|| random.floats(col.len()));
    CsrPair::new(ptr, col, cols, values).unwrap()
}

const ROUTES: [(Strategy, Lanes); 7] = [
    (Strategy::Auto, Lanes::Auto),
    (Strategy::Short, Lanes::Serial),
    (Strategy::Short, Lanes::Shared),
    (Strategy::Short, Lanes::Plane),
    (Strategy::Long, Lanes::Shared),
    (Strategy::Hub(7), Lanes::Plane),
    (Strategy::Hub(1), Lanes::Shared),
];

/// Whether forced planes are planes and not the tree that stands in for them.
fn planes(client: &Client) -> bool {
    let Some(lanes) = plane_size(client) else { return false };
    let forced = [Lanes::Plane.group(client, 1), Lanes::Plane.group_over(client, 1)];
    assert_eq!(forced, [Group { lanes, planes: true }; 2]);
    true
}

/// A small pattern by every route (or by `Auto` only), then one with hub rows and hub columns as `Auto` sees them.
fn each_case(client: &Client, all_routes: bool, mut check: impl FnMut(&str, &CsrPair, &DevicePattern<R>)) {
    for values in [false, true] {
        let pair = pattern(43, 29, 57, values, 7);
        let routes = if all_routes { &ROUTES[..] } else { &ROUTES[..1] };
        for &(strategy, lanes) in routes {
            if lanes == Lanes::Plane && !planes(client) {
                eprintln!("SKIPPED {strategy:?} by planes: the size of a plane of this device is not fixed");
                continue;
            }
            let device = DevicePattern::upload_with(client, &pair, strategy, lanes);
            check(&format!("{strategy:?} {lanes:?} values {values}"), &pair, &device);
        }
    }
    let pair = pattern(3301, 31, 2611, true, 11);
    check("hubs", &pair, &DevicePattern::upload(client, &pair));
    let none = CsrPair::new(vec![0; 6], vec![], 3, None).unwrap();
    check("no entries", &none, &DevicePattern::upload(client, &none));
    let nothing = CsrPair::new(vec![0], vec![], 0, None).unwrap();
    check("no rows", &nothing, &DevicePattern::upload(client, &nothing));
}

fn up<E: Element>(client: &Client, x: &[f64]) -> (Buf<R>, Vec<f64>) {
    let rounded: Vec<E> = narrow(x);
    (Buf::from_bytes(client, bytemuck::cast_slice(&rounded), E::DTYPE).unwrap(), widen(&rounded))
}

fn scales(client: &Client, x: &[f64]) -> (Buf<R>, Vec<f64>) {
    up::<f32>(client, x)
}

fn down(client: &Client, x: &Buf<R>) -> Vec<f64> {
    let bytes = x.read(client).unwrap();
    let failed = panics::take();
    assert!(failed.is_empty(), "device threads panicked: {failed:?}");
    match x.dtype() {
        DType::F32 => widen(&bytemuck::pod_collect_to_vec::<u8, f32>(&bytes)),
        DType::F16 => widen(&bytemuck::pod_collect_to_vec::<u8, half::f16>(&bytes)),
        other => panic!("unexpected {other}"),
    }
}

fn aggregate_passes<E: Element>(client: &Client, all_routes: bool, width: usize) {
    each_case(client, all_routes, |name, pair, device| {
        for direction in [Direction::ToRows, Direction::ToCols] {
            let view = pair.view(direction);
            let (outputs, inputs) = (view.rows(), view.cols);
            let mut random = Random(3 + width as u64);
            let (x, xs) = up::<E>(client, &random.floats(inputs * width));
            let (w, ws) = up::<E>(client, &random.floats(pair.nnz()));
            let (t, ts) = scales(client, &random.floats(inputs));
            let (s, ss) = scales(client, &random.floats(outputs));
            let (b, bs) = up::<E>(client, &random.floats(width));
            let full = || Fold { input_scale: Some(&t), output_scale: Some(&s), bias: Some((&b, Some(&s))) };
            let want_full = Fold { input_scale: Some(&ts[..]), output_scale: Some(&ss[..]), bias: Some((&bs[..], Some(&ss[..]))) };
            let plain = Fold { bias: Some((&b, None)), ..Fold::default() };
            let want_plain = Fold { bias: Some((&bs[..], None)), ..Fold::default() };
            for reduce in [Reduce::Sum, Reduce::Mean, Reduce::Max, Reduce::Min] {
                let cases = [
                    (Weights::Values, Weights::Values, full(), want_full),
                    (Weights::Entries(&w), Weights::Entries(&ws[..]), plain, want_plain),
                    (Weights::Ones, Weights::Ones, Fold::default(), Fold::default()),
                ];
                for (weights, want_weights, fold, want_fold) in cases {
                    let y = aggregate::launch::aggregate(device, direction, reduce, &x, width, weights, fold).unwrap();
                    let want = aggregate::reference::aggregate(&view, reduce, &xs, width, want_weights, want_fold);
                    let what = format!("{name} {direction:?} {reduce:?} {want_weights:?} width {width}");
                    let magnitudes = bounds::of_pass(pair, direction, reduce, &xs, width, want_weights, want_fold, &want);
                    PLAIN.check(&what[..what.len().min(120)], E::DTYPE, &down(client, &y), &want, &magnitudes);
                }
            }
            let (dy, dys) = up::<E>(client, &random.floats(outputs * width));
            for (reduce, weights, want_weights) in
                [(Reduce::Max, Weights::Entries(&w), Weights::Entries(&ws[..])), (Reduce::Min, Weights::Values, Weights::Values)]
            {
                let (dx, dw) = aggregate::extremum::launch::extremum_backward(device, direction, reduce, &x, width, weights, &dy).unwrap();
                let (want_dx, want_dw) = aggregate::reference::aggregate_backward(&view, reduce, &xs, width, want_weights, &dys);
                let what = format!("{name} {direction:?} gradient of {reduce:?} width {width}");
                let (mx, mw) = bounds::of_extremum_gradients(&view, reduce, &xs, width, want_weights, &dys);
                PLAIN.check(&what, E::DTYPE, &down(client, &dx), &want_dx, &mx);
                if let Some(dw) = dw {
                    PLAIN.check(&format!("{what}, weights"), E::DTYPE, &down(client, &dw), &want_dw, &mw);
                }
            }
        }
        let mut random = Random(5);
        let (a, xa) = up::<E>(client, &random.floats(pair.rows() * width));
        let (b, xb) = up::<E>(client, &random.floats(pair.cols() * width));
        let got = aggregate::entry::launch::entry_dot(device, &a, &b, width).unwrap();
        let want = aggregate::reference::entry_dot(&pair.view(Direction::ToRows), &xa, &xb, width);
        let magnitudes = aggregate::reference::entry_dot(&pair.view(Direction::ToRows), &abs(&xa), &abs(&xb), width);
        PLAIN.check(&format!("{name} entry_dot width {width}"), E::DTYPE, &down(client, &got), &want, &magnitudes);
    });
}

#[test]
fn aggregate_and_its_gradients_match_the_reference() {
    let Some(client) = client("aggregate_and_its_gradients_match_the_reference") else { return };
    eprintln!("{:#?}", DeviceInfo::of(&client, "default".into()));
    for width in [0, 1, 137] {
        aggregate_passes::<f32>(&client, false, width);
    }
    aggregate_passes::<f32>(&client, true, 20);
    aggregate_passes::<half::f16>(&client, true, 6);
}

#[test]
fn nan_wins_an_extremum_by_every_route_and_infinite_gradients_stay_with_the_winners() {
    let Some(client) = client("nan_wins_an_extremum_by_every_route_and_infinite_gradients_stay_with_the_winners") else { return };
    let width = 5;
    each_case(&client, true, |name, pair, device| {
        for direction in [Direction::ToRows, Direction::ToCols] {
            let view = pair.view(direction);
            let mut random = Random(31);
            let (mut x, mut dy) = (random.floats(view.cols * width), random.floats(view.rows() * width));
            // Column 1 is in most rows, so NaN meets numbers from both sides; a few infinities of either sign are ordinary values.
            for i in 0..view.cols.min(12) {
                x[i * width + i % 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY][i % 3];
            }
            dy.iter_mut().step_by(7).for_each(|d| *d = f64::INFINITY);
            let ((x, xs), (dy, dys)) = (up::<f32>(&client, &x), up::<f32>(&client, &dy));
            for reduce in [Reduce::Max, Reduce::Min] {
                let what = format!("{name} {direction:?} {reduce:?} of NaN");
                let y = aggregate::launch::aggregate(device, direction, reduce, &x, width, Weights::Ones, Fold::default()).unwrap();
                let want = aggregate::reference::aggregate(&view, reduce, &xs, width, Weights::Ones, Fold::default());
                assert!(view.nnz() == 0 || want.iter().any(|w| w.is_nan()), "{what}: nothing is tested");
                same(&what, &down(&client, &y), &want);
                let (dx, _) =
                    aggregate::extremum::launch::extremum_backward(device, direction, reduce, &x, width, Weights::Ones, &dy).unwrap();
                let (want, _) = aggregate::reference::aggregate_backward(&view, reduce, &xs, width, Weights::Ones, &dys);
                let magnitudes = bounds::of_extremum_gradients(&view, reduce, &xs, width, Weights::Ones, &dys).0;
                PLAIN.check(&format!("{what}, gradient"), DType::F32, &down(&client, &dx), &want, &magnitudes);
            }
        }
    });
}

/// Equal numbers; a NaN is like any other.
fn same(what: &str, got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!(g == w || (g.is_nan() && w.is_nan()), "{what}: element {i} is {g}, expected {w}");
    }
}

fn softmax_and_scores<E: Element>(client: &Client, all_routes: bool, heads: usize) {
    each_case(client, all_routes, |name, pair, device| {
        let mut random = Random(17);
        let what = |op: &str| format!("{name} {op} heads {heads}");
        let rows = pair.view(Direction::ToRows);
        let (a, xa) = up::<E>(client, &random.floats(pair.rows() * heads));
        let (b, xb) = up::<E>(client, &random.floats(pair.cols() * heads));
        let s = edge_score::launch::edge_score(device, &a, &b, heads, 0.2).unwrap();
        let want = edge_score::reference::edge_score(&rows, &xa, &xb, heads, 0.2);
        let magnitudes = edge_score::reference::edge_score(&rows, &abs(&xa), &abs(&xb), heads, 0.2);
        PLAIN.check(&what("edge_score"), E::DTYPE, &down(client, &s), &want, &magnitudes);
        let (ds, xds) = up::<E>(client, &random.floats(pair.nnz() * heads));
        let (da, db) = edge_score::launch::edge_score_backward(device, &a, &b, heads, 0.2, &ds).unwrap();
        let (want_da, want_db) = edge_score::reference::edge_score_backward(&rows, &xa, &xb, heads, 0.2, &xds);
        let (ma, mb) = edge_score::reference::edge_score_backward(&rows, &xa, &xb, heads, 0.2, &abs(&xds));
        PLAIN.check(&what("edge_score da"), E::DTYPE, &down(client, &da), &want_da, &ma);
        PLAIN.check(&what("edge_score db"), E::DTYPE, &down(client, &db), &want_db, &mb);
        for direction in [Direction::ToRows, Direction::ToCols] {
            let view = pair.view(direction);
            let logits: Vec<f64> = random.floats(pair.nnz() * heads).iter().map(|x| 20.0 * x).collect();
            let (s, xs) = up::<E>(client, &logits);
            let p = segment_softmax::launch::segment_softmax(device, direction, &s, heads).unwrap();
            let want = segment_softmax::reference::segment_softmax(&view, &xs, heads);
            // The exponent spans 40, and exp may err by 3 + 2·40 units in the last place (Vulkan's allowance).
            let bound = Bound { stages: 1.0, slack: 200.0 };
            bound.check(&what("softmax"), E::DTYPE, &down(client, &p), &want, &want);
            let (p, xp) = up::<E>(client, &want);
            let (dp, xdp) = up::<E>(client, &random.floats(pair.nnz() * heads));
            let ds = segment_softmax::launch::segment_softmax_backward(device, direction, &p, &dp, heads).unwrap();
            let want = segment_softmax::reference::segment_softmax_backward(&view, &xp, &xdp, heads);
            let magnitudes = bounds::of_softmax_gradient(&view, &xp, &xdp, heads);
            PLAIN.check(&what("softmax backward"), E::DTYPE, &down(client, &ds), &want, &magnitudes);
        }
    });
}

#[test]
fn edge_scores_and_segment_softmax_match_the_reference() {
    let Some(client) = client("edge_scores_and_segment_softmax_match_the_reference") else { return };
    softmax_and_scores::<f32>(&client, false, 1);
    softmax_and_scores::<f32>(&client, true, 3);
    softmax_and_scores::<half::f16>(&client, true, 5);
}

fn attention<E: Element>(client: &Client, all_routes: bool, heads: usize, head_width: usize) {
    each_case(client, all_routes, |name, pair, device| {
        for normalise in [Direction::ToCols, Direction::ToRows] {
            for scaled in [false, true] {
                let mut random = Random(23);
                let width = heads * head_width;
                let config = AttentionConfig { heads, head_width, slope: 0.2, normalise };
                let (x, xx) = up::<E>(client, &random.floats(pair.rows() * width));
                let (a, xa) = up::<E>(client, &random.floats(pair.rows() * heads));
                let (b, xb) = up::<E>(client, &random.floats(pair.cols() * heads));
                let (u, us) = scales(client, &random.floats(pair.rows()));
                let (t, ts) = scales(client, &random.floats(pair.cols()));
                let (dout, xd) = up::<E>(client, &random.floats(pair.rows() * width));
                let i = hypergraph_attention::launch::Inputs {
                    x: &x,
                    a: &a,
                    b: &b,
                    row_scale: scaled.then_some(&u),
                    col_scale: scaled.then_some(&t),
                };
                let want_i = hypergraph_attention::reference::Inputs {
                    x: &xx,
                    a: &xa,
                    b: &xb,
                    row_scale: scaled.then_some(&us[..]),
                    col_scale: scaled.then_some(&ts[..]),
                };
                let what = |part: &str| format!("{name} attention {normalise:?} {heads} x {head_width} scaled {scaled}: {part}");
                let saved = hypergraph_attention::launch::hypergraph_attention(device, config, &i).unwrap();
                let want = hypergraph_attention::reference::hypergraph_attention(pair, config, want_i);
                let m = bounds::of_attention(pair, config, want_i, &xd);
                // Y (or G) is stored, then the result; da and db read both, and O and x once more.
                let (twice, often) = (Bound { stages: 2.0, slack: 50.0 }, Bound { stages: 5.0, slack: 50.0 });
                twice.check(&what("out"), E::DTYPE, &down(client, &saved.out), &want, &m.out);
                let (dx, da, db) = hypergraph_attention::launch::hypergraph_attention_backward(device, config, &i, &saved, &dout).unwrap();
                let (want_dx, want_da, want_db) = hypergraph_attention::reference::hypergraph_attention_backward(pair, config, want_i, &xd);
                twice.check(&what("dx"), E::DTYPE, &down(client, &dx), &want_dx, &m.dx);
                often.check(&what("da"), E::DTYPE, &down(client, &da), &want_da, &m.da);
                often.check(&what("db"), E::DTYPE, &down(client, &db), &want_db, &m.db);
            }
        }
    });
}

#[test]
fn attention_and_its_gradients_match_the_reference() {
    let Some(client) = client("attention_and_its_gradients_match_the_reference") else { return };
    for (heads, head_width) in [(1, 1), (2, 0), (7, 4), (2, 137)] {
        attention::<f32>(&client, false, heads, head_width);
    }
    attention::<f32>(&client, true, 3, 36);
    attention::<half::f16>(&client, true, 2, 5);
}

#[test]
fn gather_scatter_dropout_and_bias_match_the_reference() {
    let Some(client) = client("gather_scatter_dropout_and_bias_match_the_reference") else { return };
    rows::<f32>(&client);
    rows::<half::f16>(&client);
}

fn rows<E: Element>(client: &Client) {
    use hypergraphql_kernels::{dropout, gather, hypergraph_conv, scatter_add, swiglu};
    for (n, len, width) in [(17, 63, 5), (17, 63, 8), (3, 3001, 7), (9, 0, 4), (11, 5, 0)] {
        let mut random = Random(29);
        let index: Vec<u32> = (0..len).map(|_| random.below(n) as u32).collect();
        let pair = index_pattern(index.clone(), n).unwrap();
        let device = DevicePattern::upload(client, &pair);
        let (x, xs) = up::<E>(client, &random.floats(n * width));
        let got = gather::launch::gather(&device, &x, width).unwrap();
        assert_eq!(down(client, &got), gather::reference::gather(&index, &xs, width), "gather");
        let (x, xs) = up::<E>(client, &random.floats(len * width));
        let want = scatter_add::reference::scatter_add(&index, n, &xs, width);
        let magnitudes = scatter_add::reference::scatter_add(&index, n, &abs(&xs), width);
        let got = scatter_add::launch::scatter_add(&device, &x, width, Scatter::Deterministic).unwrap();
        PLAIN.check("scatter", E::DTYPE, &down(client, &got), &want, &magnitudes);
        match scatter_add::launch::scatter_add(&device, &x, width, Scatter::Atomic) {
            Ok(got) => PLAIN.check("atomic scatter", E::DTYPE, &down(client, &got), &want, &magnitudes),
            Err(e) => {
                assert!(matches!(e, KernelError::Unsupported { .. }), "{e}");
                eprintln!("SKIPPED atomic scatter: {e}");
            }
        }
        let mask = Mask::new(0.37, 0x1234_5678_9abc, 42).unwrap();
        let got = dropout::launch::dropout(client, &x, mask).unwrap();
        let want = dropout::reference::dropout(&xs, mask);
        PLAIN.check("dropout", E::DTYPE, &down(client, &got), &want, &abs(&want));
        let gates: Vec<f64> = random.floats(len * width).iter().map(|v| 8.0 * v).collect();
        let ((a, wide_a), (dy, wide_dy)) = (up::<E>(client, &gates), up::<E>(client, &random.floats(len * width)));
        let exp = Bound { stages: 1.0, slack: 60.0 };
        let want = swiglu::reference::swiglu(&wide_a, &xs);
        exp.check("swiglu", E::DTYPE, &down(client, &swiglu::launch::swiglu(client, &a, &x).unwrap()), &want, &abs(&want));
        let (want_a, want_b) = swiglu::reference::swiglu_backward(&wide_a, &xs, &wide_dy);
        let magnitudes: Vec<f64> = (0..want_a.len())
            .map(|i| {
                let s = 1.0 / (1.0 + (-wide_a[i]).exp());
                (wide_dy[i] * xs[i]).abs() * s * (1.0 + wide_a[i].abs() * (1.0 - s))
            })
            .collect();
        for (gate, also) in [(true, true), (true, false), (false, true)] {
            let (da, db) = swiglu::launch::swiglu_backward(client, &a, &x, &dy, swiglu::Wanted { gate, up: also }).unwrap();
            assert_eq!((da.is_some(), db.is_some()), (gate, also));
            da.iter().for_each(|d| exp.check("swiglu da", E::DTYPE, &down(client, d), &want_a, &magnitudes));
            db.iter().for_each(|d| exp.check("swiglu db", E::DTYPE, &down(client, d), &want_b, &abs(&want_b)));
        }
        let (c, cs) = scales(client, &random.floats(len));
        for scaled in [false, true] {
            let got = hypergraph_conv::launch::bias_gradient(&device, &x, width, scaled.then_some(&c)).unwrap();
            let term = |r: usize, f: usize| if scaled { cs[r] } else { 1.0 } * xs[r * width + f];
            let want: Vec<f64> = (0..width).map(|f| (0..len).map(|r| term(r, f)).sum()).collect();
            let magnitudes: Vec<f64> = (0..width).map(|f| (0..len).map(|r| term(r, f).abs()).sum()).collect();
            PLAIN.check("bias gradient", E::DTYPE, &down(client, &got), &want, &magnitudes);
        }
    }
}

#[test]
fn what_a_device_cannot_do_is_an_error_with_names() {
    let Some(client) = client("what_a_device_cannot_do_is_an_error_with_names") else { return };
    let pair = pattern(5, 4, 3, false, 1);
    let device = DevicePattern::upload(&client, &pair);
    let x = Buf::<R>::empty(&client, 4, DType::F64);
    let error = aggregate::launch::aggregate(&device, Direction::ToRows, Reduce::Sum, &x, 1, Weights::Ones, Fold::default()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("f64") && text.contains("f32"), "{text}");
    let short = Buf::<R>::empty(&client, 3, DType::F32);
    let error = aggregate::launch::aggregate(&device, Direction::ToRows, Reduce::Sum, &short, 1, Weights::Ones, Fold::default());
    assert!(matches!(error, Err(KernelError::Length { expected: 4, got: 3, .. })), "{error:?}");
}
