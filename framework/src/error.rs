//! The one error of this crate: where it is, what was expected, what was found.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Result of every fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A place in a file; line and column count from 1, the column in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, where the format has lines.
    pub line: Option<u64>,
    /// The column in bytes, where it is known.
    pub column: Option<u64>,
}

impl Place {
    /// The file as a whole.
    pub fn file(file: &Path) -> Self {
        Self { file: file.to_path_buf(), line: None, column: None }
    }

    /// A line of the file.
    pub fn line(file: &Path, line: u64) -> Self {
        Self { file: file.to_path_buf(), line: Some(line), column: None }
    }

    /// A column of a line of the file.
    pub fn column(file: &Path, line: u64, column: u64) -> Self {
        Self { file: file.to_path_buf(), line: Some(line), column: Some(column) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        Ok(())
    }
}

/// What went wrong, where, what was expected and what was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file holds something else than its format allows.
    #[error("{at}: expected {expected}, found {found}")]
    Parse {
        /// File, line and column.
        at: Place,
        /// What the format asks for there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The operating system refused to read or write a file.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// A value handed to a function is outside its domain.
    #[error("{what}: expected {expected}, found {found}")]
    Invalid {
        /// The argument or its part.
        what: String,
        /// Its domain.
        expected: String,
        /// Its value.
        found: String,
    },
    /// A file that this program wrote is not as it was written.
    #[error("{}: {what}; restore the file from a copy", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is damaged.
        what: String,
    },
    /// Somebody else writes to a store.
    #[error("{}: a writer has it open: {holder}; wait until it is done", path.display())]
    Locked {
        /// The store.
        path: PathBuf,
        /// Who.
        holder: String,
    },
    /// A format has no place for something that the dataset holds.
    #[error("{}: {format} cannot hold {what}; {instead}", path.display())]
    Unsupported {
        /// The file that was to be written.
        path: PathBuf,
        /// The format.
        format: &'static str,
        /// What it cannot hold.
        what: String,
        /// What to do.
        instead: &'static str,
    },
}

impl Error {
    pub(crate) fn parse(at: Place, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Parse { at, expected: expected.into(), found: found.into() }
    }

    pub(crate) fn invalid(what: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Invalid { what: what.into(), expected: expected.into(), found: found.into() }
    }

    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_path_buf(), action, source }
    }

    /// The place in a file that the error names, if it names one.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Parse { at, .. } => Some(at),
            _ => None,
        }
    }
}
