//! The zip archive around the arrays.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::npy::{Array, Header, header};
use crate::io::source::open_file;
use crate::{Error, Place, Result};

/// Up to this many bytes an array may take the place of any fewer in the archive.
const UNQUESTIONED: u64 = 1 << 28;

/// A larger one whose length nothing confirms may take so many times the bytes that it has in the archive. Deflate can do a thousand times, on
/// zeros; real row starts, ids and features do a tenth of this.
const MOST_EXPANSION: u64 = 256;

/// What is known of an array before its elements are read.
#[derive(Clone, Copy)]
pub(super) enum Expected {
    /// So many elements, by the word of another header.
    Elements(usize),
    /// An element for each of so many things that have been read.
    Each(usize),
    /// A matrix with a row per node.
    Rows(usize),
    /// A matrix with a column per node.
    Columns(usize),
    /// Nothing.
    Any,
}

impl Expected {
    /// What was expected and what is found, where the header says something else.
    fn misfit(self, header: &Header) -> Option<(String, String)> {
        let shape = || format!("shape {:?}", header.shape);
        match (self, header.shape.as_slice()) {
            (Self::Elements(n) | Self::Each(n), _) if header.elements() != Some(n as u64) => {
                Some((format!("{n} elements"), header.elements().map_or_else(shape, |e| e.to_string())))
            }
            (Self::Rows(n), [rows, _]) if *rows != n as u64 => Some((format!("{n} rows, one per node,"), rows.to_string())),
            (Self::Columns(n), [_, columns]) if *columns != n as u64 => Some((format!("{n} columns, one per node,"), columns.to_string())),
            (Self::Rows(_) | Self::Columns(_), axes) if axes.len() != 2 => Some(("two axes".to_owned(), shape())),
            _ => None,
        }
    }
}

/// An archive being read.
pub(super) struct Archive<'a> {
    path: &'a Path,
    zip: ZipArchive<BufReader<File>>,
}

impl<'a> Archive<'a> {
    pub(super) fn open(path: &'a Path) -> Result<Self> {
        let zip = ZipArchive::new(BufReader::new(open_file(path)?));
        let whole = "a whole npz file (a zip archive)";
        let zip = zip.map_err(|e| Error::parse(Place::file(path), whole, format!("another or a cut one ({e})")))?;
        Ok(Self { path, zip })
    }

    /// An error about one array.
    pub(super) fn error(&self, name: &str, expected: impl std::fmt::Display, found: impl Into<String>) -> Error {
        Error::parse(Place::file(self.path), format!("{expected} in array {name:?}"), found)
    }

    /// The array, if there is one of this name. Its elements are read only if its header agrees with what is expected.
    pub(super) fn get(&mut self, name: &str, expected: Expected) -> Result<Option<Array>> {
        let Some(index) = self.zip.index_for_name(&format!("{name}.npy")) else { return Ok(None) };
        let read = self.zip.by_index(index).map_err(|e| e.to_string()).and_then(|mut entry| {
            let header = Header::read(&mut entry)?;
            if let Some(misfit) = expected.misfit(&header) {
                return Ok(Err(misfit));
            }
            let size = entry.size();
            if !matches!(expected, Expected::Each(_)) {
                check_expansion(size, entry.compressed_size())?;
            }
            header.body(entry, size).map(Ok)
        });
        match read {
            Ok(Ok(array)) => Ok(Some(array)),
            Ok(Err((expected, found))) => Err(self.error(name, expected, found)),
            Err(found) => Err(self.error(name, "a numpy array, little-endian,", found)),
        }
    }

    /// The array, which must be there.
    pub(super) fn need(&mut self, name: &str, expected: Expected) -> Result<Array> {
        let found = self.get(name, expected)?;
        found.ok_or_else(|| self.missing(name))
    }

    /// How many elements the header of an array claims, and how many bytes the archive holds for them.
    pub(super) fn claim(&mut self, name: &str) -> Result<(usize, u64)> {
        let Some(index) = self.zip.index_for_name(&format!("{name}.npy")) else { return Err(self.missing(name)) };
        let read = self.zip.by_index(index).map_err(|e| e.to_string()).and_then(|mut entry| {
            check_expansion(entry.size(), entry.compressed_size())?;
            let elements = Header::read(&mut entry)?.elements().and_then(|e| usize::try_from(e).ok());
            Ok((elements.ok_or("more than 2^64 elements")?, entry.compressed_size()))
        });
        read.map_err(|found| self.error(name, "a numpy array, little-endian,", found))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(&format!("{name}.npy")).is_some()
    }

    fn missing(&self, name: &str) -> Error {
        let names: Vec<_> = self.zip.file_names().take(12).map(|n| n.trim_end_matches(".npy")).collect();
        let expected = format!("an array {name:?} (CSR, as scipy.sparse.save_npz writes it)");
        Error::parse(Place::file(self.path), expected, format!("only {}", names.join(", ")))
    }

    /// Turns a conversion's message into an error about the array.
    pub(super) fn typed<T>(&self, name: &str, expected: &str, value: Result<T, String>) -> Result<T> {
        value.map_err(|found| self.error(name, expected, found))
    }
}

/// Refuses to unpack a large array from next to nothing.
fn check_expansion(size: u64, packed: u64) -> Result<(), String> {
    if size <= UNQUESTIONED || size / MOST_EXPANSION <= packed {
        return Ok(());
    }
    Err(format!("{size} bytes packed into {packed}, more than {MOST_EXPANSION} times fewer; save it uncompressed"))
}

/// An archive being written, uncompressed as `numpy.savez` does.
pub(super) struct Writer<'a, 'b> {
    path: &'a Path,
    zip: ZipWriter<&'b mut BufWriter<File>>,
}

impl<'a, 'b> Writer<'a, 'b> {
    pub(super) fn new(path: &'a Path, to: &'b mut BufWriter<File>) -> Self {
        Self { path, zip: ZipWriter::new(to) }
    }

    /// Writes an array from its little-endian bytes.
    pub(super) fn put(&mut self, name: &str, descr: &str, shape: &[usize], bytes: &[u8]) -> Result<()> {
        let large = bytes.len() as u64 > u64::from(u32::MAX) - (1 << 16);
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(large);
        self.zip.start_file(format!("{name}.npy"), options).map_err(|e| Error::io(self.path, "write")(e.into()))?;
        self.zip.write_all(&header(descr, shape)).map_err(Error::io(self.path, "write"))?;
        self.zip.write_all(bytes).map_err(Error::io(self.path, "write"))
    }

    pub(super) fn finish(self) -> Result<()> {
        self.zip.finish().map_err(|e| Error::io(self.path, "write")(e.into()))?;
        Ok(())
    }
}
