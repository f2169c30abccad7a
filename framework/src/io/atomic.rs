//! Writing beside a file and renaming, so that the old file stays whole until the new one is.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, Result};

/// Calls `fill` on a temporary file in the same folder, then renames it to `path`; a link keeps pointing at the file renamed to.
///
/// A pipe or device has no content to keep whole, and replacing it by a file would take it away from others: it is written to.
pub(crate) fn write(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> Result<()>) -> Result<()> {
    if fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        let mut file = BufWriter::new(OpenOptions::new().write(true).open(path).map_err(Error::io(path, "open"))?);
        fill(&mut file)?;
        return file.flush().map_err(Error::io(path, "write"));
    }
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let temporary = beside(&target);
    let done = write_new(&temporary, path, fill).and_then(|()| fs::rename(&temporary, &target).map_err(Error::io(path, "replace")));
    if done.is_err() {
        // The first error is the one to report; what is left of the temporary file can only be in the way.
        let _ = fs::remove_file(&temporary);
    }
    done
}

/// Calls `fill` on a new file where nobody looks for one yet; errors of the system name the file `path` that it is to become.
pub(super) fn write_new(temporary: &Path, path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> Result<()>) -> Result<()> {
    let mut file = BufWriter::with_capacity(1 << 16, File::create(temporary).map_err(Error::io(path, "write"))?);
    fill(&mut file)?;
    file.flush().map_err(Error::io(path, "write"))?;
    file.get_ref().sync_all().map_err(Error::io(path, "write"))
}

/// A name beside `path` that no other writer of this or another process uses.
pub(super) fn beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}-{}.tmp", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

/// A writer that formats and gives system errors the file's name.
pub(super) struct Sink<'a, W> {
    pub(super) path: &'a Path,
    pub(super) to: W,
}

impl<W: Write> Sink<'_, W> {
    pub(super) fn put(&mut self, text: impl std::fmt::Display) -> Result<()> {
        write!(self.to, "{text}").map_err(Error::io(self.path, "write"))
    }
}
