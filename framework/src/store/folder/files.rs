//! The few things that a store does to files, so that tests can let each of them fail.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// What a store does to files.
pub trait Files: Send + Sync {
    /// Makes a new file of what `fill` writes, on the disk when this returns.
    ///
    /// # Errors
    /// Those of the system.
    fn create(&self, path: &Path, fill: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()>;

    /// Gives a file another name, replacing what has it.
    ///
    /// # Errors
    /// Those of the system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// Those of the system.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Puts names that were made, changed or removed in a folder on the disk.
    ///
    /// # Errors
    /// Those of the system.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Opens a file to be appended to after its first `length` bytes; the rest is cut off.
    ///
    /// # Errors
    /// Those of the system.
    fn append(&self, path: &Path, length: u64) -> io::Result<Box<dyn LogFile>>;
}

/// A file that grows.
pub trait LogFile: Send {
    /// Appends bytes, on the disk when this returns.
    ///
    /// # Errors
    /// Those of the system; part of the bytes may then be there.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file off after its first `length` bytes, on the disk when this returns.
    ///
    /// # Errors
    /// Those of the system.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

/// The system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn create(&self, path: &Path, fill: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut file = io::BufWriter::with_capacity(1 << 20, File::create(path)?);
        fill(&mut file)?;
        file.flush()?;
        file.get_ref().sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        // Elsewhere folders cannot be opened, and names are on the disk with the files.
        if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
    }

    fn append(&self, path: &Path, length: u64) -> io::Result<Box<dyn LogFile>> {
        let mut file = DiskLog(OpenOptions::new().append(true).open(path)?);
        if file.0.metadata()?.len() != length {
            file.cut(length)?;
        }
        Ok(Box::new(file))
    }
}

struct DiskLog(File);

impl LogFile for DiskLog {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)?;
        self.0.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)?;
        self.0.sync_all()
    }
}
