//! The formats that a space is loaded from and how they are told apart.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::{Error, Result};

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// N-Triples 1.2.
    NTriples,
    /// N-Quads 1.2.
    NQuads,
    /// Turtle 1.2.
    Turtle,
    /// TriG 1.2.
    TriG,
    /// The Hypergraph Interchange Format, JSON.
    Hif,
    /// A data set as `scipy.sparse.save_npz` writes its matrix, with further arrays.
    Npz,
    /// A hyperedge a row, comma-separated; the header names the roles.
    Csv,
    /// A hyperedge a row, tab-separated; the header names the roles.
    Tsv,
    /// `s,r,o[,q,v]*` lines: a statement with qualifiers each.
    Statements,
    /// A hyperedge a row; the columns are roles, as in CSV.
    Parquet,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 10] = [
        Self::NTriples,
        Self::NQuads,
        Self::Turtle,
        Self::TriG,
        Self::Hif,
        Self::Npz,
        Self::Csv,
        Self::Tsv,
        Self::Statements,
        Self::Parquet,
    ];

    const EXPECTED: &str = "ntriples, nquads, turtle, trig, hif, npz, csv, tsv, statements or parquet";

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::NTriples => "ntriples",
            Self::NQuads => "nquads",
            Self::Turtle => "turtle",
            Self::TriG => "trig",
            Self::Hif => "hif",
            Self::Npz => "npz",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Statements => "statements",
            Self::Parquet => "parquet",
        }
    }

    /// The format that a file's extension says; `.gz` is looked through.
    ///
    /// # Errors
    /// When the extension is not known.
    pub fn of(path: &Path) -> Result<Self> {
        let plain = if is_gzip(path) { path.with_extension("") } else { path.to_path_buf() };
        let extension = plain.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("nt") => Ok(Self::NTriples),
            Some("nq") => Ok(Self::NQuads),
            Some("ttl") => Ok(Self::Turtle),
            Some("trig") => Ok(Self::TriG),
            Some("json" | "hif") => Ok(Self::Hif),
            Some("npz") => Ok(Self::Npz),
            Some("csv") => Ok(Self::Csv),
            Some("tsv") => Ok(Self::Tsv),
            Some("parquet") => Ok(Self::Parquet),
            other => Err(Error::invalid(
                format!("format of {}", path.display()),
                ".nt, .nq, .ttl, .trig, .hif.json, .npz, .csv, .tsv or .parquet, perhaps with .gz, or a format by name",
                other.map_or_else(|| "no extension".to_owned(), |e| format!(".{e}")),
            )),
        }
    }
}

/// Whether the extension says that a file is compressed.
pub(in crate::store) fn is_gzip(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"))
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|f| f.name() == s);
        known.ok_or_else(|| Error::invalid("format", Self::EXPECTED, format!("{s:?}")))
    }
}
