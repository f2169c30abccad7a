//! One writer at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::{Error, Result};

/// Held by the writer of a store; the system lets go of it when the process ends, however it ends.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// # Errors
    /// When another writer has the store open; the error says who.
    pub(super) fn take(folder: &Path) -> Result<Self> {
        let path = folder.join("LOCK");
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(Error::io(&path, "open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who it is, is only a help: the holder may not have written it yet.
                let _ = file.take(256).read_to_string(&mut holder);
                let holder = if holder.trim().is_empty() { "an unknown process".to_owned() } else { holder.trim().to_owned() };
                return Err(Error::Locked { path: folder.to_path_buf(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(Error::io(&path, "lock")(error)),
        }
        let said = file.set_len(0).and_then(|()| file.rewind());
        let said = said.and_then(|()| writeln!(file, "process {} on {}", std::process::id(), host()));
        said.map_err(Error::io(&path, "write"))?;
        Ok(Self { _file: file })
    }
}

/// The name of this machine, for people who look for the holder of a lock on a shared disk.
fn host() -> String {
    let of_system = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = of_system.or_else(|| ["HOSTNAME", "COMPUTERNAME"].iter().find_map(|name| std::env::var(name).ok()));
    // One line, whatever the variable holds.
    let name: String = name.unwrap_or_default().trim().chars().filter(|c| !c.is_control()).take(64).collect();
    if name.is_empty() { "an unnamed machine".to_owned() } else { name }
}
