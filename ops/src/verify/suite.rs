//! Runs one case: uploads, runs the op and its gradient, compares, reports.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::backend::Autodiff;
use burn::tensor::{Tensor, TensorData};
use hypergraphql_kernels::DType;

use super::bound::{Expected, Worst};
use super::numbers::{numbers, rounded};
use super::rows::primitive;
use super::{CaseResult, Summary, VerifyOptions};
use crate::backend::HyperBackend;
use crate::dtype::burn_dtype;

/// A matrix in the graph.
pub(super) type Matrix<B> = Tensor<Autodiff<B>, 2>;

/// One case. All inputs and results are matrices; vectors are rows.
pub(super) struct Case<'a, B: HyperBackend> {
    pub(super) op: &'static str,
    pub(super) name: String,
    /// Sizes of the inputs.
    pub(super) inputs: Vec<[usize; 2]>,
    /// Made of ±1 numbers before they are rounded.
    pub(super) prepare: fn(&[f64]) -> Vec<f64>,
    pub(super) output: [usize; 2],
    /// Whether a second run must give the same bits.
    pub(super) twice: bool,
    /// (inputs, dy) -> the result, then the gradient of each input.
    pub(super) reference: Box<dyn Fn(&[Vec<f64>], &[f64]) -> Vec<Expected> + 'a>,
    pub(super) run: Box<dyn Fn(Vec<Matrix<B>>) -> Matrix<B> + 'a>,
}

pub(super) struct Suite<'a, B: HyperBackend> {
    pub(super) device: &'a B::Device,
    dtype: DType,
    options: &'a VerifyOptions,
    on_case: &'a mut dyn FnMut(&CaseResult),
    summary: Summary,
}

pub(super) fn as_they_are(x: &[f64]) -> Vec<f64> {
    x.to_vec()
}

/// [1, n] -> [n]. Burn reads a 0 in a shape asked for as "keep", so that an empty row is a leaf of its own.
pub(super) fn row<B: HyperBackend>(x: Matrix<B>) -> Tensor<Autodiff<B>, 1> {
    if x.dims()[1] == 0 { Tensor::zeros([0], (&x.device(), x.dtype())).require_grad() } else { x.squeeze_dim(0) }
}

impl<'a, B: HyperBackend> Suite<'a, B> {
    pub(super) fn new(device: &'a B::Device, dtype: DType, options: &'a VerifyOptions, on_case: &'a mut dyn FnMut(&CaseResult)) -> Self {
        #[cfg(feature = "cube")]
        hypergraphql_kernels::device::panics::install();
        Self { device, dtype, options, on_case, summary: Summary::default() }
    }

    pub(super) fn finish(self) -> Summary {
        self.summary
    }

    pub(super) fn case(&mut self, case: Case<B>) {
        let path = format!("{}/{}", case.op, case.name);
        if self.options.filter.as_ref().is_some_and(|f| !path.contains(f.as_str())) {
            return;
        }
        let (worst, detail) = self.outcome(&case);
        let passed = detail.is_empty();
        if passed {
            self.summary.passed += 1;
        } else {
            self.summary.failed += 1;
        }
        (self.on_case)(&CaseResult {
            op: case.op.to_owned(),
            case: case.name,
            dtype: self.dtype.name().to_owned(),
            max_error: worst.error,
            bound: worst.bound,
            passed,
            detail,
        });
    }

    fn outcome(&self, case: &Case<B>) -> (Worst, String) {
        let inputs: Vec<Vec<f64>> = case
            .inputs
            .iter()
            .enumerate()
            .map(|(i, s)| rounded(&(case.prepare)(&numbers(s[0] * s[1], 17 + i as u32)), self.dtype))
            .collect();
        let dy = rounded(&numbers(case.output[0] * case.output[1], 7), self.dtype);
        let runs = if case.twice { 2 } else { 1 };
        let mut results = Vec::new();
        for _ in 0..runs {
            match catch_unwind(AssertUnwindSafe(|| self.run(case, &inputs, &dy))) {
                Ok(Ok(result)) => results.push(result),
                Ok(Err(detail)) => return (Worst::default(), detail),
                Err(panic) => return (Worst::default(), format!("panicked: {}", message(&*panic))),
            }
        }
        let expected = (case.reference)(&inputs, &dy);
        let (worst, mut detail) = compare(&results[0], &expected, self.dtype);
        if detail.is_empty() && runs == 2 && bits(&results[0]) != bits(&results[1]) {
            detail = "two runs gave different bits".to_owned();
        }
        (worst, detail)
    }

    /// The result and the gradient of each input.
    fn run(&self, case: &Case<B>, inputs: &[Vec<f64>], dy: &[f64]) -> Result<Vec<Vec<f64>>, String> {
        let leaves: Vec<_> = inputs.iter().zip(&case.inputs).map(|(v, s)| self.upload(v, *s).require_grad()).collect();
        let y = (case.run)(leaves.clone());
        if y.dims() != case.output {
            return Err(format!("the result has shape {:?}, expected {:?}", y.dims(), case.output));
        }
        // A root that is no scalar starts from ones. Burn's products panic on empty tensors on devices, and there dy makes no difference.
        let root = if dy.is_empty() { y.clone() } else { y.clone() * self.upload(dy, case.output) };
        let tracked = !primitive(&root).node.requirement.is_none();
        let gradients = tracked.then(|| root.backward());
        let mut results = vec![download(y.inner())];
        for (i, leaf) in leaves.iter().enumerate() {
            // An empty result depends on nothing, and an op may leave out the products that would show it.
            let nothing = || (dy.is_empty() || inputs[i].is_empty()).then(|| leaf.clone().inner().zeros_like());
            let gradient =
                gradients.as_ref().and_then(|g| leaf.grad(g)).or_else(nothing).ok_or_else(|| format!("input {i} has no gradient"))?;
            if gradient.dims() != case.inputs[i] {
                return Err(format!("the gradient of input {i} has shape {:?}, expected {:?}", gradient.dims(), case.inputs[i]));
            }
            results.push(download(gradient));
        }
        B::sync(self.device).map_err(|e| format!("the device failed: {e}"))?;
        #[cfg(feature = "cube")]
        if let Some(panic) = hypergraphql_kernels::device::panics::take().first() {
            return Err(format!("a device thread panicked: {panic}"));
        }
        Ok(results)
    }

    fn upload(&self, values: &[f64], shape: [usize; 2]) -> Matrix<B> {
        let dtype = burn_dtype(self.dtype);
        Tensor::from_data(TensorData::new(values.to_vec(), shape).convert_dtype(dtype), (self.device, dtype))
    }
}

fn download<B: HyperBackend>(x: Tensor<B, 2>) -> Vec<f64> {
    if x.shape().num_elements() == 0 {
        return Vec::new();
    }
    x.into_data().iter::<f64>().collect()
}

fn compare(got: &[Vec<f64>], expected: &[Expected], dtype: DType) -> (Worst, String) {
    let mut worst = Worst::default();
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        let what = if i == 0 { "result".to_owned() } else { format!("gradient of input {}", i - 1) };
        if got.len() != expected.values.len() {
            return (worst, format!("{what}: {} elements, the reference has {}", got.len(), expected.values.len()));
        }
        let here = expected.compare(got, dtype);
        if !here.passed() {
            let Worst { at, got, expected, bound, .. } = here;
            return (here, format!("{what}, element {at}: got {got}, expected {expected} within {bound:e}"));
        }
        worst = worst.or_worse(here);
    }
    (worst, String::new())
}

fn bits(results: &[Vec<f64>]) -> Vec<u64> {
    results.iter().flatten().map(|v| v.to_bits()).collect()
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}
