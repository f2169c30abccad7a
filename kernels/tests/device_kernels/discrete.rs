//! `knn`, `quantize` and `int8_matmul` on the device.

use hypergraphql_kernels::knn::{self, KnnConfig, Metric};
use hypergraphql_kernels::quantize::launch::Int8Rows;
use hypergraphql_kernels::{DType, Element, int8_matmul, quantize};

use super::bounds::{PLAIN, abs};
use super::{Client, R, Random, client, down, up};

/// Multiples of 1/8 in ±2: sums of products are exact, and ties are real ties.
fn eighths(random: &mut Random, n: usize) -> Vec<f64> {
    (0..n).map(|_| random.below(33) as f64 / 8.0 - 2.0).collect()
}

fn nearest<E: Element>(client: &Client, sizes: &[[usize; 4]]) {
    for &[queries, items, width, k] in sizes {
        for metric in Metric::ALL {
            let mut random = Random(47);
            let c = KnnConfig { queries, items, width, k, metric };
            let (q, qs) = up::<E>(client, &eighths(&mut random, queries * width));
            let mut values = eighths(&mut random, items * width);
            // Some items have no score, and one is the negative zero of all queries.
            if width > 1 {
                (3..items.min(40)).step_by(7).for_each(|i| values[i * width + 1] = f64::NAN);
            }
            values.iter_mut().skip(2 * width).take(width).for_each(|x| *x = -0.0);
            let (x, xs) = up::<E>(client, &values);
            let (ids, scores) = knn::launch::knn(client, c, &q, &x).unwrap();
            let (want, want_scores) = knn::reference::knn(c, &qs, &xs);
            assert_eq!(ids.read(client).unwrap(), want, "{c:?} {}", E::DTYPE);
            PLAIN.check(&format!("{c:?}"), DType::F32, &down(client, &scores), &want_scores, &vec![0.0; want_scores.len()]);
        }
    }
}

#[test]
fn knn_matches_the_reference() {
    let Some(client) = client("knn_matches_the_reference") else { return };
    nearest::<f32>(
        &client,
        &[[1, 1, 1, 1], [70, 3001, 17, 10], [9, 20_011, 33, 20], [20, 200, 40, 200], [0, 4, 3, 2], [4, 3, 0, 2], [2, 5, 3, 0]],
    );
    nearest::<half::f16>(&client, &[[70, 3001, 17, 10]]);
}

/// Scores that rise to the last item, so that every tile replaces the whole list: what takes the most loop iterations.
#[test]
fn knn_of_ever_nearer_items() {
    let Some(client) = client("knn_of_ever_nearer_items") else { return };
    let (items, k) = (60_000, 500);
    let (q, qs) = up::<f32>(&client, &[1.0]);
    let (x, xs) = up::<f32>(&client, &(0..items).map(f64::from).collect::<Vec<_>>());
    let c = KnnConfig { queries: 1, items: items as usize, width: 1, k, metric: Metric::InnerProduct };
    let (ids, _) = knn::launch::knn(&client, c, &q, &x).unwrap();
    assert_eq!(ids.read(&client).unwrap(), knn::reference::knn(c, &qs, &xs).0);
    let c = KnnConfig { k: 30_000, ..c };
    let error = knn::launch::knn(&client, c, &q, &x).unwrap_err().to_string();
    assert!(error.contains("k is 30000 on") && error.contains("up to 1024"), "{error}");
}

fn integers<E: Element>(client: &Client) {
    for (rows, width) in [(1, 1), (37, 23), (600, 7), (3, 5017), (0, 5), (4, 0)] {
        let mut values = Random(53).floats(rows * width);
        for (r, value) in (1..rows).step_by(3).zip([0.0, f64::NAN, f64::INFINITY, 1e-42].into_iter().cycle()) {
            values[r * width..(r + 1) * width]
                .iter_mut()
                .for_each(|x| *x = if value == 0.0 || value.abs() < 1.0 { *x * value } else { *x });
            if !value.is_finite() && width > 0 {
                values[(r + 1) * width - 1] = value;
            }
        }
        let (x, xs) = up::<E>(client, &values);
        let out = quantize::launch::quantize(client, &x, rows).unwrap();
        let (q, scales) = out.read(client).unwrap();
        let (want, want_scales) = quantize::reference::quantize(&xs, rows);
        for (r, (&got, want)) in scales.iter().zip(&want_scales).enumerate() {
            let got = f64::from(got);
            assert!(
                (got.is_nan() && want.is_nan()) || (got - want).abs() <= 1e-6 * want,
                "row {r} of {rows}x{width}: {got} and not {want}"
            );
        }
        assert_eq!(q.len(), want.len());
        for (i, (&got, &want)) in q.iter().zip(&want).enumerate() {
            let exact = xs[i] / want_scales[i / width];
            assert!(
                got == want || (f64::from(got) - exact).abs() < 0.5 + 1e-4,
                "{i} of {rows}x{width} is {got} and not {want}, of {exact}"
            );
        }
        let back = down(client, &quantize::launch::dequantize(client, &out, E::DTYPE).unwrap());
        let scales: Vec<f64> = scales.iter().map(|&s| f64::from(s)).collect();
        let want = quantize::reference::dequantize(&q, &scales);
        PLAIN.check("dequantize", E::DTYPE, &back, &want, &abs(&want));
    }
}

fn products<E: Element>(client: &Client) {
    for (rows, width, outputs) in
        [(1, 1, 1), (1, 300, 70), (7, 64, 130), (67, 130, 9), (13, 1100, 5), (100, 33, 70), (0, 5, 3), (3, 0, 4), (2, 6, 0)]
    {
        let mut random = Random(59);
        let (x, _) = up::<E>(client, &random.floats(rows * width));
        let codes: Vec<i8> = (0..outputs * width).map(|_| (random.below(255) as i32 - 127) as i8).collect();
        let scales: Vec<f32> = (0..outputs).map(|o| 0.25 + o as f32 / 16.0).collect();
        let w = Int8Rows::upload(client, &codes, &scales, width).unwrap();
        assert_eq!(w.read(client).unwrap(), (codes.clone(), scales.clone()));
        let y = int8_matmul::launch::int8_matmul(client, &x, rows, &w).unwrap();
        let (q, of_q) = if width == 0 {
            (vec![], vec![0.0; rows])
        } else {
            quantize::launch::quantize(client, &x, rows).unwrap().read(client).unwrap()
        };
        let wide = |scales: &[f32]| scales.iter().map(|&s| f64::from(s)).collect::<Vec<_>>();
        let want = int8_matmul::reference::product(&q, &wide(&of_q), &codes, &wide(&scales));
        PLAIN.check(&format!("int8_matmul {rows}x{width}x{outputs}"), E::DTYPE, &down(client, &y), &want, &abs(&want));
    }
}

#[test]
fn integers_of_eight_bits_match_the_reference() {
    let Some(client) = client("integers_of_eight_bits_match_the_reference") else { return };
    integers::<f32>(&client);
    integers::<half::f16>(&client);
    products::<f32>(&client);
    products::<half::f16>(&client);
    let error = Int8Rows::<R>::upload(&client, &[1, 2, 3], &[1.0, 2.0], 2).unwrap_err().to_string();
    assert!(error.contains("q has 3 elements, expected 4"), "{error}");
}
