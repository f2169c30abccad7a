//! The ops over sequences: what runs, and how many operations or bytes it takes.

use burn::backend::Autodiff;
use burn::tensor::{Distribution, Tensor};
use hypergraphql_ops::{
    DType, FlashOptions, HyperBackend, Rotary, RotaryConfig, Targets, burn_dtype, cross_entropy, flash_attention, rope,
};
use serde::Serialize;

use super::ceiling::Ceiling;
use super::clock::{Clock, Times};
use super::inputs::{failed, scattered};
use super::{KernelsArgs, output};
use crate::cli::error::CliError;

/// All cases, in the order in which they run.
pub(super) const NAMES: [&str; 4] = ["flash_fwd", "flash_fwd_bwd", "rope", "cross_entropy"];

/// Classes of `cross_entropy`: the vocabulary of Llama 2.
const CLASSES: usize = 32_000;

/// Rows and columns of the product that gives the ceiling of operations.
const SQUARE: usize = 2048;

/// A case, as printed; it is bound by operations or by bytes.
#[derive(Debug, Serialize)]
struct Line<'a> {
    kind: &'static str,
    case: &'a str,
    tokens: usize,
    heads: usize,
    d: usize,
    dtype: &'static str,
    device: String,
    ms: f64,
    min: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    gflops: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent_of_matmul: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gbps: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent_of_copy: Option<f64>,
}

/// What a case must do, at least.
enum Floor {
    Operations(f64),
    Bytes(usize),
}

struct Case<'a> {
    name: &'static str,
    floor: Floor,
    run: Box<dyn Fn() -> Result<(), CliError> + 'a>,
}

/// q, k, v `[1, heads, tokens, d]` and logits `[tokens, classes]`.
struct Inputs<B: HyperBackend> {
    heads: usize,
    tokens: usize,
    width: usize,
    dtype: DType,
    qkv: [Tensor<B, 4>; 3],
    rotary: Rotary<B>,
    logits: Tensor<B, 2>,
    targets: Targets<Autodiff<B>>,
}

impl<B: HyperBackend> Inputs<B> {
    fn new(args: &KernelsArgs, tokens: usize, logits: bool, device: &B::Device) -> Result<Self, CliError> {
        let (heads, width, dtype) = (args.token_heads as usize, args.head_width as usize, args.dtype);
        B::seed(device, args.seed);
        let normal = |shape| Tensor::<B, 4>::random(shape, Distribution::Normal(0.0, 1.0), device).cast(burn_dtype(dtype));
        let rows = if logits { tokens } else { 0 };
        let targets: Vec<_> = (0..rows).map(|t| Some((t * 7919 % CLASSES) as u32)).collect();
        Ok(Self {
            heads,
            tokens,
            width,
            dtype,
            qkv: [(); 3].map(|()| normal([1, heads, tokens, width])),
            rotary: Rotary::new(RotaryConfig::new(width, tokens), device).map_err(failed)?,
            logits: Tensor::<B, 2>::random([rows, CLASSES], Distribution::Normal(0.0, 1.0), device).cast(burn_dtype(dtype)),
            targets: Targets::new(&targets, CLASSES, device).map_err(failed)?,
        })
    }

    fn cases(&self) -> Vec<Case<'_>> {
        let (pairs, s) = ((self.heads * self.tokens) as f64 * self.tokens as f64 / 2.0, self.dtype.bytes());
        let [q, k, v] = &self.qkv;
        let causal = FlashOptions { causal: true, scale: None };
        let forward = move || flash_attention(q.clone(), k.clone(), v.clone(), causal).map(drop).map_err(failed);
        let leaf = |x: &Tensor<B, 4>| Tensor::<Autodiff<B>, 4>::from_inner(x.clone()).require_grad();
        let with_gradients = move || {
            let [q, k, v] = [q, k, v].map(leaf);
            let gradients = flash_attention(q.clone(), k.clone(), v.clone(), causal).map_err(failed)?.sum().backward();
            present(&[q.grad(&gradients).is_some(), k.grad(&gradients).is_some(), v.grad(&gradients).is_some()])
        };
        let turned = move || rope(q.clone(), &self.rotary, 0).map(drop).map_err(failed);
        let loss = move || {
            let x = Tensor::<Autodiff<B>, 2>::from_inner(self.logits.clone()).require_grad();
            let gradients = cross_entropy(x.clone(), &self.targets).map_err(failed)?.sum().backward();
            present(&[x.grad(&gradients).is_some()])
        };
        let case = |name, floor, run| Case { name, floor, run };
        vec![
            case("flash_fwd", Floor::Operations(4.0 * pairs * self.width as f64), Box::new(forward)),
            case("flash_fwd_bwd", Floor::Operations(14.0 * pairs * self.width as f64), Box::new(with_gradients)),
            case("rope", Floor::Bytes(2 * self.heads * self.tokens * self.width * s), Box::new(turned)),
            case("cross_entropy", Floor::Bytes(3 * self.tokens * CLASSES * s), Box::new(loss)),
        ]
    }
}

fn present(gradients: &[bool]) -> Result<(), CliError> {
    if gradients.iter().all(|&g| g) { Ok(()) } else { Err(CliError::failed("a gradient is missing; this is a bug")) }
}

/// Times the wanted cases at one number of tokens.
pub(super) fn run<B: HyperBackend>(args: &KernelsArgs, tokens: usize, json: bool, device: &B::Device) -> Result<(), CliError> {
    let logits = args.wants("cross_entropy");
    let inputs = Inputs::<B>::new(args, tokens, logits, device)?;
    let clock = Clock::<B>::new(args.reps as usize, args.device.device.kind, device);
    let rows = inputs.heads * tokens;
    let flat: Tensor<B, 2> = inputs.qkv[0].clone().reshape([rows, inputs.width]);
    let ceiling = Ceiling::measure(&flat, &scattered(rows), args.dtype, &clock, args.device.device.kind)?;
    let matmul = matmul::<B>(args.dtype, &clock, device)?;
    let mut table = output::table(["case", "median ms", "min ms", "GFLOP/s", "% of matmul", "GB/s", "% of copy"], &[1, 2, 3, 4, 5, 6]);
    for case in inputs.cases().iter().filter(|case| args.wants(case.name)) {
        let Times { median, min } = clock.time(&*case.run)?;
        let (gflops, gbps) = match case.floor {
            Floor::Operations(n) => (Some(n / median / 1e6), None),
            Floor::Bytes(n) => (None, Some(n as f64 / median / 1e6)),
        };
        let line = Line {
            kind: "bench",
            case: case.name,
            tokens,
            heads: inputs.heads,
            d: inputs.width,
            dtype: args.dtype.name(),
            device: args.device.device.to_string(),
            ms: median,
            min,
            gflops,
            percent_of_matmul: gflops.map(|g| 100.0 * g / matmul),
            gbps,
            percent_of_copy: gbps.map(|g| 100.0 * g / ceiling.copy),
        };
        if json {
            output::json(&line)?;
            continue;
        }
        let cell = |value: Option<f64>, digits: usize| value.map_or_else(String::new, |v| format!("{v:.digits$}"));
        table.add_row([
            case.name.to_owned(),
            format!("{median:.3}"),
            format!("{min:.3}"),
            cell(line.gflops, 1),
            cell(line.percent_of_matmul, 0),
            cell(line.gbps, 1),
            cell(line.percent_of_copy, 0),
        ]);
    }
    if json {
        return Ok(());
    }
    output::line(format!("{tokens} tokens, {} heads of {}, causal, {} classes, {}", inputs.heads, inputs.width, CLASSES, args.dtype))?;
    output::line(format!("matmul {matmul:.1} GFLOP/s, copy {:.1} GB/s", ceiling.copy))?;
    output::line(table.to_string())
}

/// GFLOP/s of Burn's product of two square matrices.
fn matmul<B: HyperBackend>(dtype: DType, clock: &Clock<B>, device: &B::Device) -> Result<f64, CliError> {
    let a = Tensor::<B, 2>::random([SQUARE, SQUARE], Distribution::Normal(0.0, 1.0), device).cast(burn_dtype(dtype));
    let product = || {
        drop(a.clone().matmul(a.clone()));
        Ok(())
    };
    Ok(2.0 * (SQUARE as f64).powi(3) / clock.time(&product)?.median / 1e6)
}
