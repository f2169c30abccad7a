//! Writing a checkpoint beside its place and renaming it, and reading it with every doubt checked.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::{Checkpoint, FORMAT, MANIFEST, MODEL, NamedTensors, TRAINING, VERSION, digest, tensors};
use crate::{ModelError, Result};

/// A manifest larger than this is not one.
const MANIFEST_LIMIT: u64 = 256 << 20;

/// Writes a checkpoint to `folder`, which may hold an older one.
///
/// All files are written and synced in a sibling folder first. An older checkpoint is kept as `FOLDER.previous` until the new one has
/// taken its place, and [`read`] finds it there, so that at no time there is none.
///
/// # Errors
/// When the system refuses; the older checkpoint is then still there.
pub fn write(folder: &Path, mut checkpoint: Checkpoint) -> Result<()> {
    let temporary = sibling(folder, &format!(".{}.tmp", std::process::id()));
    let done = fill(&temporary, &mut checkpoint).and_then(|()| replace(folder, &temporary));
    if done.is_err() {
        // The first error is the one to report; what is left of the temporary folder can only be in the way.
        let _ = fs::remove_dir_all(&temporary);
    }
    done
}

fn fill(temporary: &Path, checkpoint: &mut Checkpoint) -> Result<()> {
    remove_folder(temporary)?;
    fs::create_dir_all(temporary).map_err(ModelError::io(temporary))?;
    let named = [(MODEL, &checkpoint.model), (TRAINING, &checkpoint.training)];
    for (name, tensors) in named {
        let path = temporary.join(name);
        let bytes = tensors::to_bytes(tensors, &path)?;
        write_synced(&path, &bytes)?;
        checkpoint.manifest.files.insert(name.to_owned(), digest([bytes.as_slice()]));
    }
    let path = temporary.join(MANIFEST);
    let failed = |e: serde_json::Error| ModelError::checkpoint(&path, "options that JSON can hold", e.to_string());
    let text = serde_json::to_vec_pretty(&checkpoint.manifest).map_err(failed)?;
    write_synced(&path, &text)?;
    sync_folder(temporary)
}

fn replace(folder: &Path, temporary: &Path) -> Result<()> {
    let previous = sibling(folder, ".previous");
    if folder.exists() {
        remove_folder(&previous)?;
        fs::rename(folder, &previous).map_err(ModelError::io(folder))?;
    }
    fs::rename(temporary, folder).map_err(ModelError::io(folder))?;
    if let Some(parent) = folder.parent() {
        sync_folder(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?;
    }
    remove_folder(&previous)
}

fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(ModelError::io(path)(e)),
        _ => Ok(()),
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = File::create(path).map_err(ModelError::io(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(ModelError::io(path))
}

/// Makes the names in a folder lasting; only Unix can open a folder for that.
fn sync_folder(path: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(path).and_then(|f| f.sync_all()).map_err(ModelError::io(path))?;
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
    let previous = sibling(folder, ".previous");
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

fn check_version(path: &Path, text: &[u8]) -> Result<()> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: String,
        version: u64,
    }
    let head: Head = serde_json::from_slice(text)
        .map_err(|e| ModelError::checkpoint(path, "a JSON object with a format and a version", e.to_string()))?;
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
    let file = File::open(path).map_err(ModelError::io(path))?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(ModelError::io(path))?;
    if bytes.len() as u64 > limit {
        return Err(ModelError::checkpoint(path, format!("at most {limit} bytes"), "more"));
    }
    Ok(bytes)
}
