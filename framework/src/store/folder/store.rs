//! The writer of a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use oxrdf::Quad;

use super::current::{self, Generation};
use super::lock::Lock;
use super::log::{self, Commit, Log};
use super::{Disk, Files, LogFile};
use crate::store::base::Base;
use crate::store::{AtomSpace, time};
use crate::{Error, Place, Result};

/// The one writer of a store. Readers keep the spaces that they have.
pub struct Store {
    folder: PathBuf,
    files: Arc<dyn Files>,
    generation: Generation,
    space: AtomSpace,
    log: Box<dyn LogFile>,
    length: u64,
    /// A commit failed and its traces could not be removed: nothing may follow them.
    broken: bool,
    _lock: Lock,
}

impl Store {
    /// Makes a folder a store of a space; what it held before is replaced when this is on the disk.
    ///
    /// # Errors
    /// When a writer has the store open, the folder holds something else than a store, or a file cannot be written.
    pub fn create(folder: impl AsRef<Path>, space: &AtomSpace) -> Result<Self> {
        Self::create_with(folder, space, Arc::new(Disk))
    }

    /// As [`Store::create`], through other files than those of the system.
    ///
    /// # Errors
    /// As [`Store::create`].
    pub fn create_with(folder: impl AsRef<Path>, space: &AtomSpace, files: Arc<dyn Files>) -> Result<Self> {
        let folder = folder.as_ref();
        std::fs::create_dir_all(folder).map_err(Error::io(folder, "create"))?;
        check_folder(folder)?;
        let lock = Lock::take(folder)?;
        let generation = next_generation(folder)?;
        write_generation(folder, generation, &space.compacted()?, &*files)?;
        generation.install(folder, &*files)?;
        Self::open_generation(folder, generation, files, lock)
    }

    /// Opens the store in a folder for writing.
    ///
    /// # Errors
    /// When there is none, another writer has it open, or one of its files cannot be read or is damaged.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(folder, Arc::new(Disk))
    }

    /// As [`Store::open`], through other files than those of the system.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(folder: impl AsRef<Path>, files: Arc<dyn Files>) -> Result<Self> {
        let folder = folder.as_ref();
        // Before the lock, whose file would make a folder out of nothing look like a store.
        existing(folder)?;
        let lock = Lock::take(folder)?;
        let generation = existing(folder)?;
        Self::open_generation(folder, generation, files, lock)
    }

    fn open_generation(folder: &Path, generation: Generation, files: Arc<dyn Files>, lock: Lock) -> Result<Self> {
        let (space, length) = load(folder, generation)?;
        let path = generation.log(folder);
        let log = files.append(&path, length).map_err(Error::io(&path, "open"))?;
        current::tidy(folder, generation, &*files)?;
        Ok(Self { folder: folder.to_path_buf(), files, generation, space, log, length, broken: false, _lock: lock })
    }

    /// The space as the last commit left it.
    pub fn space(&self) -> &AtomSpace {
        &self.space
    }

    /// Deletes statements, then inserts others, all or none; they are on the disk when this returns.
    ///
    /// # Errors
    /// When the log cannot be written: the store is then as before, or refuses commits until it is opened again. As [`AtomSpace::with_changes`];
    /// when an annotation is wrong, as in [`AtomSpace::load`].
    pub fn commit(&mut self, inserts: &[Quad], deletes: &[Quad]) -> Result<AtomSpace> {
        let path = self.generation.log(&self.folder);
        if self.broken {
            let found = "one that failed half-way; open the store again";
            return Err(Error::parse(Place::file(&path), "earlier changes that were written whole", found));
        }
        if inserts.is_empty() && deletes.is_empty() {
            return Ok(self.space.clone());
        }
        let space = self.space.with_changes(inserts, deletes)?;
        time::check_changes(&space, inserts)?;
        let bytes = Commit { deletes: deletes.to_vec(), inserts: inserts.to_vec() }.encode()?;
        if let Err(error) = self.log.append(&bytes) {
            self.broken = self.log.cut(self.length).is_err();
            return Err(Error::io(&path, "write")(error));
        }
        self.length += bytes.len() as u64;
        self.space = space;
        Ok(self.space.clone())
    }

    /// Bytes of the log; when there are many, [`Store::compact`].
    pub fn log_length(&self) -> u64 {
        self.length
    }

    /// Writes a new snapshot with all changes in it; ids are then other ones ([`AtomSpace::numbering`]).
    ///
    /// # Errors
    /// When a file cannot be written: the store is then as before, or refuses commits until it is opened again.
    pub fn compact(&mut self) -> Result<AtomSpace> {
        let space = self.space.clone();
        self.replace(&space)
    }

    /// Writes a snapshot of another space, a backup say, and goes on from it; readers keep the space that they have.
    ///
    /// # Errors
    /// As [`Store::compact`].
    pub fn replace(&mut self, space: &AtomSpace) -> Result<AtomSpace> {
        let next = next_generation(&self.folder)?;
        write_generation(&self.folder, next, &space.compacted()?, &*self.files)?;
        // From here on an error leaves open which generation is the current one: only opening the store again tells.
        self.broken = true;
        next.install(&self.folder, &*self.files)?;
        let (space, length) = load(&self.folder, next)?;
        let path = next.log(&self.folder);
        self.log = self.files.append(&path, length).map_err(Error::io(&path, "open"))?;
        (self.generation, self.space, self.length, self.broken) = (next, space, length, false);
        current::tidy(&self.folder, next, &*self.files)?;
        Ok(self.space.clone())
    }
}

/// The space of a folder, without becoming its writer.
pub(super) fn read(folder: &Path) -> Result<AtomSpace> {
    let mut generation = existing(folder)?;
    loop {
        match load(folder, generation) {
            Ok((space, _)) => return Ok(space),
            // A writer may have compacted the store meanwhile; if not, the error stands.
            Err(error) => {
                let now = existing(folder)?;
                if now == generation {
                    return Err(error);
                }
                generation = now;
            }
        }
    }
}

/// The current generation of a folder.
fn existing(folder: &Path) -> Result<Generation> {
    let none = || Error::parse(Place::file(folder), "a store (a folder with a file CURRENT)", "none");
    Generation::current(folder)?.ok_or_else(none)
}

/// One more than any generation that left a file.
fn next_generation(folder: &Path) -> Result<Generation> {
    let mut last = Generation::current(folder)?.map_or(0, |generation| generation.0);
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder, "read"))? {
        let name = entry.map_err(Error::io(folder, "read"))?.file_name();
        last = last.max(Generation::of_file(&name.to_string_lossy()).map_or(0, |generation| generation.0));
    }
    Ok(Generation(last.saturating_add(1)))
}

/// A folder that is not empty has to be a store already: nothing of others is touched.
fn check_folder(folder: &Path) -> Result<()> {
    let known = |name: &str| matches!(name, "CURRENT" | "CURRENT.tmp" | "LOCK") || Generation::of_file(name).is_some();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder, "read"))? {
        let name = entry.map_err(Error::io(folder, "read"))?.file_name();
        if !known(&name.to_string_lossy()) {
            return Err(Error::parse(Place::file(folder), "an empty folder or a store", format!("the file {}", name.display())));
        }
    }
    Ok(())
}

/// Puts a snapshot and an empty log on the disk.
fn write_generation(folder: &Path, generation: Generation, space: &AtomSpace, files: &dyn Files) -> Result<()> {
    let (snapshot, log) = (generation.snapshot(folder), generation.log(folder));
    let base = space.base();
    files.create(&snapshot, &mut |to| base.write(to)).map_err(Error::io(&snapshot, "write"))?;
    files.create(&log, &mut |to| to.write_all(&log::header(base.numbering))).map_err(Error::io(&log, "write"))?;
    files.sync_folder(folder).map_err(Error::io(folder, "synchronise"))
}

/// The space of a generation, and how much of its log is whole.
fn load(folder: &Path, generation: Generation) -> Result<(AtomSpace, u64)> {
    let base = Base::open(&generation.snapshot(folder))?;
    let log = Log::read(&generation.log(folder), base.numbering)?;
    let mut space = AtomSpace::of(base);
    if let Some(commit) = Commit::together(log.commits) {
        space = space.with_changes(&commit.inserts, &commit.deletes)?;
    }
    Ok((space, log.length))
}
