//! `hgql bench`, with `hgql bench kernels`: checks the ops on a device, then times them, beside a copy and a gather of random rows in the same run.

mod cases;
mod ceiling;
mod clock;
mod compare;
mod discrete;
mod generate;
mod inputs;
mod query;
mod record;
mod relational;
mod report;
mod roofline;
mod sequence;

use std::path::PathBuf;

use clap::Subcommand;
use hypergraphql_ops::verify::{self, VerifyOptions};
use hypergraphql_ops::{DType, HyperBackend};

use super::Global;
use super::backend::{DeviceArg, WithBackend, dispatch};
use super::error::CliError;
use cases::cases;
use ceiling::Ceiling;
pub(super) use clock::Clock;
use inputs::{Inputs, Size, generate as drawn};
pub(super) use inputs::{failed, in_blocks};
use record::{Record, Roofs, Shape};
use report::Report;

/// Time what a device computes.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Runs benchmarks that need nothing but this program, so that it can be carried to the machine in question.",
    after_help = "Examples:\n  \
                  hgql bench kernels --preset smoke\n  \
                  hgql bench kernels --device cuda --dtype bf16 --out cuda\n  \
                  hgql bench query --scale 0.1\n  \
                  hgql bench generate --preset 125m --batch 1,32\n  \
                  hgql bench compare before/bench.json after/bench.json"
)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Kernels(Box<KernelsArgs>),
    Query(Box<query::QueryBenchArgs>),
    Generate(Box<generate::GenerateBenchArgs>),
    Compare(compare::CompareArgs),
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
                  knn looks for the nearest 10 of --items for --queries; linear and int8_matmul multiply 1, 16 and 64 rows by 4096 x 4096 and are set \
                  against Burn's product of floats. \
                  scan, sort and the other relational cases run on columns of --rows indices.\n\n\
                  conv_* and att_* run the differentiable ops; *_fwd_bwd includes the gradients of X, Θ and the bias. spmm is H^T X with the \
                  mean over each hyperedge. set_* are the pooling of AllSetTransformer with one seed, relation_* the products of n rows with the weights of \
                  500 relations, of which few have most of the rows. Without --n or --data: n=20000 m=20000 k=10 d=64, then n=200000 m=100000 k=20 d=128.",
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
    /// How much: `smoke` takes seconds, `standard` minutes, `full` as long as it takes. The sizes below replace those of the preset.
    #[arg(long, default_value = "standard", value_name = "NAME")]
    preset: Preset,
    /// A data set whose hypergraph is used in place of one that is drawn.
    #[arg(long, value_name = "DATA", conflicts_with_all = ["n", "m", "k"])]
    data: Option<PathBuf>,
    /// Nodes.
    #[arg(long)]
    n: Option<usize>,
    /// Hyperedges; as many as nodes if not given.
    #[arg(long, requires = "n")]
    m: Option<usize>,
    /// Mean size of a hyperedge.
    #[arg(long, default_value_t = 10, requires = "n", value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    k: u32,
    /// Features, with --n or --data; 64 if not given.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    d: Option<u32>,
    /// Heads of the attention; they divide the features.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    heads: u32,
    /// Seed of the hypergraph and of the features.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Samples of each case; the median is reported.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    reps: Option<u32>,
    /// Only these cases, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = clap::builder::PossibleValuesParser::new(names()))]
    case: Vec<String>,
    /// Rows of the relational cases, separated by commas.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    rows: Vec<u32>,
    /// Tokens of the cases over sequences, separated by commas.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    tokens: Vec<u32>,
    /// Heads of the cases over sequences.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    token_heads: u32,
    /// Features of such a head; even.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(2..=1024))]
    head_width: u32,
    /// Queries of knn.
    #[arg(long, requires = "items", value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    queries: Option<u32>,
    /// Items of knn, of 128 features.
    #[arg(long, requires = "queries", value_parser = clap::value_parser!(u32).range(10..=100_000_000))]
    items: Option<u32>,
    /// Writes the incidences here, so that other programs can time the very same ones: node.u32 and hyperedge.u32 (little-endian, one pair per incidence) and size.json, in a folder per size.
    #[arg(long, value_name = "DIR")]
    dump: Option<PathBuf>,
    /// Writes DIR/bench.json (for `hgql bench compare`), DIR/bench.md and DIR/roofline.svg.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Leaves out the check against the references that comes before the times.
    #[arg(long)]
    no_verify: bool,
}

/// A choice of sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Preset {
    /// n=2000, 256 tokens, 100,000 rows, 3 samples.
    Smoke,
    /// n=20,000 and 200,000, 2048 and 8192 tokens, 10 million rows, 15 samples.
    Standard,
    /// Standard, and n=1,000,000, 32,768 tokens and 64 million rows.
    Full,
}

impl Preset {
    fn sizes(self) -> Vec<Size> {
        const ALL: [Size; 4] = [
            Size { n: 2000, m: 1500, k: 8, d: 16 },
            Size { n: 20_000, m: 20_000, k: 10, d: 64 },
            Size { n: 200_000, m: 100_000, k: 20, d: 128 },
            Size { n: 1_000_000, m: 500_000, k: 20, d: 64 },
        ];
        self.pick(&ALL[..1], &ALL[1..3], &ALL[1..]).to_vec()
    }

    fn tokens(self) -> &'static [u32] {
        self.pick(&[256], &[2048, 8192], &[2048, 8192, 32_768])
    }

    fn rows(self) -> &'static [u32] {
        self.pick(&[100_000], &[10_000_000], &[10_000_000, 64_000_000])
    }

    fn pick<T>(self, smoke: T, standard: T, full: T) -> T {
        match self {
            Self::Smoke => smoke,
            Self::Standard => standard,
            Self::Full => full,
        }
    }
}

/// Every case: over hypergraphs, over sequences, over relations.
fn names() -> Vec<&'static str> {
    cases::NAMES.into_iter().chain(sequence::NAMES).chain(discrete::NAMES).chain(relational::NAMES).collect()
}

impl KernelsArgs {
    fn samples(&self) -> usize {
        self.reps.unwrap_or_else(|| self.preset.pick(3, 15, 15)) as usize
    }

    fn tokens(&self) -> &[u32] {
        if self.tokens.is_empty() { self.preset.tokens() } else { &self.tokens }
    }

    fn rows(&self) -> &[u32] {
        if self.rows.is_empty() { self.preset.rows() } else { &self.rows }
    }

    /// Queries and items.
    fn searches(&self) -> Vec<(usize, usize)> {
        match (self.queries, self.items) {
            (Some(queries), Some(items)) => vec![(queries as usize, items as usize)],
            _ => self.preset.pick(vec![(20, 5000)], vec![(1000, 100_000), (16, 1_000_000)], vec![(1000, 1_000_000), (16, 10_000_000)]),
        }
    }

    /// Rows and columns of the matrix of integers.
    fn side(&self) -> usize {
        self.preset.pick(256, 4096, 4096)
    }

    /// Rows that are multiplied by it.
    fn products(&self) -> Vec<usize> {
        self.preset.pick(vec![4], vec![1, 16, 64], vec![1, 16, 64, 2048])
    }

    /// Hypergraphs, each with what to call it where it is not drawn.
    fn hypergraphs(&self) -> Result<Vec<(Option<String>, Size)>, CliError> {
        if self.n.is_none() && self.data.is_none() && self.d.is_some() {
            return Err(CliError::input("--d needs --n or --data: without them the sizes of the preset run"));
        }
        let d = self.d.unwrap_or(64) as usize;
        Ok(match (self.n, &self.data) {
            (Some(n), _) => vec![(None, Size { n, m: self.m.unwrap_or(n), k: self.k as usize, d })],
            (None, Some(path)) => vec![(Some(name_of(path)), Size { n: 0, m: 0, k: 0, d })],
            (None, None) => self.preset.sizes().into_iter().map(|size| (None, size)).collect(),
        })
    }

    fn wants(&self, case: &str) -> bool {
        self.case.is_empty() || self.case.iter().any(|c| c == case)
    }
}

/// The last part of a path, as a person would call it.
fn name_of(path: &std::path::Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Verifies and times, or compares.
pub(crate) fn run(args: BenchArgs, global: &Global) -> Result<(), CliError> {
    let args = match args.what {
        What::Kernels(args) => *args,
        What::Query(args) => return query::run(&args, global),
        What::Generate(args) => return generate::run(&args, global),
        What::Compare(args) => return compare::run(&args, global.json),
    };
    let sizes = args.hypergraphs()?;
    if let Some((_, size)) = sizes.iter().find(|(_, s)| s.d % args.heads as usize != 0) {
        return Err(CliError::input(format!("--heads {} does not divide the {} features", args.heads, size.d)));
    }
    if args.head_width % 2 != 0 {
        return Err(CliError::input(format!("--head-width {} is odd, and rope turns pairs of features", args.head_width)));
    }
    dispatch(args.device, Kernels { args: args.clone(), sizes, json: global.json })?
}

/// The benchmark, as work for any back end.
struct Kernels {
    args: KernelsArgs,
    sizes: Vec<(Option<String>, Size)>,
    json: bool,
}

impl WithBackend for Kernels {
    type Out = Result<(), CliError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        B::supports(self.args.dtype, &device).map_err(|e| CliError::input(e.to_string()))?;
        if !self.args.no_verify {
            self.check::<B>(&device)?;
        }
        let args = &self.args;
        let wants = |names: &[&str]| names.iter().any(|name| args.wants(name));
        let mut report = Report::new(self.json);
        if wants(&cases::NAMES) {
            self.sizes.iter().try_for_each(|(data, size)| self.size::<B>(data.as_ref(), *size, &mut report, &device))?;
        }
        if wants(&sequence::NAMES) {
            args.tokens().iter().try_for_each(|&tokens| sequence::run::<B>(args, tokens as usize, &mut report, &device))?;
        }
        if wants(&discrete::NAMES) {
            discrete::run::<B>(args, &mut report, &device)?;
        }
        if wants(&relational::NAMES) {
            args.rows().iter().try_for_each(|&rows| relational::run::<B>(args, rows as usize, &mut report, &device))?;
        }
        args.out.as_ref().map_or(Ok(()), |dir| report.write(dir, args.device.device))
    }
}

impl Kernels {
    /// The op suite for the ops of the wanted cases.
    fn check<B: HyperBackend>(&self, device: &B::Device) -> Result<(), CliError> {
        let mut ops: Vec<&str> = names().into_iter().filter(|name| self.args.wants(name)).map(cases::op_of).collect();
        ops.sort_unstable();
        ops.dedup();
        ops.into_iter().try_for_each(|op| verified::<B>(device, self.args.dtype, op))
    }

    fn size<B: HyperBackend>(
        &self,
        data: Option<&String>,
        mut size: Size,
        report: &mut Report,
        device: &B::Device,
    ) -> Result<(), CliError> {
        let args = &self.args;
        let graph = match &args.data {
            Some(path) => hypergraphql_framework::io::read(path)?.hypergraph,
            None => drawn(size, args.seed)?,
        };
        (size.n, size.m) = (graph.nodes(), graph.hyperedges());
        if let Some(dir) = &args.dump {
            inputs::dump(&graph, size, args.seed, dir)?;
        }
        let inputs = Inputs::<B>::new(&graph, size, args.heads as usize, args.dtype, args.seed, device)?;
        let clock = Clock::<B>::new(args.samples(), args.device.device.kind, device);
        let ceiling = Ceiling::measure(&inputs.x, &inputs.scattered, args.dtype, &clock, args.device.device.kind)?;
        let roofs = Roofs { copy: ceiling.copy, gather: Some(ceiling.gather), matmul: None };
        let (Size { n, m, d, .. }, nnz) = (size, inputs.incidence.nnz());
        let name = data.map_or_else(String::new, |name| format!("{name}: "));
        report.group(format!("{name}n {n}, m {m}, {nnz} incidences, d {d}, heads {}, {}", args.heads, args.dtype), roofs);
        for case in cases(&inputs).iter().filter(|case| args.wants(case.name)) {
            let (n, m, nnz, d, heads) = (Some(n), Some(m), Some(nnz), Some(d), Some(args.heads as usize));
            let shape = Shape { data: data.cloned(), n, m, nnz, d, heads, ..Shape::default() };
            let times = clock.time(&*case.run)?;
            report.add(Record::new(case.name, shape, args.dtype.name(), &args.device.device.to_string(), case.work, times, roofs))?;
        }
        report.print()
    }
}

/// The op suite for one op.
pub(super) fn verified<B: HyperBackend>(device: &B::Device, dtype: DType, op: &str) -> Result<(), CliError> {
    let mut failures = Vec::new();
    let options = VerifyOptions { filter: Some(format!("{op}/")), ..VerifyOptions::default() };
    let summary = verify::run::<B>(device, dtype, &options, &mut |case| {
        if !case.passed {
            failures.push(format!("{}/{}: {}", case.op, case.case, case.detail));
        }
    });
    tracing::info!("{op}: {} cases verified", summary.passed);
    let Some(first) = failures.first() else { return Ok(()) };
    Err(CliError::failed(format!("{op} is wrong on this device, so it was not timed: {first}"))
        .with_help("`hgql verify kernels` lists every case"))
}
