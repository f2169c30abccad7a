//! Files: the text folder, HIF JSON, CSV/TSV, npz and Parquet, each read and written.
//!
//! What a reader returns has at least one node and one hyperedge, no hyperedge without members, and has passed
//! [`Dataset::check`]; weights that are all 1 are read as none; what a dataset has no place for is counted in a warning; writers refuse anything else, so that every file written can be read. Files are written beside
//! their place and renamed, so that a reader never sees half of one.

mod atomic;
mod csv;
mod format;
mod hif;
mod incidences;
mod npz;
mod number;
mod numbering;
mod parquet;
mod repeats;
mod source;
mod text;

use std::io::Write;
use std::path::Path;
use std::time::Instant;

pub use format::Format;

pub(crate) use atomic::write as replace;
pub(crate) use csv::{Field, Rows as TableRows};
pub(crate) use parquet::{Cell, Column, Kind, Table, save as save_parquet};
pub(crate) use source::{Source, open_file};

use crate::{Dataset, Duplicates, Error, Hypergraph, Result};

/// How to read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// The format, or none to tell it from the folder or the extension.
    pub format: Option<Format>,
    /// What a node twice in a hyperedge means. [`Duplicates::Merge`] says through `tracing` how many there were; [`Duplicates::Error`] also refuses two hyperedges of the same members.
    pub duplicates: Duplicates,
}

/// Reads a dataset, telling the format from the folder or the extension; a node twice in a hyperedge counts once, with a warning.
///
/// # Errors
/// When the format is not known, the file cannot be read, or it holds something else than its format allows.
pub fn read(path: impl AsRef<Path>) -> Result<Dataset> {
    read_with(path, Options::default())
}

/// Reads a dataset.
///
/// # Errors
/// As [`read`], and when a hyperedge repeats under [`Duplicates::Error`].
pub fn read_with(path: impl AsRef<Path>, options: Options) -> Result<Dataset> {
    let (path, start) = (path.as_ref(), Instant::now());
    let dup = options.duplicates;
    let format = options.format.map_or_else(|| Format::of(path), Ok)?;
    let dataset = match format {
        Format::Text => text::read(path, dup),
        Format::Hif => hif::read(path, dup),
        Format::Csv => csv::read(path, b',', dup),
        Format::Tsv => csv::read(path, b'\t', dup),
        Format::Npz => npz::read(path, dup),
        Format::Parquet => parquet::read(path, dup),
    }?;
    check_complete(path, &dataset.hypergraph)?;
    dataset.check().map_err(|e| at(path, e))?;
    if dup == Duplicates::Error {
        repeats::check_distinct(path, &dataset.hypergraph)?;
    }
    report("read", path, format, &dataset.hypergraph, start);
    Ok(dataset)
}

/// Reads a file of splits for `nodes` nodes: a line per split, a character per node, 0 train, 1 valid, 2 test, - none.
///
/// # Errors
/// When the file cannot be read, is empty, or a line has another length or other characters.
pub fn read_splits(path: impl AsRef<Path>, nodes: usize) -> Result<Vec<crate::Split>> {
    text::read_splits(path.as_ref(), nodes)
}

/// Writes a dataset, telling the format from the extension; a path without one is a text folder.
///
/// # Errors
/// When the format is not known or cannot hold the dataset, the dataset is not whole, or the file cannot be written.
pub fn write(dataset: &Dataset, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    write_as(dataset, path, Format::of(path)?)
}

/// Writes a dataset in this format.
///
/// # Errors
/// As [`write()`].
pub fn write_as(dataset: &Dataset, path: impl AsRef<Path>, format: Format) -> Result<()> {
    let (path, start) = (path.as_ref(), Instant::now());
    dataset.check().map_err(|e| at(path, e))?;
    check_complete(path, &dataset.hypergraph)?;
    match format {
        Format::Text => text::write(dataset, path),
        Format::Hif => hif::write(dataset, path),
        Format::Csv => csv::write(dataset, path, b','),
        Format::Tsv => csv::write(dataset, path, b'\t'),
        Format::Npz => npz::write(dataset, path),
        Format::Parquet => parquet::write(dataset, path),
    }?;
    report("wrote", path, format, &dataset.hypergraph, start);
    Ok(())
}

/// Writes a file as the writers do: beside its place, then renamed, so that the old one stays whole until the new one is. A pipe or a device
/// is written to as it stands.
///
/// # Errors
/// When the file cannot be written; the old one, if there is one, is still there.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    atomic::write(path, |to| to.write_all(bytes).map_err(Error::io(path, "write")))
}

fn report(done: &str, path: &Path, format: Format, h: &Hypergraph, start: Instant) {
    let (nodes, hyperedges, incidences) = (h.nodes(), h.hyperedges(), h.incidences());
    tracing::info!(%format, nodes, hyperedges, incidences, took = ?start.elapsed(), "{done} {}", path.display());
}

/// Every hyperedge has members, and there is one.
fn check_complete(path: &Path, h: &Hypergraph) -> Result<()> {
    let file = || crate::Place::file(path);
    if h.nodes() == 0 || h.hyperedges() == 0 {
        let found = format!("an empty hypergraph ({} nodes, {} hyperedges)", h.nodes(), h.hyperedges());
        return Err(Error::parse(file(), "at least one node and one hyperedge", found));
    }
    match h.edge_major().iter_rows().position(<[u32]>::is_empty) {
        None => Ok(()),
        Some(e) => Err(Error::parse(file(), "members in every hyperedge", format!("none in hyperedge {e}"))),
    }
}

/// None when every weight is 1, which says no more than having none.
fn unless_ones(weights: Vec<f64>) -> Option<Vec<f64>> {
    weights.iter().any(|w| *w != 1.0).then_some(weights)
}

/// Names the file in an error about the arrays read from it.
fn at(path: &Path, error: Error) -> Error {
    match error {
        Error::Invalid { what, expected, found } => Error::parse(crate::Place::file(path), format!("{expected} as {what}"), found),
        other => other,
    }
}

/// The name of a dataset: the folder, or the file without its extensions.
fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    for end in [".hif.json", ".json", ".hif", ".csv", ".tsv", ".npz", ".parquet"] {
        if let Some(stem) = name.strip_suffix(end).filter(|s| !s.is_empty()) {
            return stem.to_owned();
        }
    }
    name
}
