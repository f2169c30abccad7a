//! Writing a checkpoint beside its place and renaming it, and reading it with every doubt checked.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Checkpoint, FORMAT, MANIFEST, MODEL, NamedTensors, TRAINING, VERSION, digest, tensors};
use crate::{ModelError, Result};

/// A manifest larger than this is not one.
const MANIFEST_LIMIT: u64 = 256 << 20;
/// Ends the name of an older checkpoint while a new one takes its place.
const PREVIOUS: &str = ".previous";

/// Writes a checkpoint to `folder`, which may hold an older one.
///
/// All files are written and synced in a sibling folder first. An older checkpoint is kept as `FOLDER.previous` until the new one has
/// taken its place, and [`read`] finds it there, so that at no time there is none.
///
/// # Errors
/// When the system refuses, something stands there that is no checkpoint, or the manifest would be too large to be read again; what
/// stood there stands there still.
pub fn write(folder: &Path, mut checkpoint: Checkpoint) -> Result<()> {
    let folder = &named(folder)?;
    check_place(folder)?;
    let start = Instant::now();
    let temporary = temporary(folder)?;
    let done = fill(&temporary, &mut checkpoint).and_then(|()| replace(folder, &temporary));
    if done.is_err() {
        // The first error is the one to report; what is left of the temporary folder can only be in the way.
        let _ = fs::remove_dir_all(&temporary);
    } else {
        let took = Duration::from_millis(start.elapsed().as_millis() as u64);
        tracing::info!(folder = %folder.display(), epoch = checkpoint.manifest.progress.epoch, ?took, "saved a checkpoint");
    }
    done
}

/// Whether [`write()`] will find its way: for a look before hours of training. Creates the folders above, and nothing that stays.
///
/// # Errors
/// When the system refuses, or something stands there that is no checkpoint.
pub fn probe(folder: &Path) -> Result<()> {
    let folder = &named(folder)?;
    check_place(folder)?;
    let temporary = temporary(folder)?;
    let written = write_synced(&temporary.join(MANIFEST), b"{}");
    fs::remove_dir_all(&temporary).map_err(ModelError::write(&temporary))?;
    written
}

/// Whether `folder` holds a checkpoint, of any version.
pub fn is_checkpoint(folder: &Path) -> bool {
    let path = folder.join(MANIFEST);
    read_file(&path, MANIFEST_LIMIT).and_then(|text| head(&path, &text)).is_ok_and(|head| head.format == FORMAT)
}

/// A folder that can be renamed: `.` and `..` have no name of their own.
fn named(folder: &Path) -> Result<PathBuf> {
    if folder.file_name().is_some() { Ok(folder.to_path_buf()) } else { folder.canonicalize().map_err(ModelError::write(folder)) }
}

/// Whether [`write()`] may take the place `folder`; nothing is created.
///
/// # Errors
/// When something stands there, or as `FOLDER.previous`, that is no checkpoint.
pub fn check_place(folder: &Path) -> Result<()> {
    [folder, &sibling(folder, PREVIOUS)].into_iter().try_for_each(|place| {
        if is_free(place).map_err(ModelError::write(place))? || is_checkpoint(place) {
            return Ok(());
        }
        let found = if place.is_dir() { format!("a folder with other files and no {MANIFEST} of ours") } else { "a file".to_owned() };
        Err(ModelError::Foreign { path: place.to_path_buf(), found })
    })
}

/// Whether there is nothing, or an empty folder.
fn is_free(place: &Path) -> io::Result<bool> {
    match fs::read_dir(place) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(true),
        // Not so where a folder above is a file.
        Err(e) if e.kind() == ErrorKind::NotADirectory && place.symlink_metadata().is_ok() => Ok(false),
        Err(e) => Err(e),
    }
}

/// A new folder beside `folder`, of a name that nothing has.
fn temporary(folder: &Path) -> Result<PathBuf> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(ModelError::write(parent))?;
    }
    let mut number = 0;
    loop {
        let temporary = sibling(folder, &format!(".{}-{number}.tmp", std::process::id()));
        match fs::create_dir(&temporary) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => number += 1,
            made => return made.map(|()| temporary.clone()).map_err(ModelError::write(&temporary)),
        }
    }
}

fn fill(temporary: &Path, checkpoint: &mut Checkpoint) -> Result<()> {
    let named = [(MODEL, &checkpoint.model), (TRAINING, &checkpoint.training)];
    for (name, tensors) in named {
        let path = temporary.join(name);
        let bytes = tensors::to_bytes(tensors, &path)?;
        write_synced(&path, &bytes)?;
        checkpoint.manifest.files.insert(name.to_owned(), digest([bytes.as_slice()]));
    }
    let path = temporary.join(MANIFEST);
    let failed = |e: serde_json::Error| ModelError::checkpoint(&path, "options that JSON can hold", e.to_string());
    let text = serde_json::to_vec(&checkpoint.manifest).map_err(failed)?;
    check_size(text.len() as u64, MANIFEST_LIMIT)?;
    write_synced(&path, &text)?;
    sync_folder(temporary)
}

/// What is written must be read again.
fn check_size(bytes: u64, limit: u64) -> Result<()> {
    if bytes <= limit { Ok(()) } else { Err(ModelError::ManifestSize { bytes, limit }) }
}

fn replace(folder: &Path, temporary: &Path) -> Result<()> {
    let previous = sibling(folder, PREVIOUS);
    if folder.exists() {
        remove_folder(&previous)?;
        fs::rename(folder, &previous).map_err(ModelError::write(folder))?;
    }
    fs::rename(temporary, folder).map_err(ModelError::write(folder))?;
    if let Some(parent) = folder.parent() {
        sync_folder(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?;
    }
    remove_folder(&previous)
}

fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(ModelError::write(path)(e)),
        _ => Ok(()),
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = File::create(path).map_err(ModelError::write(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(ModelError::write(path))
}

/// Makes the names in a folder lasting; only Unix can open a folder for that.
fn sync_folder(path: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(path).and_then(|f| f.sync_all()).map_err(ModelError::write(path))?;
    }
    Ok(())
}

fn sibling(folder: &Path, end: &str) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_os_string();
    name.push(end);
    folder.with_file_name(name)
}

/// Reads a checkpoint.
///
/// # Errors
/// When a file is missing, cut or damaged, the format or version is another, or a header claims more than the file holds.
pub fn read(folder: &Path) -> Result<Checkpoint> {
    let previous = sibling(folder, PREVIOUS);
    // A crash between the two renames leaves only the previous one.
    let folder = if !folder.exists() && previous.exists() { previous.as_path() } else { folder };
    let path = folder.join(MANIFEST);
    let text = read_file(&path, MANIFEST_LIMIT)?;
    check_version(&path, &text)?;
    let broken = |e: serde_json::Error| ModelError::checkpoint(&path, "a manifest of this version", e.to_string());
    let manifest: super::Manifest = serde_json::from_slice(&text).map_err(broken)?;
    let file = |name: &str| read_tensors(folder, name, manifest.files.get(name));
    Ok(Checkpoint { model: file(MODEL)?, training: file(TRAINING)?, manifest })
}

/// What tells a manifest of any version.
#[derive(serde::Deserialize)]
struct Head {
    format: String,
    version: u64,
}

fn head(path: &Path, text: &[u8]) -> Result<Head> {
    serde_json::from_slice(text).map_err(|e| ModelError::checkpoint(path, "a JSON object with a format and a version", e.to_string()))
}

fn check_version(path: &Path, text: &[u8]) -> Result<()> {
    let head = head(path, text)?;
    if head.format != FORMAT {
        return Err(ModelError::checkpoint(path, format!("format {FORMAT:?}"), format!("{:?}", head.format)));
    }
    if head.version != u64::from(VERSION) {
        return Err(ModelError::checkpoint(path, format!("format version {VERSION}"), head.version.to_string()));
    }
    Ok(())
}

fn read_tensors(folder: &Path, name: &str, expected: Option<&String>) -> Result<NamedTensors> {
    let path = folder.join(name);
    let bytes = read_file(&path, u64::MAX)?;
    let tensors = tensors::from_bytes(&bytes, &path)?;
    let found = digest([bytes.as_slice()]);
    match expected {
        Some(expected) if *expected == found => Ok(tensors),
        Some(expected) => Err(ModelError::checkpoint(&path, format!("digest {expected}, as the manifest says"), found)),
        None => Err(ModelError::checkpoint(&folder.join(MANIFEST), format!("a digest of {name}"), "none")),
    }
}

fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(ModelError::read(path))?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(ModelError::read(path))?;
    if bytes.len() as u64 > limit {
        return Err(ModelError::checkpoint(path, format!("at most {limit} bytes"), "more"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_that_could_not_be_read_again_is_not_written() {
        check_size(9, 9).unwrap();
        let error = check_size(10, 9).unwrap_err().to_string();
        assert!(error.contains("10 bytes") && error.contains("--runs"), "{error}");
    }
}
