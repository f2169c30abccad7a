//! Which generation of a store is the current one.

use std::path::{Path, PathBuf};

use super::Files;
use crate::{Error, Place, Result};

const CURRENT: &str = "CURRENT";

/// A generation: a snapshot and its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Generation(pub(super) u64);

impl Generation {
    pub(super) fn snapshot(self, folder: &Path) -> PathBuf {
        folder.join(format!("snapshot-{}.atoms", self.0))
    }

    pub(super) fn log(self, folder: &Path) -> PathBuf {
        folder.join(format!("log-{}", self.0))
    }

    /// The current one; none if the folder has no store.
    pub(super) fn current(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(CURRENT);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(&path, "read")(error)),
        };
        let number = text.strip_suffix('\n').and_then(|text| text.strip_prefix("generation ")).and_then(|number| number.parse().ok());
        let number = number.ok_or_else(|| {
            Error::parse(Place::file(&path), "generation and its number", format!("{:?}", text.chars().take(40).collect::<String>()))
        });
        number.map(|number| Some(Self(number)))
    }

    /// Makes this the current one.
    pub(super) fn install(self, folder: &Path, files: &dyn Files) -> Result<()> {
        let (path, temporary) = (folder.join(CURRENT), folder.join("CURRENT.tmp"));
        files.create(&temporary, &mut |to| writeln!(to, "generation {}", self.0)).map_err(Error::io(&temporary, "write"))?;
        files.rename(&temporary, &path).map_err(Error::io(&path, "replace"))?;
        files.sync_folder(folder).map_err(Error::io(folder, "synchronise"))
    }

    /// The generation that a file belongs to, if it is one of a store.
    pub(super) fn of_file(name: &str) -> Option<Self> {
        let number = name.strip_prefix("log-").or_else(|| name.strip_prefix("snapshot-")?.strip_suffix(".atoms"));
        number?.parse().ok().map(Self)
    }
}

/// Removes what earlier generations left, and what a crash left half-written.
pub(super) fn tidy(folder: &Path, keep: Generation, files: &dyn Files) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder, "read"))? {
        let path = entry.map_err(Error::io(folder, "read"))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == "CURRENT.tmp" || Generation::of_file(&name).is_some_and(|generation| generation != keep) {
            files.remove(&path).map_err(Error::io(&path, "remove"))?;
        }
    }
    Ok(())
}
