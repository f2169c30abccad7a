//! `knn`, `quantize` and `int8_matmul`: whole numbers, which must be the reference's own wherever it leaves no choice.

use half::{bf16, f16};
use hypergraphql_kernels::element::{narrow, widen};
use hypergraphql_kernels::knn::{self, KnnConfig, Metric};
use hypergraphql_kernels::{Element, int8_matmul, quantize};

use super::{Numbers, close};

/// Real numbers in ±1.
fn real<E: Element>(seed: u64, n: usize) -> Vec<E> {
    let mut r = Numbers(seed);
    narrow(&(0..n).map(|_| (r.next() as f64 / 1e9).sin()).collect::<Vec<_>>())
}

fn configs(queries: usize, items: usize, width: usize, k: usize) -> [KnnConfig; 2] {
    Metric::ALL.map(|metric| KnnConfig { queries, items, width, k, metric })
}

#[track_caller]
fn same_items<E: Element>(c: KnnConfig, q: &[E], x: &[E]) {
    c.check(q.len(), x.len()).unwrap();
    let (ids, scores) = knn::host::knn(c, q, x);
    let (want_ids, want) = knn::reference::knn(c, &widen(q), &widen(x));
    assert_eq!(ids, want_ids, "{c:?} {}", E::DTYPE);
    for (got, want) in scores.iter().zip(&want) {
        let got = hypergraphql_kernels::Acc::to_f64(*got);
        assert!(got == *want || (got.is_nan() && want.is_nan()), "{c:?} {}: {got} and not {want}", E::DTYPE);
    }
    assert_eq!(scores.len(), want.len());
}

in_every_type!(nearest_items);
fn nearest_items<E: Element>() {
    let mut r = Numbers(31);
    for [queries, items, width, k] in [
        [1, 1, 1, 1],
        [3, 7, 5, 2],
        [70, 5003, 17, 10],
        [130, 4500, 9, 33],
        [65, 4097, 33, 1],
        [1, 20_011, 8, 100],
        [7, 9001, 3, 40],
        [5, 300, 3, 300],
        [2, 600, 2100, 4],
        [0, 4, 3, 2],
        [4, 3, 0, 2],
        [2, 5, 3, 0],
        [2, 0, 3, 0],
    ] {
        let (q, x): (Vec<E>, Vec<E>) = (r.array(queries * width), r.array(items * width));
        for c in configs(queries, items, width, k) {
            same_items(c, &q, &x);
        }
    }
}

in_every_type!(not_a_number_comes_last);
fn not_a_number_comes_last<E: Element>() {
    let (queries, items, width) = (3, 700, 5);
    let mut r = Numbers(37);
    let (mut q, mut x): (Vec<E>, Vec<E>) = (r.array(queries * width), r.array(items * width));
    q[width + 1] = E::from_f64(f64::NAN);
    for item in (0..600).step_by(2) {
        x[item * width + item % width] = E::from_f64(f64::NAN);
    }
    for k in [1, 17, 399, 400, 401, 650, 700] {
        for c in configs(queries, items, width, k) {
            same_items(c, &q, &x);
        }
    }
    for item in (1..200).step_by(3) {
        x[item * width] = E::from_f64(if item % 2 == 0 { f64::INFINITY } else { f64::NEG_INFINITY });
    }
    for k in [1, 60, 390, 700] {
        same_items(configs(queries, items, width, k)[0], &q, &x);
    }
}

/// Without ties: the j-th item is as near as the j-th of the reference, and its score is its own.
#[test]
fn near_items_far_from_zero() {
    for (offset, spread) in [(0.0, 1.0), (1000.0, 1.0), (-30.0, 1e-2)] {
        let [c, squared] = configs(67, 5000, 40, 20);
        let place = |seed, n: usize| -> Vec<f32> { real::<f32>(seed, n * 40).iter().map(|v| offset + spread * v).collect() };
        let (q, x) = (place(3, 67), place(4, 5000));
        let (wide_q, wide_x) = (widen(&q), widen(&x));
        for c in [c, squared] {
            let (ids, scores) = knn::host::knn(c, &q, &x);
            let (_, want) = knn::reference::knn(c, &wide_q, &wide_x);
            let magnitude = if c.metric == Metric::InnerProduct { 40.0 * f64::from(offset.abs() + spread).powi(2) } else { 0.0 };
            for (at, (&item, &score)) in ids.iter().zip(&scores).enumerate() {
                let (query, item) = (at / c.k, item as usize);
                let own = knn::reference::score(c, &wide_q[query * 40..(query + 1) * 40], &wide_x[item * 40..(item + 1) * 40]);
                let bound = 1e-6 * (magnitude + own.abs());
                assert!((own - f64::from(score)).abs() <= bound, "{c:?} at {offset}: the score of {item} is {own} and not {score}");
                assert!((own - want[at]).abs() <= 2.0 * bound, "{c:?} at {offset}: place {at} has {own}, the reference {}", want[at]);
            }
        }
    }
}

fn rows_of<E: Element>(rows: usize, width: usize) -> Vec<E> {
    let mut x: Vec<E> = real(41, rows * width);
    let odd = [0.0, f64::NAN, f64::INFINITY, 1e-45, 1e-37];
    for (r, value) in (3..rows).step_by(5).zip(odd.iter().cycle()) {
        let row = &mut x[r * width..(r + 1) * width];
        if value.is_finite() {
            row.iter_mut().for_each(|x| *x = E::from_f64(*value * x.to_f64()));
        } else if let Some(x) = row.last_mut() {
            *x = E::from_f64(*value);
        }
    }
    x
}

/// q and scales against the reference; a q may be the other neighbour where a number lies half way but for rounding.
fn same_integers<E: Element>(x: &[E], q: &[i8], scales: &[f32]) {
    let (want, want_scales) = quantize::reference::quantize(&widen(x), scales.len());
    assert_eq!(q.len(), want.len());
    let width = q.len() / scales.len().max(1);
    for (r, (&scale, want)) in scales.iter().zip(&want_scales).enumerate() {
        let scale = f64::from(scale);
        assert!((scale.is_nan() && want.is_nan()) || (scale - want).abs() <= 1e-7 * want, "row {r}: {scale} and not {want}");
    }
    for (i, (&got, &want)) in q.iter().zip(&want).enumerate() {
        let exact = f64::from(x[i].to_f64() as f32) / want_scales[i / width];
        assert!(got == want || (f64::from(got) - exact).abs() < 0.5 + 1e-4, "{i} is {got} and not {want}, of {exact}");
    }
}

in_every_type!(integers_of_eight_bits);
fn integers_of_eight_bits<E: Element>() {
    for (rows, width) in [(1, 1), (37, 23), (2003, 7), (3, 5017), (0, 5), (4, 0)] {
        let x: Vec<E> = rows_of(rows, width);
        let (q, scales) = quantize::host::quantize(&x, rows);
        same_integers(&x, &q, &scales);
        let back: Vec<E> = quantize::host::dequantize(&q, &scales);
        let want = quantize::reference::dequantize(&q, &scales.iter().map(|&s| f64::from(s)).collect::<Vec<_>>());
        for (got, want) in back.iter().zip(&want) {
            let got = got.to_f64();
            assert!(
                (got.is_nan() && want.is_nan()) || (got - want).abs() <= 2.0 * E::DTYPE.unit_roundoff() * want.abs() + 1e-7,
                "{got}, {want}"
            );
        }
    }
}

in_every_type!(products_of_integers);
fn products_of_integers<E: Element>() {
    for (rows, width, outputs) in [(1, 1, 1), (1, 300, 700), (7, 64, 13), (67, 130, 9), (13, 4100, 5), (0, 5, 3), (3, 0, 4), (2, 6, 0)] {
        let (x, w): (Vec<E>, Vec<f32>) = (real(43, rows * width), real(47, outputs * width));
        let (w, of_w) = quantize::host::quantize(&w, outputs);
        let (q, of_q) = quantize::host::quantize(&x, rows);
        let wide = |scales: &[f32]| scales.iter().map(|&s| f64::from(s)).collect::<Vec<_>>();
        let want = int8_matmul::reference::product(&q, &wide(&of_q), &w, &wide(&of_w));
        int8_matmul::check(rows, width, x.len(), outputs, w.len()).unwrap();
        close("int8_matmul", &int8_matmul::host::int8_matmul(&x, rows, &w, &of_w), &want, 1);
    }
    // Scales that are powers of two leave no choice.
    let x: Vec<E> = [-127.0, 3.0, 5.0, 64.0, 127.0, -2.0].iter().map(|&x| E::from_f64(x)).collect();
    let (w, of_w) = ([127i8, -127, 9, 1, 2, 3], [0.5f32, 4.0]);
    let want = int8_matmul::reference::int8_matmul(&widen(&x), 2, &w, &[0.5, 4.0]);
    let y = int8_matmul::host::int8_matmul(&x, 2, &w, &of_w);
    close("int8_matmul", &y, &want, 1);
    let nan: Vec<E> = [f64::NAN, 3.0, 5.0, 64.0, 127.0, -2.0].iter().map(|&x| E::from_f64(x)).collect();
    let of_nan = int8_matmul::host::int8_matmul(&nan, 2, &w, &of_w);
    assert!(of_nan[..2].iter().all(|y| y.to_f64().is_nan()) && of_nan[2..] == y[2..]);
}

#[test]
fn threads_change_no_bit_of_searches_and_integers() {
    let (q, x): (Vec<f32>, Vec<f32>) = (real(53, 70 * 24), real(59, 20_000 * 24));
    let w: Vec<f32> = real(61, 3000 * 24);
    let all = || {
        let searches = configs(70, 20_000, 24, 20).map(|c| knn::host::knn(c, &q, &x));
        let one = configs(1, 20_000, 24, 20).map(|c| knn::host::knn(c, &q[..24], &x));
        let (w, of_w) = quantize::host::quantize(&w, 3000);
        let y = int8_matmul::host::int8_matmul(&q, 70, &w, &of_w);
        let bits = |x: Vec<f32>| x.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        (searches.map(|(ids, scores)| (ids, bits(scores))), one.map(|(ids, scores)| (ids, bits(scores))), w, bits(of_w), bits(y))
    };
    let on = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(all);
    let one = on(1);
    for threads in [2, 3, 7] {
        assert!(on(threads) == one, "{threads} threads");
    }
}

#[test]
fn wrong_sizes_are_named() {
    let c = KnnConfig { queries: 2, items: 3, width: 4, k: 5, metric: Metric::SquaredL2 };
    assert!(c.check(8, 12).unwrap_err().to_string().contains("k is 5 of 3 items"));
    assert!(KnnConfig { k: 1, ..c }.check(7, 12).unwrap_err().to_string().contains("q has 7 elements, expected 8"));
    assert!(int8_matmul::check(1, 1 << 18, 1 << 18, 0, 0).unwrap_err().to_string().contains("K is 262144, expected up to 131072"));
    assert!(int8_matmul::check(2, 3, 6, 5, 14).unwrap_err().to_string().contains("w has 14 elements, expected 15"));
}
