//! Where updates go: a store on the disk, or memory alone.

use std::path::{Path, PathBuf};

use hypergraphql_framework::store::{AtomSpace, Store};

use super::QueryError;
use super::changes::{Changes, quads};

/// Bytes of a store's log from which on it is compacted.
const LONG_LOG: u64 = 64 << 20;

/// In memory, changes are taken into the sorted arrays when they are more than this part of the statements.
const MANY: u64 = 8;

/// Where updates go.
pub(super) enum Writer {
    /// Nowhere; with how many quads were changed since the arrays were sorted.
    Memory { changed: u64 },
    /// A folder, which no update has needed yet.
    Folder(PathBuf),
    /// An open store.
    Store(Box<Store>),
}

impl Writer {
    /// Updates stay in memory.
    pub(super) fn memory() -> Self {
        Self::Memory { changed: 0 }
    }

    /// Updates go to the store in a folder.
    pub(super) fn folder(folder: &Path) -> Self {
        Self::Folder(folder.to_owned())
    }

    /// The snapshot that an update is applied to: that of the store, which another may have written to before this engine became its writer.
    pub(super) fn begin(&mut self, current: AtomSpace) -> Result<AtomSpace, QueryError> {
        if let Self::Folder(folder) = self {
            *self = Self::Store(Box::new(Store::open(folder)?));
        }
        match self {
            Self::Store(store) => Ok(store.space().clone()),
            Self::Memory { .. } | Self::Folder(_) => Ok(current),
        }
    }

    /// The snapshot after the changes, which are then on the disk if there is one.
    pub(super) fn commit(&mut self, mut changes: Changes) -> Result<AtomSpace, QueryError> {
        match self {
            Self::Store(store) => {
                let (inserts, deletes) = changes.all();
                let space = store.commit(&inserts, &deletes)?;
                Ok(if store.log_length() > LONG_LOG { store.compact()? } else { space })
            }
            Self::Memory { changed } => {
                let space = changes.space()?;
                let (inserts, deletes) = changes.all();
                *changed += (inserts.len() + deletes.len()) as u64;
                if *changed <= space.len() / MANY {
                    return Ok(space);
                }
                *changed = 0;
                Ok(AtomSpace::from_quads(quads(&space, |_| true))?)
            }
            Self::Folder(folder) => Err(not_opened(folder)),
        }
    }

    /// The snapshot of another dataset, which takes the place of all that is there.
    pub(super) fn replace(&mut self, space: &AtomSpace) -> Result<AtomSpace, QueryError> {
        match self {
            Self::Store(store) => Ok(store.replace(space)?),
            Self::Memory { changed } => {
                *changed = 0;
                Ok(space.clone())
            }
            Self::Folder(folder) => Err(not_opened(folder)),
        }
    }
}

fn not_opened(folder: &Path) -> QueryError {
    QueryError::Plan { operator: format!("the store {}", folder.display()), what: "it was not opened before the commit".to_owned() }
}
