//! Every CubeCL kernel on a Vulkan device (lavapipe where there is no GPU) against the f64 references, by every strategy.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "vulkan")]

use std::sync::OnceLock;

use cubecl::prelude::*;
use cubecl::wgpu::{WgpuDevice, WgpuRuntime};
use hypergraphql_kernels::aggregate::{Fold, Reduce, Weights};
use hypergraphql_kernels::device::{Buf, DeviceInfo, DevicePattern, Lanes, Strategy, panics};
use hypergraphql_kernels::dropout::Mask;
use hypergraphql_kernels::element::{Element, narrow, widen};
use hypergraphql_kernels::gather::index_pattern;
use hypergraphql_kernels::hypergraph_attention::AttentionConfig;
use hypergraphql_kernels::scatter_add::Scatter;
use hypergraphql_kernels::{CsrPair, DType, Direction, KernelError, aggregate, edge_score, hypergraph_attention, segment_softmax};

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

/// A small pattern by every route (or by `Auto` only), then one with hub rows and hub columns as `Auto` sees them.
fn each_case(client: &Client, all_routes: bool, mut check: impl FnMut(&str, &CsrPair, &DevicePattern<R>)) {
    for values in [false, true] {
        let pair = pattern(43, 29, 57, values, 7);
        let routes = if all_routes { &ROUTES[..] } else { &ROUTES[..1] };
        for &(strategy, lanes) in routes {
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

/// Roundings in f32 that a sum over the longest row of these tests may add up, relative to the largest value.
const SUM: f64 = 200.0;

/// Within `ulps` roundings of the storage type and `SUM` of f32, relative to the largest value.
fn close(what: &str, dtype: DType, ulps: f64, got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len(), "{what}");
    let scale = want.iter().filter(|w| w.is_finite()).fold(1.0f64, |m, w| m.max(w.abs()));
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        let close = g == w || (g - w).abs() <= (ulps * dtype.unit_roundoff() + SUM * DType::F32.unit_roundoff()) * scale;
        assert!(close, "{what} {dtype}: element {i} of {} is {g}, expected {w}", want.len());
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
                    close(&what[..what.len().min(120)], E::DTYPE, 16.0, &down(client, &y), &want);
                }
            }
            let (dy, dys) = up::<E>(client, &random.floats(outputs * width));
            for (reduce, weights, want_weights) in
                [(Reduce::Max, Weights::Entries(&w), Weights::Entries(&ws[..])), (Reduce::Min, Weights::Values, Weights::Values)]
            {
                let (dx, dw) = aggregate::extremum::launch::extremum_backward(device, direction, reduce, &x, width, weights, &dy).unwrap();
                let (want_dx, want_dw) = aggregate::reference::aggregate_backward(&view, reduce, &xs, width, want_weights, &dys);
                let what = format!("{name} {direction:?} gradient of {reduce:?} width {width}");
                close(&what, E::DTYPE, 16.0, &down(client, &dx), &want_dx);
                if let Some(dw) = dw {
                    close(&format!("{what}, weights"), E::DTYPE, 16.0, &down(client, &dw), &want_dw);
                }
            }
        }
        let mut random = Random(5);
        let (a, xa) = up::<E>(client, &random.floats(pair.rows() * width));
        let (b, xb) = up::<E>(client, &random.floats(pair.cols() * width));
        let got = aggregate::entry::launch::entry_dot(device, &a, &b, width).unwrap();
        let want = aggregate::reference::entry_dot(&pair.view(Direction::ToRows), &xa, &xb, width);
        close(&format!("{name} entry_dot width {width}"), E::DTYPE, 16.0, &down(client, &got), &want);
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

fn softmax_and_scores<E: Element>(client: &Client, all_routes: bool, heads: usize) {
    each_case(client, all_routes, |name, pair, device| {
        let mut random = Random(17);
        let what = |op: &str| format!("{name} {op} heads {heads}");
        let rows = pair.view(Direction::ToRows);
        let (a, xa) = up::<E>(client, &random.floats(pair.rows() * heads));
        let (b, xb) = up::<E>(client, &random.floats(pair.cols() * heads));
        let s = edge_score::launch::edge_score(device, &a, &b, heads, 0.2).unwrap();
        close(&what("edge_score"), E::DTYPE, 4.0, &down(client, &s), &edge_score::reference::edge_score(&rows, &xa, &xb, heads, 0.2));
        let (ds, xds) = up::<E>(client, &random.floats(pair.nnz() * heads));
        let (da, db) = edge_score::launch::edge_score_backward(device, &a, &b, heads, 0.2, &ds).unwrap();
        let (want_da, want_db) = edge_score::reference::edge_score_backward(&rows, &xa, &xb, heads, 0.2, &xds);
        close(&what("edge_score da"), E::DTYPE, 16.0, &down(client, &da), &want_da);
        close(&what("edge_score db"), E::DTYPE, 16.0, &down(client, &db), &want_db);
        for direction in [Direction::ToRows, Direction::ToCols] {
            let view = pair.view(direction);
            let logits: Vec<f64> = random.floats(pair.nnz() * heads).iter().map(|x| 20.0 * x).collect();
            let (s, xs) = up::<E>(client, &logits);
            let p = segment_softmax::launch::segment_softmax(device, direction, &s, heads).unwrap();
            let want = segment_softmax::reference::segment_softmax(&view, &xs, heads);
            // exp(s − L) amplifies the rounding of L, whose size is 20.
            close(&what("softmax"), E::DTYPE, 64.0, &down(client, &p), &want);
            let (p, xp) = up::<E>(client, &want);
            let (dp, xdp) = up::<E>(client, &random.floats(pair.nnz() * heads));
            let ds = segment_softmax::launch::segment_softmax_backward(device, direction, &p, &dp, heads).unwrap();
            let want = segment_softmax::reference::segment_softmax_backward(&view, &xp, &xdp, heads);
            close(&what("softmax backward"), E::DTYPE, 16.0, &down(client, &ds), &want);
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
                close(&what("out"), E::DTYPE, 16.0, &down(client, &saved.out), &want);
                let (dx, da, db) = hypergraph_attention::launch::hypergraph_attention_backward(device, config, &i, &saved, &dout).unwrap();
                let (want_dx, want_da, want_db) = hypergraph_attention::reference::hypergraph_attention_backward(pair, config, want_i, &xd);
                close(&what("dx"), E::DTYPE, 16.0, &down(client, &dx), &want_dx);
                close(&what("da"), E::DTYPE, 64.0, &down(client, &da), &want_da);
                close(&what("db"), E::DTYPE, 64.0, &down(client, &db), &want_db);
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
    use hypergraphql_kernels::{dropout, gather, hypergraph_conv, scatter_add};
    for (n, len, width) in [(17, 63, 5), (17, 63, 8), (3, 3001, 7), (9, 0, 4), (11, 5, 0)] {
        let mut random = Random(29);
        let index: Vec<u32> = (0..len).map(|_| random.below(n) as u32).collect();
        let pair = index_pattern(index.clone(), n).unwrap();
        let device = DevicePattern::upload(client, &pair);
        let (x, xs) = up::<E>(client, &random.floats(n * width));
        let got = gather::launch::gather(&device, &x, width).unwrap();
        close("gather", E::DTYPE, 0.0, &down(client, &got), &gather::reference::gather(&index, &xs, width));
        let (x, xs) = up::<E>(client, &random.floats(len * width));
        let want = scatter_add::reference::scatter_add(&index, n, &xs, width);
        let got = scatter_add::launch::scatter_add(&device, &x, width, Scatter::Deterministic).unwrap();
        close("scatter", E::DTYPE, 16.0, &down(client, &got), &want);
        match scatter_add::launch::scatter_add(&device, &x, width, Scatter::Atomic) {
            Ok(got) => close("atomic scatter", E::DTYPE, 64.0, &down(client, &got), &want),
            Err(e) => {
                assert!(matches!(e, KernelError::Unsupported { .. }), "{e}");
                eprintln!("SKIPPED atomic scatter: {e}");
            }
        }
        let mask = Mask::new(0.37, 0x1234_5678_9abc, 42).unwrap();
        let got = dropout::launch::dropout(client, &x, mask).unwrap();
        close("dropout", E::DTYPE, 4.0, &down(client, &got), &dropout::reference::dropout(&xs, mask));
        let (c, cs) = scales(client, &random.floats(len));
        for scaled in [false, true] {
            let got = hypergraph_conv::launch::bias_gradient(&device, &x, width, scaled.then_some(&c)).unwrap();
            let want: Vec<f64> = (0..width).map(|f| (0..len).map(|r| if scaled { cs[r] } else { 1.0 } * xs[r * width + f]).sum()).collect();
            close("bias gradient", E::DTYPE, 16.0, &down(client, &got), &want);
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
