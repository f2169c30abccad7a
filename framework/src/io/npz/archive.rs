//! The zip archive around the arrays.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::npy::{Array, header};
use crate::io::source::open_file;
use crate::{Error, Place, Result};

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

    /// The array, if there is one of this name.
    pub(super) fn get(&mut self, name: &str) -> Result<Option<Array>> {
        let Some(index) = self.zip.index_for_name(&format!("{name}.npy")) else { return Ok(None) };
        let read = match self.zip.by_index(index) {
            Ok(entry) => {
                let size = entry.size();
                Array::read(entry, size)
            }
            Err(e) => Err(e.to_string()),
        };
        read.map(Some).map_err(|found| self.error(name, "a numpy array, little-endian and in C order,", found))
    }

    /// The array, which must be there.
    pub(super) fn need(&mut self, name: &str) -> Result<Array> {
        let found = self.get(name)?;
        found.ok_or_else(|| {
            let names: Vec<_> = self.zip.file_names().take(12).map(|n| n.trim_end_matches(".npy")).collect();
            let expected = format!("an array {name:?} (CSR, as scipy.sparse.save_npz writes it)");
            Error::parse(Place::file(self.path), expected, format!("only {}", names.join(", ")))
        })
    }

    /// Turns a conversion's message into an error about the array.
    pub(super) fn typed<T>(&self, name: &str, expected: &str, value: Result<T, String>) -> Result<T> {
        value.map_err(|found| self.error(name, expected, found))
    }
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
