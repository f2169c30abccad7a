//! The file of lines that could not be read.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Takes lines that cannot be read, if there is a file for them.
pub(super) struct Rejects {
    to: Option<(PathBuf, BufWriter<File>)>,
    count: u64,
}

impl Rejects {
    pub(super) fn new(path: Option<&Path>) -> Result<Self> {
        let open = |path: &Path| Ok((path.to_path_buf(), BufWriter::new(File::create(path).map_err(Error::io(path, "write"))?)));
        Ok(Self { to: path.map(open).transpose()?, count: 0 })
    }

    /// Whether lines are taken.
    pub(super) fn accepts(&self) -> bool {
        self.to.is_some()
    }

    /// How many lines there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn put(&mut self, line: &[u8]) -> Result<()> {
        if let Some((path, to)) = &mut self.to {
            self.count += 1;
            to.write_all(line).and_then(|()| to.write_all(b"\n")).map_err(Error::io(path, "write"))?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<()> {
        match self.to {
            Some((path, mut to)) => to.flush().map_err(Error::io(&path, "write")),
            None => Ok(()),
        }
    }
}
