//! The ops between floats and whole numbers: nearest items, and matrices of 8-bit integers; with them few rows by a matrix of floats.

use burn::tensor::{Distribution, Tensor};
use hypergraphql_ops::{HyperBackend, Metric, burn_dtype, int8_matmul, knn, linear, quantize};

use super::KernelsArgs;
use super::ceiling::Ceiling;
use super::clock::Clock;
use super::inputs::{failed, scattered};
use super::record::{Record, Roofs, Shape, Work};
use super::report::Report;
use super::sequence::square_matmul;
use crate::cli::error::CliError;

/// All cases, in the order in which they run.
pub(super) const NAMES: [&str; 4] = ["knn", "quantize", "linear", "int8_matmul"];

/// Features of queries and items, and items wanted of each query.
const WIDTH: usize = 128;
const K: usize = 10;

fn normal<B: HyperBackend>(args: &KernelsArgs, shape: [usize; 2], device: &B::Device) -> Tensor<B, 2> {
    Tensor::<B, 2>::random(shape, Distribution::Normal(0.0, 1.0), device).cast(burn_dtype(args.dtype))
}

/// Times the wanted cases.
pub(super) fn run<B: HyperBackend>(args: &KernelsArgs, report: &mut Report, device: &B::Device) -> Result<(), CliError> {
    B::seed(device, args.seed);
    if args.wants("knn") {
        args.searches().into_iter().try_for_each(|sizes| search::<B>(args, sizes, report, device))?;
    }
    if NAMES[1..].iter().any(|name| args.wants(name)) {
        products::<B>(args, report, device)?;
    }
    report.print()
}

/// Inner products of `queries` with `items`, beside Burn's product of two square matrices.
fn search<B: HyperBackend>(
    args: &KernelsArgs,
    (queries, items): (usize, usize),
    report: &mut Report,
    device: &B::Device,
) -> Result<(), CliError> {
    let clock = Clock::<B>::new(args.samples(), args.device.device.kind, device);
    let (q, x) = (normal::<B>(args, [queries, WIDTH], device), normal::<B>(args, [items, WIDTH], device));
    let ceiling = Ceiling::measure(&x, &scattered(items), args.dtype, &clock, args.device.device.kind)?;
    let roofs = Roofs { copy: ceiling.copy, gather: None, matmul: Some(square_matmul::<B>(args.dtype, &clock, device)?) };
    report.group(format!("{queries} queries, {items} items of {WIDTH} features, the nearest {K}, {}", args.dtype), roofs);
    let times = clock.time(&|| knn(q.clone(), x.clone(), K, Metric::InnerProduct).map(drop).map_err(failed))?;
    let bytes = (queries + items) * WIDTH * args.dtype.bytes() + queries * K * 8;
    let work = Work { bytes, operations: 2.0 * (queries * items) as f64 * WIDTH as f64, dense: true };
    let shape = Shape { rows: Some(queries), n: Some(items), d: Some(WIDTH), ..Shape::default() };
    report.add(Record::new("knn", shape, args.dtype.name(), &args.device.device.to_string(), work, times, roofs))
}

/// Rows of x by a square matrix, of floats as [`linear`] has it and of integers, beside Burn's product with the matrix of floats.
fn products<B: HyperBackend>(args: &KernelsArgs, report: &mut Report, device: &B::Device) -> Result<(), CliError> {
    let clock = Clock::<B>::new(args.samples(), args.device.device.kind, device);
    let (side, name) = (args.side(), args.device.device.to_string());
    let w = normal::<B>(args, [side, side], device);
    let ceiling = Ceiling::measure(&w, &scattered(side), args.dtype, &clock, args.device.device.kind)?;
    let roofs = Roofs { copy: ceiling.copy, gather: None, matmul: None };
    let (integers, s) = (quantize(w.clone()).map_err(failed)?, args.dtype.bytes());
    if args.wants("quantize") {
        report.group(format!("a matrix of {side} by {side}, {}", args.dtype), roofs);
        let times = clock.time(&|| quantize(w.clone()).map(drop).map_err(failed))?;
        let work = Work { bytes: side * side * (s + 1) + 4 * side, ..Work::default() };
        let shape = Shape { rows: Some(side), d: Some(side), ..Shape::default() };
        report.add(Record::new("quantize", shape, args.dtype.name(), &name, work, times, roofs))?;
    }
    let of_floats = w.clone().transpose();
    for rows in args.products().into_iter().filter(|_| args.wants("linear") || args.wants("int8_matmul")) {
        let x = normal::<B>(args, [rows, side], device);
        let operations = 2.0 * (rows * side * side) as f64;
        let floats = clock.time(&|| {
            drop(x.clone().matmul(of_floats.clone()));
            Ok(())
        })?;
        let roofs = Roofs { matmul: Some(operations / floats.median / 1e6), ..roofs };
        report.group(format!("{rows} rows by {side} by {side}, {}", args.dtype), roofs);
        let by_floats = || linear(x.clone(), w.clone()).map(drop).map_err(failed);
        let by_integers = || int8_matmul(x.clone(), &integers).map(drop).map_err(failed);
        let cases: [(_, _, &dyn Fn() -> Result<(), CliError>); 2] =
            [("linear", side * side * s, &by_floats), ("int8_matmul", side * (side + 4), &by_integers)];
        for (case, bytes, run) in cases.into_iter().filter(|(case, ..)| args.wants(case)) {
            let work = Work { bytes: bytes + 2 * rows * side * s, operations, dense: true };
            let shape = Shape { rows: Some(rows), d: Some(side), ..Shape::default() };
            report.add(Record::new(case, shape, args.dtype.name(), &name, work, clock.time(run)?, roofs))?;
        }
    }
    Ok(())
}
