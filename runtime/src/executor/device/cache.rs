//! Columns of stores that lie on a device.

use hashbrown::HashMap;
use hypergraphql_framework::store::Ids;
use hypergraphql_kernels::relations::Column;

/// As many bytes as this many of the largest arrays of the device.
const ARRAYS: u64 = 2;

/// Columns by where they begin in the memory of the host and how long they are, up to a number of bytes; the one that was used longest ago goes first. A
/// column that is known here keeps what it was copied from alive, so that nothing else can come to lie there: it stays right whatever becomes of a
/// snapshot.
pub(super) struct Cache {
    columns: HashMap<(usize, usize), Known>,
    limit: u64,
    bytes: u64,
    clock: u64,
}

struct Known {
    _source: Ids,
    column: Column,
    used: u64,
}

impl Cache {
    /// For a device whose largest array has so many bytes.
    pub(super) fn new(largest: u64) -> Self {
        Self { columns: HashMap::new(), limit: largest.saturating_mul(ARRAYS), bytes: 0, clock: 0 }
    }

    fn key(ids: &[u32]) -> (usize, usize) {
        (ids.as_ptr() as usize, ids.len())
    }

    /// The copy of a column.
    pub(super) fn get(&mut self, ids: &[u32]) -> Option<Column> {
        self.clock += 1;
        let clock = self.clock;
        self.columns.get_mut(&Self::key(ids)).map(|known| {
            known.used = clock;
            known.column.clone()
        })
    }

    /// Keeps the copy of a part of a column of the store, if there is room for it at all.
    pub(super) fn put(&mut self, source: &Ids, ids: &[u32], column: &Column) {
        let bytes = 4 * ids.len() as u64;
        if bytes == 0 || bytes > self.limit || self.columns.contains_key(&Self::key(ids)) {
            return;
        }
        while self.bytes + bytes > self.limit {
            let Some(oldest) = self.columns.iter().min_by_key(|(_, known)| known.used).map(|(key, _)| *key) else { break };
            self.columns.remove(&oldest);
            self.bytes -= 4 * oldest.1 as u64;
        }
        self.bytes += bytes;
        self.columns.insert(Self::key(ids), Known { _source: source.clone(), column: column.clone(), used: self.clock });
    }
}

#[cfg(test)]
mod tests {
    use hypergraphql_framework::store::{AtomSpace, Order, Position};
    use oxrdf::{GraphName, NamedNode, Quad};

    use super::*;

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let node = |n: usize| NamedNode::new_unchecked(format!("http://x/{n}"));
        let quads = (0..30).map(|n| Quad::new(node(n), node(100 + n % 3), node(n + 1), GraphName::DefaultGraph));
        let space = AtomSpace::from_quads(quads).unwrap();
        let ids = space.rows(Order::Spo, &[]).shared(Position::Subject);
        let copy = |part: &[u32]| Column::new(part.to_vec(), part.len());
        // Room for 20 ids.
        let mut cache = Cache::new(40);
        for start in [0, 10] {
            cache.put(&ids, &ids[start..start + 10], &copy(&ids[start..start + 10]));
        }
        assert!(cache.get(&ids[0..10]).is_some() && cache.get(&ids[10..20]).is_some() && cache.get(&ids[0..9]).is_none());
        assert!(cache.get(&ids[0..10]).is_some());
        cache.put(&ids, &ids[20..30], &copy(&ids[20..30]));
        assert!(cache.get(&ids[10..20]).is_none(), "it was used longest ago");
        assert!(cache.get(&ids[0..10]).is_some() && cache.get(&ids[20..30]).is_some());
        cache.put(&ids, &ids[0..21], &copy(&ids[0..21]));
        assert!(cache.get(&ids[0..21]).is_none(), "there is no room for it");
        assert_eq!(cache.bytes, 80);
    }
}
