//! GATv2, the relational convolution, StarE and pooling against plain loops in f64, and their gradients against central differences.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod gat_v2;
mod pooling;
mod relational;
mod star_e;

use burn::backend::Autodiff;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Tensor, TensorData};
use hypergraphql_ops::{Cpu, CpuDevice, HyperBackend};

type Ad = Autodiff<Cpu>;

type Rows = Vec<Vec<f64>>;

/// Values in (−1, 1) that follow no pattern of rows or columns.
fn rows(count: usize, width: usize, seed: usize) -> Rows {
    (0..count).map(|i| (0..width).map(|j| ((i * width + j) as f64 * 1.7 + seed as f64 * 0.9 + 0.3).sin()).collect()).collect()
}

fn matrix<B: HyperBackend>(x: &Rows, width: usize) -> Tensor<B, 2> {
    let values: Vec<f64> = x.iter().flatten().copied().collect();
    Tensor::from_data(TensorData::new(values, [x.len(), width]), (&B::Device::default(), DType::F64))
}

fn values<B: HyperBackend, const D: usize>(x: Tensor<B, D>) -> Vec<f64> {
    x.into_data().convert::<f64>().to_vec().unwrap()
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

/// Every parameter in f64, so that differences can be small, and no zeros and ones, which hide mistakes.
struct Stir(usize);

impl<B: HyperBackend> ModuleMapper<B> for Stir {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        self.0 += 1;
        let (id, tensor, mapper) = param.consume();
        let n = tensor.shape().num_elements();
        let stirred: Vec<f64> = (0..n).map(|i| 0.7 * ((i * (self.0 + 2)) as f64 * 0.77 + self.0 as f64).sin()).collect();
        let data = TensorData::new(stirred, tensor.dims());
        let tensor = Tensor::from_data(data, (&tensor.device(), DType::F64)).set_require_grad(tensor.is_require_grad());
        Param::from_mapped_value(id, tensor, mapper)
    }
}

fn stirred<B: HyperBackend, M: Module<B>>(module: M) -> M {
    module.map(&mut Stir(0))
}

/// Adds `step` to element `element` of parameter `parameter`.
struct Nudge {
    parameter: usize,
    element: usize,
    step: f64,
    at: usize,
}

impl<B: HyperBackend> ModuleMapper<B> for Nudge {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let (id, tensor, mapper) = param.consume();
        let here = self.at == self.parameter;
        self.at += 1;
        if !here {
            return Param::from_mapped_value(id, tensor, mapper);
        }
        let (shape, device, learns) = (tensor.dims(), tensor.device(), tensor.is_require_grad());
        let mut changed = values(tensor);
        changed[self.element] += self.step;
        let tensor = Tensor::from_data(TensorData::new(changed, shape), (&device, DType::F64)).set_require_grad(learns);
        Param::from_mapped_value(id, tensor, mapper)
    }
}

/// The gradient of every parameter, in the order of the module.
struct Gradients<'a> {
    of: &'a <Ad as burn::tensor::backend::AutodiffBackend>::Gradients,
    found: Rows,
}

impl ModuleVisitor<Ad> for Gradients<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Ad, D>>) {
        self.found.push(param.val().grad(self.of).map(values).unwrap_or_default());
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
    let mut found = Gradients { of: &gradients, found: Vec::new() };
    module.visit(&mut found);
    for (parameter, got) in found.found.iter().enumerate() {
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
