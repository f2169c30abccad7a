//! `hgql bench kernels`: checks the ops on a device, then times them, beside a copy and a gather of random rows in the same run.

mod cases;
mod ceiling;
mod clock;
mod inputs;
mod relational;
mod sequence;

use std::path::PathBuf;

use clap::Subcommand;
use hypergraphql_ops::verify::{self, VerifyOptions};
use hypergraphql_ops::{DType, HyperBackend};
use serde::Serialize;

use super::backend::{DeviceArg, WithBackend, dispatch};
use super::error::CliError;
use super::{Global, output};
use cases::cases;
use ceiling::Ceiling;
use clock::{Clock, Times};
use inputs::{Inputs, Size, generate};

/// Time what a device computes.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Runs benchmarks that need nothing but this program, so that it can be carried to the machine in question.",
    after_help = "Examples:\n  \
                  hgql bench kernels\n  \
                  hgql bench kernels --device cuda --dtype bf16 --json > bench.jsonl"
)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Kernels(KernelsArgs),
}

/// Verify the ops, then time them on power-law hypergraphs.
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Draws a power-law hypergraph (node popularity rank^-0.6, hyperedge sizes uniform in 2..2k-2), runs the op suite of `hgql verify kernels` for \
                  the ops concerned, and times each case. GB/s counts the bytes that the algorithm must move: Z·F + rows·F elements and Z indices \
                  per pass. The copy and the gather are no ops of this library: all threads copying a matrix of the size of X, or its rows in random \
                  order, and on devices Burn's kernels.\n\n\
                  flash_* (causal), rope and cross_entropy (32,000 classes) run on sequences of --tokens; flash_* is set against Burn's product of \
                  two square matrices, in operations. \
                  scan, sort and the other relational cases run on columns of --rows indices.\n\n\
                  conv_* and att_* run the differentiable ops; *_fwd_bwd includes the gradients of X, Θ and the bias. spmm is H^T X with the \
                  mean over each hyperedge. Without --n: n=20000 m=20000 k=10 d=64, then n=200000 m=100000 k=20 d=128.",
    after_help = "Examples:\n  \
                  hgql bench kernels --case conv_fwd,conv_fwd_bwd\n  \
                  hgql bench kernels --n 200000 --m 100000 --k 20 --d 128 --heads 4 --dump incidences/"
)]
struct KernelsArgs {
    #[command(flatten)]
    device: DeviceArg,
    /// Storage type: f64 (cpu only), f32, f16 or bf16.
    #[arg(long, default_value = "f32", value_name = "TYPE")]
    dtype: DType,
    /// Nodes.
    #[arg(long)]
    n: Option<usize>,
    /// Hyperedges; as many as nodes if not given.
    #[arg(long, requires = "n")]
    m: Option<usize>,
    /// Mean size of a hyperedge.
    #[arg(long, default_value_t = 10, requires = "n", value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    k: u32,
    /// Features.
    #[arg(long, default_value_t = 64, requires = "n", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    d: u32,
    /// Heads of the attention; they divide the features.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    heads: u32,
    /// Seed of the hypergraph and of the features.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Samples of each case; the median is reported.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    reps: u32,
    /// Only these cases, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = clap::builder::PossibleValuesParser::new(names()))]
    case: Vec<String>,
    /// Rows of the relational cases.
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    rows: u32,
    /// Tokens of the cases over sequences, separated by commas.
    #[arg(long, default_value = "2048,8192", value_name = "NUMBERS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    tokens: Vec<u32>,
    /// Heads of the cases over sequences.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    token_heads: u32,
    /// Features of such a head; even.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(2..=1024))]
    head_width: u32,
    /// Writes the incidences here, so that other programs can time the very same ones: node.u32 and hyperedge.u32 (little-endian, one pair per incidence) and size.json, in a folder per size.
    #[arg(long, value_name = "DIR")]
    dump: Option<PathBuf>,
    /// Leaves out the check against the references that comes before the times.
    #[arg(long)]
    no_verify: bool,
}

/// Every case: over hypergraphs, over sequences, over relations.
fn names() -> Vec<&'static str> {
    cases::NAMES.into_iter().chain(sequence::NAMES).chain(relational::NAMES).collect()
}

impl KernelsArgs {
    fn wants(&self, case: &str) -> bool {
        self.case.is_empty() || self.case.iter().any(|c| c == case)
    }
}

/// A case over a hypergraph, as printed.
#[derive(Debug, Serialize)]
struct Line<'a> {
    kind: &'static str,
    case: &'a str,
    n: usize,
    m: usize,
    nnz: usize,
    d: usize,
    heads: usize,
    dtype: &'static str,
    device: String,
    ms: f64,
    min: f64,
    gbps: f64,
    percent_of_copy: f64,
    percent_of_gather: f64,
}

/// Verifies and times.
pub(crate) fn run(args: BenchArgs, global: &Global) -> Result<(), CliError> {
    let What::Kernels(args) = args.what;
    let sizes = match args.n {
        Some(n) => vec![Size { n, m: args.m.unwrap_or(n), k: args.k as usize, d: args.d as usize }],
        None => vec![Size { n: 20_000, m: 20_000, k: 10, d: 64 }, Size { n: 200_000, m: 100_000, k: 20, d: 128 }],
    };
    if let Some(size) = sizes.iter().find(|s| s.d % args.heads as usize != 0) {
        return Err(CliError::input(format!("--heads {} does not divide the {} features", args.heads, size.d)));
    }
    if args.head_width % 2 != 0 {
        return Err(CliError::input(format!("--head-width {} is odd, and rope turns pairs of features", args.head_width)));
    }
    dispatch(args.device.device, Kernels { args: args.clone(), sizes, json: global.json })?
}

/// The benchmark, as work for any back end.
struct Kernels {
    args: KernelsArgs,
    sizes: Vec<Size>,
    json: bool,
}

impl WithBackend for Kernels {
    type Out = Result<(), CliError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        B::supports(self.args.dtype, &device).map_err(|e| CliError::input(e.to_string()))?;
        if !self.args.no_verify {
            self.check::<B>(&device)?;
        }
        if cases::NAMES.iter().any(|name| self.args.wants(name)) {
            self.sizes.iter().try_for_each(|&size| self.size::<B>(size, &device))?;
        }
        if sequence::NAMES.iter().any(|name| self.args.wants(name)) {
            self.args.tokens.iter().try_for_each(|&tokens| sequence::run::<B>(&self.args, tokens as usize, self.json, &device))?;
        }
        if relational::NAMES.iter().any(|name| self.args.wants(name)) {
            relational::run::<B>(&self.args, self.json, &device)?;
        }
        Ok(())
    }
}

impl Kernels {
    /// The op suite for the ops of the wanted cases.
    fn check<B: HyperBackend>(&self, device: &B::Device) -> Result<(), CliError> {
        let mut ops: Vec<&str> = names().into_iter().filter(|name| self.args.wants(name)).map(cases::op_of).collect();
        ops.sort_unstable();
        ops.dedup();
        for op in ops {
            let mut failures = Vec::new();
            let options = VerifyOptions { filter: Some(format!("{op}/")), ..VerifyOptions::default() };
            let summary = verify::run::<B>(device, self.args.dtype, &options, &mut |case| {
                if !case.passed {
                    failures.push(format!("{}/{}: {}", case.op, case.case, case.detail));
                }
            });
            tracing::info!("{op}: {} cases verified", summary.passed);
            if let Some(first) = failures.first() {
                return Err(CliError::failed(format!("{op} is wrong on this device, so it was not timed: {first}"))
                    .with_help("`hgql verify kernels` lists every case"));
            }
        }
        Ok(())
    }

    fn size<B: HyperBackend>(&self, size: Size, device: &B::Device) -> Result<(), CliError> {
        let graph = generate(size, self.args.seed)?;
        if let Some(dir) = &self.args.dump {
            inputs::dump(&graph, size, self.args.seed, dir)?;
        }
        let inputs = Inputs::<B>::new(&graph, size, self.args.heads as usize, self.args.dtype, self.args.seed, device)?;
        let clock = Clock::<B>::new(self.args.reps as usize, self.args.device.device.kind, device);
        let ceiling = Ceiling::measure(&inputs.x, &inputs.scattered, self.args.dtype, &clock, self.args.device.device.kind)?;
        let mut table = output::table(["case", "median ms", "min ms", "GB/s", "% of copy", "% of gather"], &[1, 2, 3, 4, 5]);
        for case in cases(&inputs) {
            if self.args.wants(case.name) {
                let times = clock.time(&*case.run)?;
                self.report(&mut table, size, inputs.incidence.nnz(), case.name, case.bytes, times, &ceiling)?;
            }
        }
        if self.json {
            return Ok(());
        }
        let Size { n, m, d, .. } = size;
        output::line(format!(
            "n {n}, m {m}, {} incidences, d {d}, heads {}, {}",
            inputs.incidence.nnz(),
            self.args.heads,
            self.args.dtype
        ))?;
        output::line(format!("copy {:.1} GB/s, gather of random rows {:.1} GB/s", ceiling.copy, ceiling.gather))?;
        output::line(table.to_string())
    }

    fn report(
        &self,
        table: &mut comfy_table::Table,
        size: Size,
        nnz: usize,
        case: &str,
        bytes: usize,
        times: Times,
        ceiling: &Ceiling,
    ) -> Result<(), CliError> {
        let gbps = bytes as f64 / times.median / 1e6;
        let line = Line {
            kind: "bench",
            case,
            n: size.n,
            m: size.m,
            nnz,
            d: size.d,
            heads: self.args.heads as usize,
            dtype: self.args.dtype.name(),
            device: self.args.device.device.to_string(),
            ms: times.median,
            min: times.min,
            gbps,
            percent_of_copy: 100.0 * gbps / ceiling.copy,
            percent_of_gather: 100.0 * gbps / ceiling.gather,
        };
        if self.json {
            return output::json(&line);
        }
        table.add_row([
            case.to_owned(),
            format!("{:.3}", line.ms),
            format!("{:.3}", line.min),
            format!("{:.1}", line.gbps),
            format!("{:.0}", line.percent_of_copy),
            format!("{:.0}", line.percent_of_gather),
        ]);
        Ok(())
    }
}
