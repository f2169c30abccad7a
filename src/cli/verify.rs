//! `hgql verify kernels`: the op suite of `ops::verify` on a device of this machine.

use clap::Subcommand;
use hypergraphql_ops::verify::{self, CaseResult, OPS, Summary, VerifyOptions};
use hypergraphql_ops::{DType, HyperBackend, Route};
use hypergraphql_runtime::DeviceSpec;
use serde::Serialize;

use super::backend::{DeviceArg, WithBackend, dispatch};
use super::error::CliError;
use super::{Global, output};

/// Check that a device computes what it should.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Runs checks that need nothing but this program, so that it can be carried to the machine in question.",
    after_help = "Examples:\n  \
                  hgql verify kernels --device cuda --dtype f32,f16,bf16\n  \
                  hgql verify kernels --filter hypergraph_attention"
)]
pub(crate) struct VerifyArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Kernels(KernelsArgs),
}

/// Run every op and gradient on a device against references in double precision.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Runs every op and its gradient on a device, on patterns that are awkward (empty, one row, hubs, odd sizes), and compares with \
                  references that sum in double precision. Each element has its own bound, from the storage type and the length of its sums. A \
                  panic of a device thread fails the case that it happened in.\n\n\
                  Exit code 1 when a case fails; 3 when the device has none of the storage types asked for, or not the strategy.",
    after_help = "Examples:\n  \
                  hgql verify kernels\n  \
                  hgql verify kernels --device vulkan --dtype f16\n  \
                  hgql verify kernels --device vulkan --strategy plane --filter segment_softmax/\n  \
                  hgql verify kernels --device cuda:0 --dtype f32,f16,bf16 --json > verify.jsonl"
)]
struct KernelsArgs {
    #[command(flatten)]
    device: DeviceArg,
    /// Storage types, separated by commas: f64 (cpu only), f32, f16, bf16.
    #[arg(long, default_value = "f32", value_name = "TYPES", value_delimiter = ',')]
    dtype: Vec<DType>,
    /// Only cases whose OP/CASE contains this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How lanes combine: auto, plane or shared. The last two are for finding out whether the way that auto does not take is right too.
    #[arg(long, default_value = "auto", value_name = "STRATEGY")]
    strategy: Route,
}

#[derive(Serialize)]
struct CaseLine<'a> {
    kind: &'static str,
    #[serde(flatten)]
    case: &'a CaseResult,
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    kind: &'static str,
    device: DeviceSpec,
    dtype: &'static str,
    strategy: &'static str,
    #[serde(flatten)]
    summary: &'a Summary,
}

/// Runs the suite in each type and prints the result.
pub(crate) fn run(args: VerifyArgs, global: &Global) -> Result<(), CliError> {
    let What::Kernels(args) = args.what;
    let mut total = Summary::default();
    for &dtype in &args.dtype {
        let work = Kernels { dtype, options: VerifyOptions { filter: args.filter.clone(), strategy: args.strategy }, json: global.json };
        let summary = report(&args, dtype, dispatch(args.device, work)??, global)?;
        total.passed += summary.passed;
        total.failed += summary.failed;
        total.skipped += summary.skipped;
        total.reason = total.reason.or(summary.reason);
    }
    if !global.json {
        output::line(format!("{} passed, {} failed, {} skipped", total.passed, total.failed, total.skipped))?;
    }
    judge(&args, total)
}

/// The suite in one type, as work for any back end; cases that passed are kept too, for the table.
struct Kernels {
    dtype: DType,
    options: VerifyOptions,
    json: bool,
}

impl WithBackend for Kernels {
    type Out = Result<(Vec<CaseResult>, Summary), CliError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        let mut cases = Vec::new();
        let mut printed = Ok(());
        let summary = verify::run::<B>(&device, self.dtype, &self.options, &mut |case| {
            tracing::debug!("{}/{} {}: {}", case.op, case.case, case.dtype, if case.passed { "passed" } else { "FAILED" });
            if self.json && printed.is_ok() {
                printed = output::json(&CaseLine { kind: "case", case });
            }
            cases.push(case.clone());
        });
        printed.map(|()| (cases, summary))
    }
}

/// Prints the result of one type.
fn report(args: &KernelsArgs, dtype: DType, (cases, summary): (Vec<CaseResult>, Summary), global: &Global) -> Result<Summary, CliError> {
    let device = args.device.device;
    if global.json {
        output::json(&SummaryLine { kind: "summary", device, dtype: dtype.name(), strategy: args.strategy.name(), summary: &summary })?;
        return Ok(summary);
    }
    if let Some(note) = &summary.note {
        output::line(format!("{device} {dtype}: strategy {}: {note}", args.strategy))?;
    }
    if let Some(reason) = &summary.reason {
        output::line(format!("{device} {dtype}: {} skipped: {reason}", summary.skipped))?;
        if cases.is_empty() {
            return Ok(summary);
        }
    }
    let mut table = output::table([&format!("{device} {dtype}"), "cases", "failed", "worst, of its bound"], &[1, 2, 3]);
    for op in OPS {
        let of_op: Vec<_> = cases.iter().filter(|case| case.op == op).collect();
        if !of_op.is_empty() {
            let failed = of_op.iter().filter(|case| !case.passed).count();
            table.add_row([op.to_owned(), of_op.len().to_string(), failed.to_string(), worst(&of_op)]);
        }
    }
    output::line(table.to_string())?;
    for case in cases.iter().filter(|case| !case.passed) {
        output::line(format!("FAILED {}/{} {}: {}", case.op, case.case, case.dtype, case.detail))?;
    }
    Ok(summary)
}

/// The largest error as a share of its bound.
fn worst(cases: &[&CaseResult]) -> String {
    let share = |case: &&CaseResult| if case.max_error == 0.0 { 0.0 } else { case.max_error / case.bound };
    format!("{:.1} %", 100.0 * cases.iter().map(share).fold(0.0, f64::max))
}

fn judge(args: &KernelsArgs, total: Summary) -> Result<(), CliError> {
    let device = args.device.device;
    if total.failed > 0 {
        return Err(CliError::failed(format!("{} cases failed on {device}", total.failed)));
    }
    if total.passed > 0 {
        return Ok(());
    }
    match (total.reason, &args.filter) {
        (Some(reason), _) => Err(CliError::Device { message: reason, help: None }),
        (None, Some(filter)) => {
            let help = format!("a case is named OP/CASE, and the ops are {}", OPS.join(", "));
            Err(CliError::input(format!("no case contains {filter:?}")).with_help(help))
        }
        (None, None) => Err(CliError::failed("no case ran; this is a bug")),
    }
}
