//! The ops over sequences: what runs, and how many operations or bytes it takes.

use burn::backend::Autodiff;
use burn::tensor::{Distribution, Tensor};
use hypergraphql_ops::{
    DType, FlashOptions, HyperBackend, MemoryOptions, Rotary, RotaryConfig, Targets, burn_dtype, cross_entropy, flash_attention,
    memory_attention, rope,
};

use super::KernelsArgs;
use super::ceiling::Ceiling;
use super::clock::Clock;
use super::inputs::{failed, scattered};
use super::record::{Record, Roofs, Shape, Work};
use super::report::Report;
use crate::cli::error::CliError;

/// All cases, in the order in which they run.
pub(super) const NAMES: [&str; 6] = ["flash_fwd", "flash_fwd_bwd", "memory_fwd", "memory_fwd_bwd", "rope", "cross_entropy"];

/// Classes of `cross_entropy`: the vocabulary of Llama 2.
const CLASSES: usize = 32_000;

/// Slots of `memory_attention`, and how many a query keeps.
const SLOTS: usize = 10_000;
const KEPT: usize = 64;

/// Rows and columns of the product that gives the ceiling of operations.
const SQUARE: usize = 2048;

struct Case<'a> {
    name: &'static str,
    work: Work,
    run: Box<dyn Fn() -> Result<(), CliError> + 'a>,
}

/// q, k, v `[1, heads, tokens, d]`, a memory `[1, heads, slots, d]` and logits `[tokens, classes]`.
struct Inputs<B: HyperBackend> {
    heads: usize,
    tokens: usize,
    width: usize,
    dtype: DType,
    qkv: [Tensor<B, 4>; 3],
    /// Keys and values of the slots.
    memory: [Tensor<B, 4>; 2],
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
            memory: [(); 2].map(|()| normal([1, heads, SLOTS, width])),
            rotary: Rotary::new(RotaryConfig::new(width, tokens), device).map_err(failed)?,
            logits: Tensor::<B, 2>::random([rows, CLASSES], Distribution::Normal(0.0, 1.0), device).cast(burn_dtype(dtype)),
            targets: Targets::new(&targets, CLASSES, device).map_err(failed)?,
        })
    }

    fn cases(&self) -> Vec<Case<'_>> {
        let (pairs, s) = ((self.heads * self.tokens) as f64 * self.tokens as f64 / 2.0, self.dtype.bytes());
        let [q, k, v] = &self.qkv;
        let causal = FlashOptions { causal: true, ..FlashOptions::default() };
        let forward = move || flash_attention(q.clone(), k.clone(), v.clone(), causal).map(drop).map_err(failed);
        let leaf = |x: &Tensor<B, 4>| Tensor::<Autodiff<B>, 4>::from_inner(x.clone()).require_grad();
        let with_gradients = move || {
            let [q, k, v] = [q, k, v].map(leaf);
            let gradients = flash_attention(q.clone(), k.clone(), v.clone(), causal).map_err(failed)?.sum().backward();
            present(&[q.grad(&gradients).is_some(), k.grad(&gradients).is_some(), v.grad(&gradients).is_some()])
        };
        let [keys, values] = &self.memory;
        let null: Tensor<B, 2> = keys.clone().narrow(2, 0, 1).reshape([self.heads, self.width]);
        let options = MemoryOptions { top_k: KEPT, ..MemoryOptions::default() };
        let of_null = null.clone();
        let recalled =
            move || memory_attention(q.clone(), keys.clone(), values.clone(), of_null.clone(), options).map(drop).map_err(failed);
        let recalled_with_gradients = move || {
            let ([q, k, v], null) = ([q, keys, values].map(leaf), Tensor::from_inner(null.clone()).require_grad());
            let read = memory_attention(q.clone(), k.clone(), v.clone(), null.clone(), options).map_err(failed)?;
            let gradients = (read.out.sum() + read.weights.sum()).backward();
            let found = [&q, &k, &v].map(|x| x.grad(&gradients).is_some());
            present(&[found[0], found[1], found[2], null.grad(&gradients).is_some()])
        };
        let turned = move || rope(q.clone(), &self.rotary, 0).map(drop).map_err(failed);
        let loss = move || {
            let x = Tensor::<Autodiff<B>, 2>::from_inner(self.logits.clone()).require_grad();
            let gradients = cross_entropy(x.clone(), &self.targets).map_err(failed)?.sum().backward();
            present(&[x.grad(&gradients).is_some()])
        };
        let rows = self.heads * self.tokens;
        let (elements, searched) = (rows * self.width, 2.0 * (rows * SLOTS * self.width) as f64);
        let (read, slots) = (rows * KEPT * self.width, 2 * self.heads * SLOTS * self.width);
        let case = |name, bytes: usize, operations: f64, dense, run| Case { name, work: Work { bytes, operations, dense }, run };
        vec![
            case("flash_fwd", 4 * elements * s, 4.0 * pairs * self.width as f64, true, Box::new(forward)),
            case("flash_fwd_bwd", 12 * elements * s, 14.0 * pairs * self.width as f64, true, Box::new(with_gradients)),
            case("memory_fwd", (2 * elements + slots) * s, searched + 4.0 * read as f64, true, Box::new(recalled)),
            case("memory_fwd_bwd", (4 * elements + 2 * slots) * s, searched + 12.0 * read as f64, true, Box::new(recalled_with_gradients)),
            case("rope", 2 * elements * s, 3.0 * elements as f64, false, Box::new(turned)),
            case("cross_entropy", 3 * self.tokens * CLASSES * s, 0.0, false, Box::new(loss)),
        ]
    }
}

fn present(gradients: &[bool]) -> Result<(), CliError> {
    if gradients.iter().all(|&g| g) { Ok(()) } else { Err(CliError::failed("a gradient is missing; this is a bug")) }
}

/// Times the wanted cases at one number of tokens.
pub(super) fn run<B: HyperBackend>(args: &KernelsArgs, tokens: usize, report: &mut Report, device: &B::Device) -> Result<(), CliError> {
    let inputs = Inputs::<B>::new(args, tokens, args.wants("cross_entropy"), device)?;
    let clock = Clock::<B>::new(args.samples(), args.device.device.kind, device);
    let rows = inputs.heads * tokens;
    let flat: Tensor<B, 2> = inputs.qkv[0].clone().reshape([rows, inputs.width]);
    let ceiling = Ceiling::measure(&flat, &scattered(rows), args.dtype, &clock, args.device.device.kind)?;
    let roofs = Roofs { copy: ceiling.copy, gather: None, matmul: Some(square_matmul::<B>(args.dtype, &clock, device)?) };
    let Inputs { heads, width, dtype, .. } = inputs;
    report.group(format!("{tokens} tokens, {heads} heads of {width}, causal, {SLOTS} slots, {CLASSES} classes, {dtype}"), roofs);
    for case in inputs.cases().iter().filter(|case| args.wants(case.name)) {
        let shape = Shape { tokens: Some(tokens), heads: Some(heads), d: Some(width), ..Shape::default() };
        let (name, times) = (args.device.device.to_string(), clock.time(&*case.run)?);
        report.add(Record::new(case.name, shape, dtype.name(), &name, case.work, times, roofs))?;
    }
    report.print()
}

/// GFLOP/s of Burn's product of two square matrices.
pub(super) fn square_matmul<B: HyperBackend>(dtype: DType, clock: &Clock<B>, device: &B::Device) -> Result<f64, CliError> {
    let a = Tensor::<B, 2>::random([SQUARE, SQUARE], Distribution::Normal(0.0, 1.0), device).cast(burn_dtype(dtype));
    let product = || {
        drop(a.clone().matmul(a.clone()));
        Ok(())
    };
    Ok(2.0 * (SQUARE as f64).powi(3) / clock.time(&product)?.median / 1e6)
}
