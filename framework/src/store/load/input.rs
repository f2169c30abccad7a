//! A file that is being loaded.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::{Builder, LoadOptions, Progress, format};
use crate::{Error, Place, Result};

/// A file, how it is to be read and where its statements go.
pub(super) struct Input<'a> {
    pub(super) path: &'a Path,
    /// Prefix of its blank nodes' labels.
    pub(super) scope: &'a str,
    pub(super) options: &'a LoadOptions<'a>,
    pub(super) builder: &'a Builder,
    /// Read so far.
    pub(super) bytes: u64,
}

/// Documents are read whole; larger ones are refused rather than filling the memory.
const MAX_DOCUMENT: u64 = 1 << 32;

impl<'a> Input<'a> {
    /// Opens the file, through gzip if its name says so.
    pub(super) fn open(&self) -> Result<Box<dyn Read + 'a>> {
        let file: File = crate::io::open_file(self.path)?;
        let file = BufReader::with_capacity(1 << 18, file);
        Ok(if format::is_gzip(self.path) { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
    }

    /// The whole text of the file.
    pub(super) fn text(&mut self) -> Result<String> {
        let mut bytes = Vec::new();
        self.open()?.take(MAX_DOCUMENT + 1).read_to_end(&mut bytes).map_err(Error::io(self.path, "read"))?;
        if bytes.len() as u64 > MAX_DOCUMENT {
            let expected = "at most 4 GiB in one file of this format (N-Triples and N-Quads have no limit)";
            return Err(Error::parse(Place::file(self.path), expected, "more"));
        }
        self.bytes += bytes.len() as u64;
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            self.syntax(error.as_bytes(), at, 0, "UTF-8", format!("the byte 0x{:02x}", error.as_bytes()[at]))
        })
    }

    /// An error at a byte of a text that begins after `lines` lines of the file.
    pub(super) fn syntax(&self, text: &[u8], offset: usize, lines: u64, expected: &str, found: impl Into<String>) -> Error {
        let before = &text[..offset.min(text.len())];
        let line = lines + newlines(before) + 1;
        let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
        Error::parse(Place::column(self.path, line, (before.len() - start + 1) as u64), expected, found)
    }

    /// Tells the listener how far it is.
    pub(super) fn report(&self, rejected: u64) {
        if let Some(progress) = self.options.progress {
            progress(&Progress { file: self.path, bytes: self.bytes, statements: self.builder.statements(), rejected });
        }
    }
}

/// How many lines end in a text.
pub(super) fn newlines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// Where triple terms are nested deeper than allowed, seen from `<<(` and `)>>` alone: parsers build them first and take the stack of a thread to
/// drop them.
pub(super) fn too_deep(text: &[u8]) -> Option<usize> {
    let mut opening = memchr::memmem::find_iter(text, b"<<(").peekable();
    // Most texts have none.
    opening.peek()?;
    let mut closing = memchr::memmem::find_iter(text, b")>>").peekable();
    let mut depth = 0usize;
    for at in opening {
        while closing.next_if(|end| *end < at).is_some() {
            depth = depth.saturating_sub(1);
        }
        depth += 1;
        if depth > usize::from(crate::store::MAX_NESTING) {
            return Some(at);
        }
    }
    None
}
