//! Results on stdout: tables for people, one JSON object a line for programs; and files, beside their place and renamed. A reader that
//! goes away ends the command silently.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

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

/// A file, written beside its place and renamed: no reader sees half of it, and a failure leaves the old one whole.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = fs::File::create(&temporary).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    let done = written.and_then(|()| fs::rename(&temporary, path));
    done.map_err(|e| {
        // The first error is the one to report; what is left of the temporary file can only be in the way.
        let _ = fs::remove_file(&temporary);
        CliError::failed(format!("{}: cannot write: {e}", path.display()))
    })
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
