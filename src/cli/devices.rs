//! `hgql devices`: what this machine can run on, with capabilities, and why the rest cannot be used.

use hypergraphql_runtime::devices::{self, DeviceReport, Form};
use serde::Serialize;

use super::error::CliError;
use super::{Global, output};

/// List the devices of this machine and what they can do.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Lists every kind of device that hgql knows: usable ones with name, memory, storage types, plane size and tensor cores; for \
                  the others, why not and what was looked for. Nothing is started on a device whose driver is missing."
)]
#[command(after_help = "Examples:\n  \
                        hgql devices\n  \
                        hgql devices --json | jq -r 'select(.usable) | .device'\n\n\
                        The names in the first column are what --device takes elsewhere; `cuda` alone means `cuda:0`.")]
pub(crate) struct DevicesArgs {}

#[derive(Serialize)]
struct Line<'a> {
    kind: &'static str,
    #[serde(flatten)]
    report: &'a DeviceReport,
}

/// Prints one row or one JSON line per device.
pub(crate) fn run(_args: DevicesArgs, global: &Global) -> Result<(), CliError> {
    let reports = devices::list();
    if global.json {
        return reports.iter().try_for_each(|report| output::json(&Line { kind: "device", report }));
    }
    let mut table = output::table(["device", "usable", "what it is"], &[]);
    for report in &reports {
        table.add_row([report.device.to_string(), if report.usable { "yes" } else { "no" }.to_owned(), describe(report)]);
    }
    output::line(table.to_string())
}

/// A device in words.
pub(crate) fn describe(report: &DeviceReport) -> String {
    let Some(found) = &report.capabilities else {
        return report.why.clone().unwrap_or_default();
    };
    let mut parts = vec![found.name.clone()];
    if found.form == Some(Form::Software) {
        parts.push("software".to_owned());
    }
    parts.extend(found.cores.map(|n| format!("{n} cores")));
    parts.extend(found.simd.map(str::to_owned));
    parts.extend(found.memory_bytes.map(|n| format!("{} memory", output::bytes(n))));
    if !found.dtypes.is_empty() {
        parts.push(format!("types {}", found.dtypes.join(" ")));
    }
    parts.extend(found.plane_size.map(|[low, high]| if low == high { format!("plane {low}") } else { format!("plane {low} to {high}") }));
    parts.extend(found.tensor_cores.map(|yes| if yes { "tensor cores" } else { "no tensor cores" }.to_owned()));
    parts.join(", ")
}
