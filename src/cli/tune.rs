//! `hgql tune kernels`: measures the variants of the ops that have several, and keeps the fastest for `auto`.

mod cases;

use std::collections::BTreeMap;

use clap::Subcommand;
use hypergraphql_ops::{DType, HyperBackend, Measured, Tuning};
use hypergraphql_runtime::tuning::{self, TunedFor};
use serde::Serialize;

use super::backend::{DeviceArg, WithBackend, dispatch};
use super::bench::{Clock, verified};
use super::error::CliError;
use super::{Global, output};
use cases::{Class, Op};

/// Find out what is fastest on a device.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Measures what the other commands choose by.",
    after_help = "Examples:\n  \
                  hgql tune kernels\n  \
                  hgql tune kernels --device cuda --dtype f32,f16,bf16"
)]
pub(crate) struct TuneArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Kernels(KernelsArgs),
}

/// Verify and time the variants of every op that has several, and keep the fastest by sizes.
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Runs every variant that --kernels knows over a grid of sizes, after the op suite has found its op right on the device, and writes the \
                  fastest of each to a file that every later command on this device reads: FOLDER/hypergraphql/tuning/DEVICE.toml, in $HGQL_CACHE or \
                  the user's cache folder. The file holds for the device, its driver and this version of the program; for others it is not used, with \
                  a warning. Nothing is ever measured in another command.",
    after_help = "Examples:\n  \
                  hgql tune kernels --device vulkan\n  \
                  hgql tune kernels --device cuda --dtype f32,f16,bf16 --json > tuning.jsonl"
)]
struct KernelsArgs {
    #[command(flatten)]
    device: DeviceArg,
    /// Storage types, separated by commas: f64 (cpu only), f32, f16, bf16.
    #[arg(long, default_value = "f32", value_name = "TYPES", value_delimiter = ',')]
    dtype: Vec<DType>,
    /// Samples of each variant; the medians are compared.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    reps: u32,
    /// Only the smallest sizes of each op.
    #[arg(long)]
    quick: bool,
    /// Only prints what was measured and leaves the file as it is.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    kind: &'static str,
    op: &'static str,
    #[serde(flatten)]
    measured: &'a Measured,
}

/// Measures and writes the file.
pub(crate) fn run(args: TuneArgs, global: &Global) -> Result<(), CliError> {
    let What::Kernels(args) = args.what;
    let here = TunedFor::here(args.device.device)?;
    let measured = dispatch(args.device, Kernels { args: args.clone() })??;
    let mut table = output::table(["op", "type", "sizes", "milliseconds", "fastest"], &[]);
    for (op, measured) in &measured {
        if global.json {
            output::json(&Line { kind: "tuning", op: op.name(), measured })?;
            continue;
        }
        let sizes = measured.sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let times = measured.milliseconds.iter().map(|(name, ms)| format!("{name} {ms:.3}")).collect::<Vec<_>>().join(", ");
        table.add_row([op.name().to_owned(), measured.dtype.clone(), sizes, times, measured.fastest.clone()]);
    }
    if !global.json {
        output::line(table.to_string())?;
    }
    if args.dry_run {
        return Ok(());
    }
    let of = |op: Op| measured.iter().filter(|m| m.0 == op).map(|m| m.1.clone()).collect();
    let path = tuning::save(
        &here,
        Tuning { attention: of(Op::Attention), graph_conv: of(Op::GraphConv), hyperedge: of(Op::Hyperedge), relation: of(Op::Relation) },
    )?;
    if !global.json {
        output::line(format!("written to {}", path.display()))?;
    }
    Ok(())
}

/// The measurements, as work for any back end.
struct Kernels {
    args: KernelsArgs,
}

impl WithBackend for Kernels {
    type Out = Result<Vec<(Op, Measured)>, CliError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        let kind = self.args.device.device.kind;
        let clock = Clock::<B>::new(self.args.reps as usize, kind, &device);
        let mut measured = Vec::new();
        for &dtype in &self.args.dtype {
            B::supports(dtype, &device).map_err(|error| CliError::Device { message: error.to_string(), help: None })?;
            for op in Op::ALL {
                let classes = op.classes::<B>(self.args.quick, dtype, &device)?;
                if classes.iter().all(|class| class.variants.len() < 2) {
                    tracing::info!("{}: one variant on this device, nothing to choose", op.name());
                    continue;
                }
                verified::<B>(&device, dtype, op.verified_as())?;
                for class in classes {
                    measured.push((op, measure(&clock, dtype, class)?));
                }
            }
        }
        Ok(measured)
    }
}

fn measure<B: HyperBackend>(clock: &Clock<B>, dtype: DType, class: Class) -> Result<Measured, CliError> {
    let mut milliseconds = BTreeMap::new();
    for (name, work) in &class.variants {
        milliseconds.insert((*name).to_owned(), clock.time(&**work)?.median);
    }
    let fastest = milliseconds.iter().min_by(|a, b| a.1.total_cmp(b.1)).map(|(name, _)| name.clone()).unwrap_or_default();
    tracing::info!("{:?}: {fastest}", class.sizes);
    Ok(Measured { dtype: dtype.name().to_owned(), sizes: class.sizes.to_vec(), fastest, milliseconds })
}
