//! Cases of the ops between floats and whole numbers. Their inputs leave no choice: sums of products are exact, and scales are powers of two.

use burn::tensor::Tensor;
use hypergraphql_kernels::knn::{KnnConfig, Metric, reference as nearest};
use hypergraphql_kernels::{int8_matmul as multiplying, quantize as quantizing};

use super::leaf::{Layout, downloaded, leaf};
use super::numbers::numbers;
use super::relational::Exact;
use super::suite::Suite;
use crate::backend::HyperBackend;
use crate::ids::Ids;
use crate::knn::knn;
use crate::quantize::{Int8Matrix, dequantize, int8_matmul, quantize};

/// Uploads indices.
type Up<'a, B> = &'a dyn Fn(&[u32]) -> Ids<B>;

/// Multiples of 1/8 in ±2, many of them equal.
fn eighths(n: usize, seed: u32) -> Vec<f64> {
    numbers(n, seed).iter().map(|v| (16.0 * v).round() / 8.0).collect()
}

/// Rows of whole numbers in ±127, the first of each row 127, times powers of two from `least` on.
fn whole(rows: usize, width: usize, least: i32, seed: u32) -> Vec<f64> {
    let number = |(i, v): (usize, &f64)| {
        let (row, f) = (i / width, i % width);
        2f64.powi(least + row as i32 % 3) * if f == 0 { 127.0 } else { (127.0 * v).round() }
    };
    numbers(rows * width, seed).iter().enumerate().map(number).collect()
}

/// Floats as the bits of f32: those of `want` wherever `got` differs from it by no more than `tolerance` of it.
fn floats<B: HyperBackend>(up: Up<B>, got: &[f64], want: &[f64], tolerance: f64) -> (Ids<B>, Vec<u32>) {
    let bits = |x: f64| (x as f32).to_bits();
    let near = |got: f64, want: f64| (got.is_nan() && want.is_nan()) || (got - want).abs() <= tolerance * want.abs();
    let seen: Vec<u32> = got
        .iter()
        .enumerate()
        .map(|(i, &got)| match want.get(i) {
            Some(&want) if near(got, want) => bits(want),
            _ => bits(got),
        })
        .collect();
    (up(&seen), want.iter().map(|&w| bits(w)).collect())
}

pub(super) fn run<B: HyperBackend>(suite: &mut Suite<B>) {
    for (sizes, layout) in [
        ([1, 1, 1, 1], Layout::Plain),
        ([3, 70, 5, 7], Layout::Transposed),
        ([70, 2003, 17, 10], Layout::Sliced),
        ([5, 9001, 33, 20], Layout::Offset),
        ([130, 300, 2, 100], Layout::Plain),
        ([0, 4, 3, 2], Layout::Plain),
        ([4, 3, 0, 2], Layout::Plain),
        ([2, 5, 3, 0], Layout::Plain),
    ] {
        for metric in Metric::ALL {
            knn_case(suite, sizes, metric, layout);
        }
    }
    for (sizes, layout) in [
        ([1, 1, 1], Layout::Plain),
        ([5, 23, 41], Layout::Transposed),
        ([70, 130, 67], Layout::Sliced),
        ([13, 301, 90], Layout::Offset),
        ([0, 5, 3], Layout::Plain),
        ([3, 0, 4], Layout::Plain),
        ([2, 6, 0], Layout::Plain),
    ] {
        integers(suite, sizes, layout);
    }
}

fn knn_case<B: HyperBackend>(suite: &mut Suite<B>, [queries, items, width, k]: [usize; 4], metric: Metric, layout: Layout) {
    let (device, dtype) = (suite.device, suite.dtype);
    suite.exact("knn", format!("{queries}x{items}x{width}/{k}/{metric:?}/{layout:?}"), |up| {
        let (q, mut x) = (eighths(queries * width, 3), eighths(items * width, 4));
        // Here and there an item without a score.
        x.iter_mut().skip(1).step_by(7 * width + 1).for_each(|x| *x = f64::NAN);
        let upload = |values: &[f64], rows| leaf::<B>(values, [rows, width], layout, dtype, device);
        let (ids, scores) = knn(upload(&q, queries), upload(&x, items), k, metric)?;
        let want = nearest::knn(KnnConfig { queries, items, width, k, metric }, &q, &x);
        Ok(vec![(ids, want.0), floats(up, &downloaded(scores), &want.1, 0.0)])
    });
}

fn integers<B: HyperBackend>(suite: &mut Suite<B>, [rows, width, outputs]: [usize; 3], layout: Layout) {
    let (device, dtype) = (suite.device, suite.dtype);
    // A division that a device rounds its own way, and the result's type.
    let tolerance = 1e-6 + dtype.unit_roundoff();
    let name = |other: usize| format!("{rows}x{width}x{other}/{layout:?}");
    let upload = |values: &[f64]| -> Tensor<B, 2> { leaf::<B>(values, [rows, width], layout, dtype, device) };
    let mut x = whole(rows, width, -3, 5);
    x.iter_mut().skip(2 * width).take(width).for_each(|x| *x = 0.0);
    x.iter_mut().skip(4 * width + 1).take(1).for_each(|x| *x = f64::NAN);
    suite.exact("quantize", name(1), |up| -> crate::error::Result<Exact<B>> {
        let q = quantize(upload(&x))?;
        let (want, want_scales) = quantizing::reference::quantize(&x, rows);
        let (codes, scales) = q.read()?;
        let back = downloaded(dequantize(&q, dtype)?);
        let words = |q: &[i8]| q.iter().map(|&q| i32::from(q) as u32).collect::<Vec<_>>();
        let scales: Vec<f64> = scales.into_iter().map(f64::from).collect();
        let floats = |got: &[f64], want: &[f64]| floats(up, got, want, tolerance);
        Ok(vec![
            (up(&words(&codes)), words(&want)),
            floats(&scales, &want_scales),
            floats(&back, &quantizing::reference::dequantize(&want, &want_scales)),
        ])
    });
    suite.exact("int8_matmul", name(outputs), |up| {
        let codes: Vec<i8> = numbers(outputs * width, 6).iter().map(|v| (127.0 * v).round() as i8).collect();
        let scales: Vec<f64> = (0..outputs).map(|o| 2f64.powi(-6 - o as i32 % 3)).collect();
        let w = Int8Matrix::new(codes.clone(), scales.iter().map(|&s| s as f32).collect(), width, device)?;
        let y = downloaded(int8_matmul(upload(&x), &w)?);
        Ok(vec![floats(up, &y, &multiplying::reference::int8_matmul(&x, rows, &codes, &scales), tolerance)])
    });
}
