//! Backups, made and taken back while queries and updates go on.

use std::path::Path;
use std::sync::PoisonError;

use hypergraphql_framework::store::AtomSpace;

use super::{Engine, QueryError};

impl Engine {
    /// Writes the current snapshot into a folder as a store of its own, whatever updates are made meanwhile; what that folder held before is replaced when
    /// the backup is on the disk. All of the snapshot is verified first, so that damage is never backed up. Gives the statements that were written.
    ///
    /// # Errors
    /// If the snapshot is damaged (the error names the section), the folder holds something else than a store, or a file cannot be written.
    pub fn backup(&self, folder: &Path) -> Result<u64, QueryError> {
        let space = self.space();
        space.verify()?;
        space.save(folder)?;
        Ok(space.len())
    }

    /// Puts the statements of a store in a folder, a backup say, in the place of all that is there: as one update, which queries that run do not see.
    /// Gives the statements that were read.
    ///
    /// # Errors
    /// If there is no store in the folder, or it is damaged (the error names the section), or the store of this engine cannot be written: all is then as before.
    pub fn restore(&self, folder: &Path) -> Result<u64, QueryError> {
        let space = AtomSpace::open(folder)?;
        space.verify()?;
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.begin(self.space())?;
        let after = writer.replace(&space)?;
        let statements = after.len();
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = after;
        Ok(statements)
    }
}
