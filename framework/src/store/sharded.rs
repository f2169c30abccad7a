//! Terms of many threads in one numbering.

use std::sync::{Mutex, PoisonError};

use hashbrown::DefaultHashBuilder;

use super::interner::Interner;
use super::record::{self, Record};
use super::{Id, MAX_TERMS};
use crate::{Error, Result};

/// Enough that threads seldom wait for each other.
const SHARDS: u32 = 64;

/// Provisional ids from several threads: a term is in the shard that its hash names.
pub(super) struct Sharded {
    hasher: DefaultHashBuilder,
    shards: Vec<Mutex<Interner>>,
}

/// Distinct terms with provisional ids: that of the `n`th term of shard `s` is `n * shards + s`.
pub(super) struct Terms(Vec<Interner>);

impl Default for Sharded {
    fn default() -> Self {
        let hasher = DefaultHashBuilder::default();
        Self { shards: (0..SHARDS).map(|_| Mutex::new(Interner::with_hasher(hasher.clone()))).collect(), hasher }
    }
}

impl Sharded {
    /// An interner for one thread, to be merged.
    pub(super) fn local(&self) -> Interner {
        Interner::with_hasher(self.hasher.clone())
    }

    /// The provisional ids of the terms of a thread, by their ids there (that of 0 is 0).
    pub(super) fn merge(&self, local: &Interner) -> Result<Vec<Id>> {
        let mut by_shard: Vec<Vec<(u64, Id)>> = vec![Vec::new(); SHARDS as usize];
        let mut triples = Vec::new();
        for id in 1..=local.len() {
            let record = local.record(id);
            if record.triple().is_some() {
                triples.push(id);
            } else {
                let hash = local.hash(record.0);
                by_shard[shard_of(hash)].push((hash, id));
            }
        }
        let mut ids = vec![0; local.len() as usize + 1];
        for (shard, terms) in by_shard.iter().enumerate().filter(|(_, terms)| !terms.is_empty()) {
            let mut interner = self.lock(shard);
            for &(hash, id) in terms {
                ids[id as usize] = global(interner.intern_hashed(hash, local.record(id).0)?, shard)?;
            }
        }
        // Components were interned before the triple terms that hold them, so their ids are known here.
        let mut bytes = Vec::new();
        for id in triples {
            if let Some((depth, components)) = local.record(id).triple() {
                bytes.clear();
                record::encode_triple(depth, components.map(|c| ids[c as usize]), &mut bytes);
                let hash = local.hash(&bytes);
                let shard = shard_of(hash);
                ids[id as usize] = global(self.lock(shard).intern_hashed(hash, &bytes)?, shard)?;
            }
        }
        Ok(ids)
    }

    pub(super) fn into_terms(self) -> Terms {
        Terms(self.shards.into_iter().map(|shard| shard.into_inner().unwrap_or_else(PoisonError::into_inner)).collect())
    }

    fn lock(&self, shard: usize) -> std::sync::MutexGuard<'_, Interner> {
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shard_of(hash: u64) -> usize {
    // Hash tables use the highest and the lowest bits.
    (hash >> 40) as usize % SHARDS as usize
}

fn global(id: Id, shard: usize) -> Result<Id> {
    let global = id.checked_mul(SHARDS).and_then(|id| id.checked_add(shard as u32));
    global.ok_or_else(|| Error::invalid("terms of an AtomSpace", format!("at most {MAX_TERMS}"), "more"))
}

impl From<Interner> for Terms {
    fn from(interner: Interner) -> Self {
        Self(vec![interner])
    }
}

impl Terms {
    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        self.0.iter().map(|shard| u64::from(shard.len())).sum()
    }

    /// Provisional ids are below.
    pub(super) fn bound(&self) -> usize {
        let shards = self.0.len();
        self.0.iter().map(|shard| (shard.len() as usize + 1) * shards).max().unwrap_or(0)
    }

    /// All provisional ids.
    pub(super) fn ids(&self) -> impl Iterator<Item = Id> + '_ {
        let shards = self.0.len() as u32;
        self.0.iter().zip(0..).flat_map(move |(shard, s)| (1..=shard.len()).map(move |id| id * shards + s))
    }

    /// The record of a provisional id.
    pub(super) fn record(&self, id: Id) -> Record<'_> {
        let shards = self.0.len() as u32;
        self.0[(id % shards) as usize].record(id / shards)
    }
}
