//! A section of a mapped file, verified block by block when it is first used.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use memmap2::Mmap;

use super::{BLOCK, Entry};
use crate::{Error, Result};

const UNKNOWN: u8 = 0;
const GOOD: u8 = 1;
const BAD: u8 = 2;

/// Whether everything that was read of a file so far was as it was written.
#[derive(Debug)]
pub(in crate::store) struct Health {
    path: PathBuf,
    /// The first damage met.
    damage: OnceLock<String>,
}

impl Health {
    pub(in crate::store) fn new(path: &Path) -> Self {
        Self { path: path.to_path_buf(), damage: OnceLock::new() }
    }

    /// Notes damage; only the first is kept.
    pub(in crate::store) fn note(&self, what: String) {
        if self.damage.set(what).is_ok() {
            tracing::error!("{}: {}", self.path.display(), self.damage.get().map_or("", String::as_str));
        }
    }

    /// # Errors
    /// When damage was met.
    pub(in crate::store) fn check(&self) -> Result<()> {
        match self.damage.get() {
            None => Ok(()),
            Some(what) => Err(Error::Damaged { path: self.path.clone(), what: what.clone() }),
        }
    }
}

/// A section of a file.
pub(in crate::store) struct Section {
    map: Arc<Mmap>,
    entry: Entry,
    states: Vec<AtomicU8>,
    health: Arc<Health>,
}

impl Section {
    pub(in crate::store) fn new(map: Arc<Mmap>, entry: Entry, health: Arc<Health>) -> Self {
        Self { map, states: entry.sums.iter().map(|_| AtomicU8::new(UNKNOWN)).collect(), entry, health }
    }

    /// All bytes, verified or not.
    pub(in crate::store) fn bytes(&self) -> &[u8] {
        // The directory was checked to lie within the file.
        self.map.get(self.entry.range.start as usize..self.entry.range.end as usize).unwrap_or_default()
    }

    /// Verifies the blocks of a range of bytes that were not verified before; none if one is damaged.
    pub(in crate::store) fn verify(&self, range: Range<usize>) -> Option<()> {
        if range.is_empty() {
            return Some(());
        }
        (range.start / BLOCK..=(range.end - 1) / BLOCK).try_for_each(|block| match self.states.get(block)?.load(Ordering::Relaxed) {
            GOOD => Some(()),
            BAD => None,
            _ => self.verify_block(block),
        })
    }

    #[cold]
    fn verify_block(&self, block: usize) -> Option<()> {
        let bytes = self.bytes();
        let part = bytes.get(block * BLOCK..bytes.len().min((block + 1) * BLOCK))?;
        let good = crc32fast::hash(part) == *self.entry.sums.get(block)?;
        self.states[block].store(if good { GOOD } else { BAD }, Ordering::Relaxed);
        if !good {
            let at = self.entry.range.start as usize + block * BLOCK;
            self.health.note(format!(
                "section {}, bytes {at} to {} of the file, is not as it was written",
                self.entry.name,
                at + part.len()
            ));
        }
        good.then_some(())
    }
}
