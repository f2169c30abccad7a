//! Results on stdout: tables for people, one JSON object a line for programs. A reader that goes away ends the command silently.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Row, Table, presets};
use serde::Serialize;

use super::error::CliError;
use super::logging;

/// One line of text.
pub(crate) fn line(text: impl AsRef<str>) -> Result<(), CliError> {
    Ok(logging::beside_the_bar(|| writeln!(io::stdout().lock(), "{}", text.as_ref()))?)
}

/// One JSON line; `record` serialises to an object whose first key is `kind`.
pub(crate) fn json(record: &impl Serialize) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, record)?;
    writeln!(out)?;
    Ok(())
}

/// A table in the style of this program. Columns named in `numbers` are aligned to the right.
pub(crate) fn table<const N: usize>(header: [&str; N], numbers: &[usize]) -> Table {
    table_of(header, numbers)
}

/// The same with a header of any length.
pub(crate) fn table_of(header: impl Into<Row>, numbers: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic).set_header(header);
    for &number in numbers {
        if let Some(column) = table.column_mut(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Bytes as people read them: `12.3 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}
