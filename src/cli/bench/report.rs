//! Where records go: lines of JSON as they come, tables at the end of each group, and the files of `--out`.

use std::path::Path;

use hypergraphql_framework::io;
use hypergraphql_runtime::DeviceSpec;
use hypergraphql_runtime::devices::{self, DeviceReport};
use serde::{Deserialize, Serialize};

use super::record::{Record, Roofs};
use super::roofline;
use crate::cli::error::CliError;
use crate::cli::output;

/// Records of one shape under one heading.
struct Group {
    heading: String,
    roofs: Roofs,
    records: Vec<Record>,
}

/// Everything that one run has measured.
pub(super) struct Report {
    json: bool,
    groups: Vec<Group>,
}

/// `bench.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Document {
    /// Of the format.
    pub(super) version: u32,
    pub(super) program: String,
    /// The processor and the device, in the words of `hgql devices`.
    pub(super) machine: Vec<serde_json::Value>,
    pub(super) records: Vec<Record>,
}

pub(super) const VERSION: u32 = 1;

impl Report {
    pub(super) fn new(json: bool) -> Self {
        Self { json, groups: Vec::new() }
    }

    /// Begins a group.
    pub(super) fn group(&mut self, heading: String, roofs: Roofs) {
        self.groups.push(Group { heading, roofs, records: Vec::new() });
    }

    /// Adds a record to the group that was begun last.
    pub(super) fn add(&mut self, record: Record) -> Result<(), CliError> {
        if self.json {
            output::json(&record)?;
        }
        if let Some(group) = self.groups.last_mut() {
            group.records.push(record);
        }
        Ok(())
    }

    /// Prints the group that was begun last.
    pub(super) fn print(&self) -> Result<(), CliError> {
        let Some(group) = self.groups.last().filter(|_| !self.json) else { return Ok(()) };
        output::line(&group.heading)?;
        output::line(group.roofs())?;
        let columns = group.columns();
        let mut table = output::table_of(columns.iter().map(|c| c.0).collect::<Vec<_>>(), &(1..columns.len()).collect::<Vec<_>>());
        for record in &group.records {
            table.add_row(columns.iter().map(|c| c.1(record)).collect::<Vec<_>>());
        }
        output::line(table.to_string())
    }

    /// Writes DIR/bench.json, DIR/bench.md and DIR/roofline.svg.
    pub(super) fn write(&self, dir: &Path, device: DeviceSpec) -> Result<(), CliError> {
        std::fs::create_dir_all(dir).map_err(|e| CliError::failed(format!("cannot create {}: {e}", dir.display())))?;
        let machine: Vec<DeviceReport> =
            devices::list().into_iter().filter(|r| r.device.to_string() == "cpu" || r.device.to_string() == device.to_string()).collect();
        let records = self.groups.iter().flat_map(|g| g.records.iter().cloned()).collect();
        let values = machine.iter().map(serde_json::to_value).collect::<Result<_, _>>().map_err(|e| CliError::failed(e.to_string()))?;
        let document = Document { version: VERSION, program: program(), machine: values, records };
        let text = serde_json::to_string_pretty(&document).map_err(|e| CliError::failed(e.to_string()))?;
        io::write_file(&dir.join("bench.json"), text.as_bytes())?;
        io::write_file(&dir.join("bench.md"), self.markdown(&machine).as_bytes())?;
        let points: Vec<(&Record, &Roofs)> = self.groups.iter().flat_map(|g| g.records.iter().map(|r| (r, &g.roofs))).collect();
        roofline::write(&dir.join("roofline.svg"), &points)?;
        tracing::info!("wrote bench.json, bench.md and roofline.svg to {}", dir.display());
        Ok(())
    }

    fn markdown(&self, machine: &[DeviceReport]) -> String {
        let mut text = format!("# {}\n\n", program());
        for report in machine {
            text += &format!("- {}: {}\n", report.device, crate::cli::devices::describe(report));
        }
        for group in &self.groups {
            let columns = group.columns();
            text += &format!(
                "\n## {}\n\n{}\n\n| {} |\n",
                group.heading,
                group.roofs(),
                columns.iter().map(|c| c.0).collect::<Vec<_>>().join(" | ")
            );
            text += &format!("|{}\n", columns.iter().enumerate().map(|(i, _)| if i == 0 { "---|" } else { "---:|" }).collect::<String>());
            for record in &group.records {
                text += &format!("| {} |\n", columns.iter().map(|c| c.1(record)).collect::<Vec<_>>().join(" | "));
            }
        }
        text
    }
}

fn program() -> String {
    format!("hgql {} bench kernels", env!("CARGO_PKG_VERSION"))
}

type Column = (&'static str, fn(&Record) -> String);

impl Group {
    fn roofs(&self) -> String {
        let Roofs { copy, gather, matmul } = self.roofs;
        let mut parts = vec![format!("copy {copy:.1} GB/s")];
        parts.extend(gather.map(|g| format!("gather of random rows {g:.1} GB/s")));
        parts.extend(matmul.map(|g| format!("matmul {g:.1} GFLOP/s")));
        parts.join(", ")
    }

    /// The columns that some record of the group has.
    fn columns(&self) -> Vec<Column> {
        const ALL: [Column; 9] = [
            ("case", |r| r.case.clone()),
            ("median ms", |r| format!("{:.3}", r.ms)),
            ("min ms", |r| format!("{:.3}", r.min)),
            ("M rows/s", |r| cell(r.million_rows_per_s, 0)),
            ("GFLOP/s", |r| cell(r.gflops, 1)),
            ("% of matmul", |r| cell(r.percent_of_matmul, 0)),
            ("GB/s", |r| cell(r.gbps, 1)),
            ("% of copy", |r| cell(r.percent_of_copy, 0)),
            ("% of gather", |r| cell(r.percent_of_gather, 0)),
        ];
        ALL.into_iter().filter(|(_, text)| self.records.iter().any(|r| !text(r).is_empty())).collect()
    }
}

fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(String::new, |v| format!("{v:.digits$}"))
}
