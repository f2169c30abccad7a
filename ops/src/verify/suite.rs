//! Runs one case: uploads, runs the op and its gradient, compares, reports.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use burn::backend::Autodiff;
use burn::tensor::Tensor;
use hypergraphql_kernels::{CsrPair, DType};

use super::bound::{Expected, Worst};
use super::leaf::{Layout, downloaded, leaf, transposed, upload};
use super::numbers::{numbers, rounded};
use super::relational::Exact;
use super::rows::primitive;
use super::{CaseResult, Summary, VerifyOptions};
use crate::backend::HyperBackend;
use crate::error::Result as OpResult;
use crate::ids::Ids;

/// A matrix in the graph.
pub(super) type Matrix<B> = Tensor<Autodiff<B>, 2>;

/// One case. All inputs and results are matrices; vectors are rows.
pub(super) struct Case<'a, B: HyperBackend> {
    pub(super) op: &'static str,
    pub(super) name: String,
    /// Sizes of the inputs.
    pub(super) inputs: Vec<[usize; 2]>,
    /// Input i made of ±1 numbers, before they are rounded.
    pub(super) prepare: fn(usize, &[f64]) -> Vec<f64>,
    pub(super) output: [usize; 2],
    /// Made of ±1 numbers likewise, the gradient of the result.
    pub(super) gradient: fn(&[f64]) -> Vec<f64>,
    pub(super) again: Again,
    /// (inputs, dy) -> the result, then the gradient of each input.
    pub(super) reference: Box<dyn Fn(&[Vec<f64>], &[f64]) -> Vec<Expected> + 'a>,
    pub(super) run: Box<dyn Fn(Vec<Matrix<B>>) -> Matrix<B> + 'a>,
}

/// What further runs of a case show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Again {
    /// Nothing.
    No,
    /// Equal bits.
    Bits,
    /// Inputs and a gradient of the result that are transposed, sliced or offset views.
    Views,
    /// Each input tracked alone.
    Alone,
}

impl Again {
    /// What the cases over a pattern of the suite show.
    pub(super) fn of(pattern: &str) -> Self {
        match pattern {
            "hub" => Self::Bits,
            "plain" => Self::Views,
            "gaps" => Self::Alone,
            _ => Self::No,
        }
    }
}

/// How one run gives its inputs.
#[derive(Debug, Clone, Copy, Default)]
struct Given {
    /// Input i lies as `Layout::VIEWS[(views + i) % 3]`.
    views: Option<usize>,
    /// The one input that is tracked.
    alone: Option<usize>,
}

pub(super) struct Suite<'a, B: HyperBackend> {
    pub(super) device: &'a B::Device,
    pub(super) dtype: DType,
    options: &'a VerifyOptions,
    on_case: &'a mut dyn FnMut(&CaseResult),
    summary: Summary,
}

pub(super) fn as_they_are(x: &[f64]) -> Vec<f64> {
    x.to_vec()
}

/// `[1, n]` -> `[n]`. Burn reads a 0 in a shape asked for as "keep", so that an empty row is a leaf of its own.
pub(super) fn row<B: HyperBackend>(x: Matrix<B>) -> Tensor<Autodiff<B>, 1> {
    if x.dims()[1] == 0 { Tensor::zeros([0], (&x.device(), x.dtype())).require_grad() } else { x.squeeze_dim(0) }
}

impl<'a, B: HyperBackend> Suite<'a, B> {
    pub(super) fn new(device: &'a B::Device, dtype: DType, options: &'a VerifyOptions, on_case: &'a mut dyn FnMut(&CaseResult)) -> Self {
        #[cfg(feature = "cube")]
        hypergraphql_kernels::device::panics::install();
        Self { device, dtype, options, on_case, summary: Summary::default() }
    }

    /// Uploads a pattern for the strategy that is verified.
    pub(super) fn sparse(&self, pair: Arc<CsrPair>) -> B::Sparse {
        B::sparse_by(pair, self.device, self.options.strategy)
    }

    /// Leaves out a case that the device cannot run.
    pub(super) fn skip(&mut self, op: &str, name: &str, reason: &str) {
        if self.wants(&format!("{op}/{name}")) {
            self.summary.skipped += 1;
            self.summary.reason.get_or_insert_with(|| format!("{op}: {reason}"));
        }
    }

    fn wants(&self, path: &str) -> bool {
        self.options.filter.as_ref().is_none_or(|f| path.contains(f.as_str()))
    }

    pub(super) fn finish(self) -> Summary {
        self.summary
    }

    pub(super) fn case(&mut self, case: Case<B>) {
        if !self.wants(&format!("{}/{}", case.op, case.name)) {
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

    /// A case whose results are indices and must be equal to the last one.
    pub(super) fn exact(&mut self, op: &str, name: String, run: impl FnOnce(&dyn Fn(&[u32]) -> Ids<B>) -> OpResult<Exact<B>>) {
        if !self.wants(&format!("{op}/{name}")) {
            return;
        }
        let up = |x: &[u32]| Ids::new(x.to_vec(), self.device);
        let detail = match catch_unwind(AssertUnwindSafe(|| self.unequal(run(&up)))) {
            Ok(detail) => detail,
            Err(panic) => format!("panicked: {}", message(&*panic)),
        };
        let passed = detail.is_empty();
        if passed {
            self.summary.passed += 1;
        } else {
            self.summary.failed += 1;
        }
        let dtype = "u32".to_owned();
        (self.on_case)(&CaseResult { op: op.to_owned(), case: name, dtype, max_error: 0.0, bound: 0.0, passed, detail });
    }

    /// What is not as it must be; empty if all is.
    fn unequal(&self, results: OpResult<Exact<B>>) -> String {
        let results = match results {
            Ok(results) => results,
            Err(error) => return error.to_string(),
        };
        for (i, (got, want)) in results.iter().enumerate() {
            let got = match got.read() {
                Ok(got) => got,
                Err(error) => return error.to_string(),
            };
            #[cfg(feature = "cube")]
            if let Some(panic) = hypergraphql_kernels::device::panics::take().first() {
                return format!("a device thread panicked: {panic}");
            }
            if got.len() != want.len() {
                return format!("result {i}: {} elements, the reference has {}", got.len(), want.len());
            }
            if let Some(at) = (0..got.len()).find(|&at| got[at] != want[at]) {
                return format!("result {i}, element {at}: got {}, expected {}", got[at], want[at]);
            }
        }
        String::new()
    }

    fn outcome(&self, case: &Case<B>) -> (Worst, String) {
        let inputs: Vec<Vec<f64>> = case
            .inputs
            .iter()
            .enumerate()
            .map(|(i, s)| rounded(&(case.prepare)(i, &numbers(s[0] * s[1], 17 + i as u32)), self.dtype))
            .collect();
        let dy = rounded(&(case.gradient)(&numbers(case.output[0] * case.output[1], 7)), self.dtype);
        let mut results = Vec::new();
        for given in runs(case) {
            match catch_unwind(AssertUnwindSafe(|| self.run(case, &inputs, &dy, given))) {
                Ok(Ok(result)) => results.push((given, result)),
                Ok(Err(detail)) => return (Worst::default(), format!("{given}{detail}")),
                Err(panic) => return (Worst::default(), format!("{given}panicked: {}", message(&*panic))),
            }
        }
        let expected = (case.reference)(&inputs, &dy);
        let mut worst = Worst::default();
        for (given, result) in &results {
            let (here, detail) = compare(result, &expected, self.dtype);
            if !detail.is_empty() {
                return (here, format!("{given}{detail}"));
            }
            worst = worst.or_worse(here);
        }
        let unequal = case.again == Again::Bits && bits(&results[0].1) != bits(&results[1].1);
        (worst, if unequal { "two runs gave different bits".to_owned() } else { String::new() })
    }

    /// The result and the gradient of each tracked input.
    fn run(&self, case: &Case<B>, inputs: &[Vec<f64>], dy: &[f64], given: Given) -> Result<Vec<Option<Vec<f64>>>, String> {
        let tracked = |i: usize| given.alone.is_none_or(|alone| alone == i);
        let leaves: Vec<Matrix<B>> = inputs
            .iter()
            .zip(&case.inputs)
            .enumerate()
            .map(|(i, (values, shape))| {
                let layout = given.views.map_or(Layout::Plain, |views| Layout::VIEWS[(views + i) % Layout::VIEWS.len()]);
                let leaf = Tensor::from_inner(leaf::<B>(values, *shape, layout, self.dtype, self.device));
                if tracked(i) { leaf.require_grad() } else { leaf }
            })
            .collect();
        let y = (case.run)(leaves.clone());
        if y.dims() != case.output {
            return Err(format!("the result has shape {:?}, expected {:?}", y.dims(), case.output));
        }
        let root = self.weigh(y.clone(), dy, given.views.is_some());
        let in_graph = !primitive(&root).node.requirement.is_none();
        let gradients = in_graph.then(|| root.backward());
        let mut results = vec![Some(downloaded(y.inner()))];
        for (i, leaf) in leaves.iter().enumerate() {
            let gradient = gradients.as_ref().and_then(|g| leaf.grad(g));
            if !tracked(i) {
                if gradient.is_some() {
                    return Err(format!("input {i} is not tracked and has a gradient"));
                }
                results.push(None);
                continue;
            }
            // An empty result depends on nothing, and an op may leave out the products that would show it.
            let Some(gradient) = gradient else {
                if dy.is_empty() || inputs[i].is_empty() {
                    results.push(Some(vec![0.0; inputs[i].len()]));
                    continue;
                }
                return Err(format!("input {i} has no gradient"));
            };
            if gradient.dims() != case.inputs[i] {
                return Err(format!("the gradient of input {i} has shape {:?}, expected {:?}", gradient.dims(), case.inputs[i]));
            }
            results.push(Some(downloaded(gradient)));
        }
        B::sync(self.device).map_err(|e| format!("the device failed: {e}"))?;
        #[cfg(feature = "cube")]
        if let Some(panic) = hypergraphql_kernels::device::panics::take().first() {
            return Err(format!("a device thread panicked: {panic}"));
        }
        Ok(results)
    }

    /// y ∘ dy, or its transpose, through which the gradient of y comes as a strided view.
    ///
    /// A root that is no scalar starts from ones. Burn's products panic on empty tensors on devices, and there dy makes no difference.
    fn weigh(&self, y: Matrix<B>, dy: &[f64], strided: bool) -> Matrix<B> {
        let [rows, cols] = y.dims();
        if dy.is_empty() {
            return y;
        }
        let (y, dy, shape) =
            if strided { (y.transpose(), transposed(dy, [rows, cols]), [cols, rows]) } else { (y, dy.to_vec(), [rows, cols]) };
        y * Tensor::from_inner(upload::<B>(dy, shape, self.dtype, self.device))
    }
}

/// The runs of a case, the plain one first.
fn runs<B: HyperBackend>(case: &Case<B>) -> Vec<Given> {
    let plain = Given::default();
    match case.again {
        Again::Bits => vec![plain, plain],
        // By the name, so that each kind of view comes to each input in some case.
        Again::Views => vec![plain, Given { views: Some(case.name.len()), ..plain }],
        Again::Alone if case.inputs.len() > 1 => {
            let alone = |i| Given { alone: Some(i), ..plain };
            [plain].into_iter().chain((0..case.inputs.len()).map(alone)).collect()
        }
        Again::Alone | Again::No => vec![plain],
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.views, self.alone) {
            (Some(_), _) => f.write_str("with views as inputs: "),
            (_, Some(i)) => write!(f, "with input {i} tracked alone: "),
            (None, None) => Ok(()),
        }
    }
}

fn compare(got: &[Option<Vec<f64>>], expected: &[Expected], dtype: DType) -> (Worst, String) {
    let mut worst = Worst::default();
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        let Some(got) = got else { continue };
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

fn bits(results: &[Option<Vec<f64>>]) -> Vec<u64> {
    results.iter().flatten().flatten().map(|v| v.to_bits()).collect()
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}
