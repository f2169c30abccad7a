//! Opening a snapshot.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

use super::{Directory, Health, Section};
use crate::{Error, Place, Result};

/// The sections of a file by name, and the number of its numbering.
pub(in crate::store) struct Opened {
    pub(in crate::store) numbering: u64,
    pub(in crate::store) health: Arc<Health>,
    path: std::path::PathBuf,
    sections: HashMap<String, Section>,
}

/// Maps a file and reads its header; the sections are verified when they are used.
pub(in crate::store) fn open(path: &Path) -> Result<Opened> {
    let file = crate::io::open_file(path)?;
    // SAFETY: a snapshot is written under another name, renamed and never changed afterwards by this program (`snapshot/mod.rs`); it is
    // removed, not overwritten, when a newer one takes its place, which leaves the mapping whole.
    let map = Arc::new(unsafe { Mmap::map(&file) }.map_err(Error::io(path, "map"))?);
    let directory = Directory::decode(&map).map_err(|(expected, found)| Error::parse(Place::file(path), expected, found))?;
    let health = Arc::new(Health::new(path));
    let section = |entry: super::Entry| (entry.name.clone(), Section::new(Arc::clone(&map), entry, Arc::clone(&health)));
    let sections = directory.entries.into_iter().map(section).collect();
    Ok(Opened { numbering: directory.numbering, health, path: path.to_path_buf(), sections })
}

impl Opened {
    /// Whether there is such a section that nobody took.
    pub(in crate::store) fn has(&self, name: &str) -> bool {
        self.sections.contains_key(name)
    }

    /// Takes a section out.
    ///
    /// # Errors
    /// When it is not there or its length is not a multiple of the width.
    pub(in crate::store) fn take(&mut self, name: &str, width: usize) -> Result<Section> {
        let section = self.sections.remove(name).ok_or_else(|| self.wrong(format!("a section {name}"), "none"))?;
        if section.bytes().len() % width != 0 {
            return Err(self.wrong(format!("a section {name} of a multiple of {width} bytes"), format!("{} bytes", section.bytes().len())));
        }
        Ok(section)
    }

    /// The numbers of a small section, verified and copied.
    pub(in crate::store) fn numbers(&mut self, name: &str) -> Result<Vec<u64>> {
        let section = self.take(name, 8)?;
        if section.verify(0..section.bytes().len()).is_none() {
            return self.health.check().and(Err(self.wrong(format!("a section {name}"), "damage")));
        }
        Ok(section.bytes().chunks_exact(8).map(|bytes| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))).collect())
    }

    /// # Errors
    /// When there are sections that nobody took.
    pub(in crate::store) fn finish(&self) -> Result<()> {
        match self.sections.keys().next() {
            None => Ok(()),
            Some(name) => Err(self.wrong("no other sections", format!("a section {name:?}"))),
        }
    }

    /// An error about the file.
    pub(in crate::store) fn wrong(&self, expected: impl Into<String>, found: impl Into<String>) -> Error {
        Error::parse(Place::file(&self.path), expected, found)
    }
}
