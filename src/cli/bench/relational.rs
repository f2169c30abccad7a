//! The relational ops on arrays of indices: what runs, and how many bytes it must move.

use burn::tensor::Tensor;
use hypergraphql_ops::{
    DType, Fold, HyperBackend, Ids, Result as OpResult, Side, burn_dtype, compact, distinct, extend, intersect, scan, search_sorted,
    segment_reduce, sort, sort_by_key, top_k,
};

use super::KernelsArgs;
use super::ceiling::Ceiling;
use super::clock::Clock;
use super::inputs::{failed, scattered};
use super::record::{Record, Roofs, Shape, Work};
use super::report::Report;
use crate::cli::error::CliError;

/// All cases, in the order in which they run.
pub(super) const NAMES: [&str; 10] =
    ["scan", "sort_keys", "sort", "search_sorted", "extend", "intersect", "compact", "distinct", "segment_reduce", "top_k"];

/// Results of `top_k`.
const K: usize = 100;

/// Indices of a row of the matrix whose copy is the ceiling.
const COPIED: usize = 64;

struct Case<'a> {
    name: &'static str,
    bytes: usize,
    run: Box<dyn Fn() -> Result<(), CliError> + 'a>,
}

/// Columns of a relation.
struct Inputs<B: HyperBackend> {
    /// Keys at random over all of 32 bits, and what belongs to them.
    keys: Ids<B>,
    payload: Ids<B>,
    /// Counts below 4, which are also flags.
    counts: Ids<B>,
    /// Ranges of one element on average.
    low: Ids<B>,
    high: Ids<B>,
    /// Ascending, each about twice; their runs.
    rising: Ids<B>,
    ptr: Ids<B>,
    /// Two sets that have half of their elements in common.
    sets: [Ids<B>; 2],
}

impl<B: HyperBackend> Inputs<B> {
    fn new(rows: usize, device: &B::Device) -> Result<Self, CliError> {
        let column = |of: &dyn Fn(u32) -> u32| Ids::<B>::new((0..rows as u32).map(of).collect(), device);
        let mixed = |i: u32| {
            let x = (i ^ i >> 15).wrapping_mul(0x2c1b_3c6d);
            let x = (x ^ x >> 12).wrapping_mul(0x297a_2d39);
            x ^ x >> 15
        };
        let rising = column(&|i| i / 2);
        let ptr = distinct(&rising).map_err(failed)?.1;
        Ok(Self {
            keys: column(&mixed),
            payload: column(&|i| i),
            counts: column(&|i| mixed(i) % 4),
            low: column(&|i| mixed(i) >> 4),
            high: column(&|i| (mixed(i) >> 4) + i % 3),
            rising,
            ptr,
            sets: [column(&|i| 2 * i), column(&|i| 2 * i + i % 2)],
        })
    }

    fn cases(&self) -> Vec<Case<'_>> {
        let n = self.keys.len();
        let case = |name, indices: usize, run| Case { name, bytes: 4 * indices, run };
        vec![
            case("scan", 2 * n, Box::new(|| ignore(scan(&self.counts)))),
            case("sort_keys", 2 * n, Box::new(|| ignore(sort(self.keys.clone())))),
            case("sort", 4 * n, Box::new(|| ignore(sort_by_key(self.keys.clone(), self.payload.clone())))),
            case("search_sorted", 3 * n, Box::new(|| ignore(search_sorted(&self.rising, &self.payload, Side::Left)))),
            case("extend", 4 * n, Box::new(|| ignore(extend(&self.low, &self.high)))),
            case("intersect", 3 * n, Box::new(|| ignore(intersect(&self.sets[0], &self.sets[1])))),
            case("compact", 2 * n + 3 * n / 4, Box::new(|| ignore(compact(&self.payload, &self.counts)))),
            case("distinct", 2 * n, Box::new(|| ignore(distinct(&self.rising)))),
            case("segment_reduce", 2 * n, Box::new(|| ignore(segment_reduce(&self.ptr, &self.counts, Fold::Sum)))),
            case("top_k", n, Box::new(|| ignore(top_k(&self.keys, K)))),
        ]
    }
}

fn ignore<T>(result: OpResult<T>) -> Result<(), CliError> {
    result.map(drop).map_err(failed)
}

/// Times the wanted cases at one number of rows.
pub(super) fn run<B: HyperBackend>(args: &KernelsArgs, rows: usize, report: &mut Report, device: &B::Device) -> Result<(), CliError> {
    let inputs = Inputs::<B>::new(rows, device)?;
    let clock = Clock::<B>::new(args.samples(), args.device.device.kind, device);
    let copied = Tensor::<B, 2>::ones([rows.div_ceil(COPIED), COPIED], (device, burn_dtype(DType::F32)));
    let ceiling = Ceiling::measure(&copied, &scattered(rows.div_ceil(COPIED)), DType::F32, &clock, args.device.device.kind)?;
    drop(copied);
    let roofs = Roofs { copy: ceiling.copy, gather: None, matmul: None };
    report.group(format!("{rows} rows of u32"), roofs);
    for case in inputs.cases().iter().filter(|case| args.wants(case.name)) {
        let (work, times) = (Work { bytes: case.bytes, ..Work::default() }, clock.time(&*case.run)?);
        let shape = Shape { rows: Some(rows), ..Shape::default() };
        report.add(Record::new(case.name, shape, "u32", &args.device.device.to_string(), work, times, roofs))?;
    }
    report.print()
}
