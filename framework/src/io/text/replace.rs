//! Replacing the folder as a whole, so that no reader meets the files of two datasets and a failed write leaves the old ones.

use std::fs;
use std::path::Path;

use super::is_known;
use crate::io::atomic::beside;
use crate::{Error, Place, Result};

/// Calls `fill` on a new folder beside this one, then puts it in its place; a link keeps pointing at the folder replaced.
pub(super) fn replace(folder: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let folder = &fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    refuse_foreign(folder)?;
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(Error::io(parent, "create"))?;
    }
    let fresh = beside(folder);
    fs::create_dir(&fresh).map_err(Error::io(&fresh, "create"))?;
    let done = fill(&fresh).and_then(|()| swap(folder, &fresh));
    if done.is_err() {
        // The first error is the one to report; what is left of the new folder can only be in the way.
        let _ = fs::remove_dir_all(&fresh);
    }
    done
}

/// Two renames: between them the old folder stands beside its place.
fn swap(folder: &Path, fresh: &Path) -> Result<()> {
    if !folder.exists() {
        return fs::rename(fresh, folder).map_err(Error::io(folder, "create"));
    }
    let old = beside(folder);
    fs::rename(folder, &old).map_err(Error::io(folder, "replace"))?;
    if let Err(error) = fs::rename(fresh, folder) {
        // Should this fail too, the message still names the folder, and the old one stands beside it.
        let _ = fs::rename(&old, folder);
        return Err(Error::io(folder, "replace")(error));
    }
    fs::remove_dir_all(&old).map_err(Error::io(&old, "remove"))
}

/// Refuses a folder with anything in it that the new one would not have: it would be lost.
fn refuse_foreign(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(Error::io(folder, "read"))? {
        let entry = entry.map_err(Error::io(folder, "read"))?;
        let (name, kind) = (entry.file_name(), entry.file_type().map_err(Error::io(folder, "read"))?);
        if !kind.is_file() || !name.to_str().is_some_and(is_known) {
            let expected = "a new folder or one of nothing but the files of a data set, for it is replaced as a whole";
            return Err(Error::parse(Place::file(folder), expected, name.display().to_string()));
        }
    }
    Ok(())
}
