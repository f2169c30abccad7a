//! A text file in memory: its lines, and the place of anything in it.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::{Error, Place, Result};

/// The bytes of a file.
pub(crate) struct Source {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// A line without its end, `\n` or `\r\n`; the number counts from 1.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) path: &'a Path,
    pub(super) number: u64,
    pub(super) bytes: &'a [u8],
}

/// Opens a regular file. A pipe or device, which may never end or never even open, is refused before it is opened.
pub(crate) fn open_file(path: &Path) -> Result<File> {
    let meta = fs::metadata(path).map_err(Error::io(path, "open"))?;
    if !meta.is_file() {
        let found = if meta.is_dir() { "a folder" } else { "something else" };
        return Err(Error::parse(Place::file(path), "a regular file", found));
    }
    File::open(path).map_err(Error::io(path, "open"))
}

impl Source {
    /// The bytes of a file that were read otherwise.
    pub(crate) fn of(path: &Path, bytes: Vec<u8>) -> Self {
        Self { path: path.to_path_buf(), bytes }
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let mut bytes = Vec::new();
        open_file(path)?.read_to_end(&mut bytes).map_err(Error::io(path, "read"))?;
        Ok(Self { path: path.to_path_buf(), bytes })
    }

    /// Reads the file if there is one.
    pub(super) fn read_if_there(path: &Path) -> Result<Option<Self>> {
        if path.exists() { Self::read(path).map(Some) } else { Ok(None) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The lines; the end of the last one may be missing.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let body = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        let some = (!self.bytes.is_empty()).then(|| body.split(|b| *b == b'\n'));
        some.into_iter().flatten().zip(1..).map(|(bytes, number)| {
            let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            Line { path: &self.path, number, bytes }
        })
    }

    /// The text of the file.
    ///
    /// # Errors
    /// At the first byte that is not UTF-8.
    pub(super) fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.bytes).map_err(|e| {
            let at = self.place(e.valid_up_to());
            Error::parse(at, "UTF-8", show(&self.bytes[e.valid_up_to()..]))
        })
    }

    /// The place of a byte offset.
    pub(crate) fn place(&self, offset: usize) -> Place {
        let before = &self.bytes[..offset.min(self.bytes.len())];
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
        Place::column(&self.path, line as u64, (before.len() - start + 1) as u64)
    }
}

impl<'a> Line<'a> {
    /// An error at byte `offset` of the line.
    pub(super) fn error(&self, offset: usize, expected: impl Into<String>, found: impl Into<String>) -> Error {
        Error::parse(Place::column(self.path, self.number, offset as u64 + 1), expected, found)
    }

    /// The fields between `separator` and where they start.
    pub(super) fn fields(&self, separator: u8) -> impl Iterator<Item = (usize, &'a [u8])> + use<'a> {
        let mut start = 0;
        self.bytes.split(move |b| *b == separator).map(move |field| {
            let at = start;
            start += field.len() + 1;
            (at, field)
        })
    }

    /// The line as text.
    pub(super) fn text(&self) -> Result<&'a str> {
        if let Some(nul) = self.bytes.iter().position(|b| *b == 0) {
            return Err(self.error(nul, "text", "a NUL byte"));
        }
        std::str::from_utf8(self.bytes).map_err(|e| self.error(e.valid_up_to(), "UTF-8", show(&self.bytes[e.valid_up_to()..])))
    }
}

/// The first character, for a message: quoted, or its byte when it is not UTF-8.
pub(super) fn show(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(e) => std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or_default(),
    };
    match (valid.chars().next(), bytes.first()) {
        (_, Some(0)) => "a NUL byte".to_owned(),
        (Some(c), _) => format!("{c:?}"),
        (None, Some(byte)) => format!("the byte 0x{byte:02x}, which is not UTF-8"),
        (None, None) => "the end of the line".to_owned(),
    }
}
