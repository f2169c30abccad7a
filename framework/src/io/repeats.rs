//! What [`Duplicates::Error`] asks of the readers: no node twice in a hyperedge, no two hyperedges of the same members.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::numbering::Numbering;
use crate::{Duplicates, Error, Hypergraph, Place, Result};

/// The pairs met so far, kept only where repeats are to be refused.
pub(super) struct Repeats {
    seen: Option<HashSet<(u32, u32)>>,
}

impl Repeats {
    pub(super) fn new(dup: Duplicates) -> Self {
        Self { seen: (dup == Duplicates::Error).then(HashSet::new) }
    }

    /// Refuses the pair at this place if it was met before.
    pub(super) fn check(&mut self, pair: (u32, u32), nodes: &Numbering, edges: &Numbering, at: impl FnOnce() -> Place) -> Result<()> {
        if self.seen.as_mut().is_none_or(|seen| seen.insert(pair)) {
            return Ok(());
        }
        let found = format!("{} in {} again", nodes.name(pair.0), edges.name(pair.1));
        Err(Error::parse(at(), "every node at most once in a hyperedge", found))
    }
}

/// Refuses two hyperedges of the same members.
pub(super) fn check_distinct(path: &Path, h: &Hypergraph) -> Result<()> {
    let mut seen = HashMap::new();
    for (e, members) in h.edge_major().iter_rows().enumerate() {
        if let Some(earlier) = seen.insert(members, e) {
            let found = format!("those of hyperedge {earlier} in hyperedge {e}");
            return Err(Error::parse(Place::file(path), "hyperedges with different members", found));
        }
    }
    Ok(())
}
