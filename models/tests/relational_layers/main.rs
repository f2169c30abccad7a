//! GATv2, the relational convolution, StarE and pooling against plain loops in f64, and their gradients against central differences.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod gat_v2;
#[path = "../support/parameters.rs"]
mod parameters;
mod pooling;
mod relational;
mod star_e;

use burn::module::Module;
use burn::tensor::{DType, Tensor, TensorData};
use hypergraphql_ops::{CpuDevice, HyperBackend};
use parameters::{Ad, Nudge, stirred, values};

type Rows = Vec<Vec<f64>>;

/// Values in (−1, 1) that follow no pattern of rows or columns.
fn rows(count: usize, width: usize, seed: usize) -> Rows {
    (0..count).map(|i| (0..width).map(|j| ((i * width + j) as f64 * 1.7 + seed as f64 * 0.9 + 0.3).sin()).collect()).collect()
}

fn matrix<B: HyperBackend>(x: &Rows, width: usize) -> Tensor<B, 2> {
    let values: Vec<f64> = x.iter().flatten().copied().collect();
    Tensor::from_data(TensorData::new(values, [x.len(), width]), (&B::Device::default(), DType::F64))
}

fn to_rows<B: HyperBackend>(x: Tensor<B, 2>) -> Rows {
    let width = x.dims()[1];
    values(x).chunks(width).map(<[f64]>::to_vec).collect()
}

/// x W
fn times(x: &[f64], w: &Rows) -> Vec<f64> {
    (0..w[0].len()).map(|o| x.iter().zip(w).map(|(x, row)| x * row[o]).sum()).collect()
}

fn add(y: &mut [f64], share: f64, x: &[f64]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += share * x);
}

fn assert_rows(got: &Rows, expected: &Rows, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert_eq!(got.len(), expected.len(), "{what}");
        for (j, (g, e)) in got.iter().zip(expected).enumerate() {
            assert!((g - e).abs() <= 1e-10 * e.abs().max(1.0), "{what}: row {i}, column {j} is {g}, expected {e}");
        }
    }
}

/// A number that depends on every value of an output in another way.
fn loss<B: HyperBackend>(y: Tensor<B, 2>) -> Tensor<B, 1> {
    let [rows_, width] = y.dims();
    (y.clone() * matrix(&rows(rows_, width, 5), width) + y.powi_scalar(2) * 0.3).sum()
}

/// Compares the gradients of all parameters and of the inputs `x` with central differences of [`loss`].
fn check_gradients<M: Module<Ad>>(module: &M, x: &[Rows], forward: impl Fn(&M, &[Tensor<Ad, 2>]) -> Tensor<Ad, 2>) {
    const STEP: f64 = 1e-5;
    let tensors = |x: &[Rows]| x.iter().map(|x| matrix::<Ad>(x, x[0].len()).require_grad()).collect::<Vec<_>>();
    let of = |module: &M, x: &[Rows]| values(loss(forward(module, &tensors(x))))[0];
    let inputs = tensors(x);
    let gradients = loss(forward(module, &inputs)).backward();
    let near = |got: f64, up: f64, down: f64, what: String| {
        let expected = (up - down) / (2.0 * STEP);
        assert!((got - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{what}: {got}, by differences {expected}");
    };
    for (k, input) in inputs.iter().enumerate() {
        let got = values(input.grad(&gradients).unwrap());
        for (i, got) in got.into_iter().enumerate() {
            let at = |step: f64| {
                let mut x = x.to_vec();
                let width = x[k][0].len();
                x[k][i / width][i % width] += step;
                of(module, &x)
            };
            near(got, at(STEP), at(-STEP), format!("input {k}, element {i}"));
        }
    }
    for (parameter, got) in parameters::gradients(module, &gradients).iter().enumerate() {
        assert!(!got.is_empty(), "parameter {parameter} has no gradient");
        for (element, got) in got.iter().enumerate() {
            let at = |step| of(&module.clone().map(&mut Nudge { parameter, element, step, at: 0 }), x);
            near(*got, at(STEP), at(-STEP), format!("parameter {parameter}, element {element}"));
        }
    }
}

fn device() -> CpuDevice {
    CpuDevice::default()
}
