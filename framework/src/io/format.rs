//! The formats and how they are told apart.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::{Error, Result};

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A folder of text files: `hyperedges.txt`, `labels.txt`, `features.txt`, `splits_*.txt`, `label_names.txt`.
    Text,
    /// The Hypergraph Interchange Format, JSON.
    Hif,
    /// Comma-separated `node,hyperedge[,weight]`.
    Csv,
    /// Tab-separated `node hyperedge [weight]`.
    Tsv,
    /// The incidence matrix as `scipy.sparse.save_npz` writes it, with further arrays for the rest.
    Npz,
    /// `node,hyperedge[,weight]` as Parquet columns.
    Parquet,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 6] = [Self::Text, Self::Hif, Self::Csv, Self::Tsv, Self::Npz, Self::Parquet];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Hif => "hif",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Npz => "npz",
            Self::Parquet => "parquet",
        }
    }

    /// A folder or a path without extension is text; else the extension tells.
    ///
    /// # Errors
    /// When the extension is not known, or the folder is a store.
    pub fn of(path: &Path) -> Result<Self> {
        if path.is_dir() {
            if path.join("CURRENT").is_file() {
                let found = "a store (AtomSpace::dataset and `hgql convert` make a data set of it)";
                return Err(Error::invalid(format!("format of {}", path.display()), "a folder of text files", found));
            }
            return Ok(Self::Text);
        }
        match path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).as_deref() {
            None => Ok(Self::Text),
            Some("json" | "hif") => Ok(Self::Hif),
            Some("csv") => Ok(Self::Csv),
            Some("tsv") => Ok(Self::Tsv),
            Some("npz") => Ok(Self::Npz),
            Some("parquet") => Ok(Self::Parquet),
            Some(other) => Err(Error::invalid(
                format!("format of {}", path.display()),
                "a folder, .json, .hif, .csv, .tsv, .npz or .parquet",
                format!(".{other}"),
            )),
        }
    }
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
        known.ok_or_else(|| Error::invalid("format", "text, hif, csv, tsv, npz or parquet", format!("{s:?}")))
    }
}
