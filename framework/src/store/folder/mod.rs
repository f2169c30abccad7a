//! A store on disk: a folder with a snapshot, a log of the changes since, and the name of both.
//!
//! `CURRENT` names the generation; `snapshot-N.atoms` and `log-N` are its files; `LOCK` is held by the one writer. A new generation is complete and
//! on the disk before `CURRENT` names it, and older files are removed after that, so a crash at any point leaves one whole generation.

mod current;
mod files;
mod lock;
mod log;
mod store;

pub use files::{Disk, Files, LogFile};
pub use store::Store;

use std::path::Path;

use super::AtomSpace;
use crate::Result;

impl AtomSpace {
    /// Opens the store in a folder for reading, as the last commit left it. Commits of a writer after that are not seen.
    ///
    /// # Errors
    /// When there is no store, or one of its files cannot be read or is damaged.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        store::read(folder.as_ref())
    }

    /// Makes a folder a store of this space; what it held before is replaced when this is on the disk.
    ///
    /// # Errors
    /// When a writer has the store open, the folder holds something else than a store, or a file cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        Store::create(folder, self).map(drop)
    }
}
