//! Nodes that were visited.

use hashbrown::HashSet;

/// Nodes from which on bits for all are cheaper than a hash table.
const MANY: usize = 512;

/// A set of nodes: a hash table, then an array of bits.
pub(super) struct Visited {
    few: HashSet<u32>,
    many: Vec<u64>,
    /// Ids below this are in the array.
    terms: u32,
}

impl Visited {
    /// No nodes, of ids that are mostly below `terms`.
    pub(super) fn new(terms: u32) -> Self {
        Self { few: HashSet::new(), many: vec![], terms }
    }

    /// Adds a node; whether it was new.
    #[inline]
    pub(super) fn insert(&mut self, id: u32) -> bool {
        if !self.many.is_empty() && id < self.terms {
            let (word, bit) = ((id / 64) as usize, id % 64);
            let new = self.many[word] >> bit & 1 == 0;
            self.many[word] |= 1 << bit;
            return new;
        }
        let new = self.few.insert(id);
        if self.many.is_empty() && self.few.len() > MANY {
            self.many = vec![0; self.terms as usize / 64 + 1];
            for id in self.few.extract_if(|id| *id < self.terms) {
                self.many[(id / 64) as usize] |= 1 << (id % 64);
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_new_once_whatever_holds_it() {
        let mut visited = Visited::new(5_000);
        for id in (0..10_000u32).map(|i| i * 7_919 % 10_000) {
            assert!(visited.insert(id), "{id}");
        }
        assert!((0..10_000).all(|id| !visited.insert(id)));
        assert!(visited.insert(10_000));
    }
}
