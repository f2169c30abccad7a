//! Which strings have a key.

use super::super::dictionary::Dictionary;
use super::super::{Array, Id};
use super::{Key, build, keys, numbers};

/// Lists longer than so many times the candidates so far cost more to read than the candidates to test.
const WORTH: usize = 32;

/// For each key the ids of the strings that have it.
pub(in crate::store) struct TextIndex {
    /// Ascending.
    pub(in crate::store) keys: Array<Key>,
    /// Ids of each key.
    pub(in crate::store) counts: Array<u32>,
    /// Where the list of each key ends among the postings, the next one begins there.
    pub(in crate::store) ends: Array<u64>,
    /// Of each list the first id, then the differences.
    pub(in crate::store) postings: Array<u8>,
}

impl TextIndex {
    /// Of the strings of a dictionary.
    pub(in crate::store) fn new(dictionary: &Dictionary) -> Self {
        build(dictionary)
    }

    /// Of sections of a file; none if they do not fit together.
    pub(in crate::store) fn of(keys: Array<Key>, counts: Array<u32>, ends: Array<u64>, postings: Array<u8>) -> Option<Self> {
        (keys.len() == counts.len() && keys.len() == ends.len()).then_some(Self { keys, counts, ends, postings })
    }

    /// How many keys there are.
    pub(in crate::store) fn keys(&self) -> usize {
        self.keys.len()
    }

    /// Bytes of all parts.
    pub(in crate::store) fn bytes(&self) -> u64 {
        (self.keys.len() * (size_of::<Key>() + size_of::<u32>() + size_of::<u64>()) + self.postings.len()) as u64
    }

    /// Whether both hold the same; false where the file is damaged.
    pub(in crate::store) fn is_same(&self, other: &Self) -> bool {
        fn same<T: bytemuck::AnyBitPattern + PartialEq>(a: &Array<T>, b: &Array<T>) -> bool {
            let (a, b) = (a.slice(0..a.len()), b.slice(0..b.len()));
            a.is_some() && a == b
        }
        let lists = same(&self.ends, &other.ends) && same(&self.postings, &other.postings);
        lists && same(&self.keys, &other.keys) && same(&self.counts, &other.counts)
    }

    /// Strings that have the rarest key of these folded parts; none if the parts have no key.
    pub(super) fn fewest(&self, parts: &[String]) -> Option<u64> {
        let found = parts.iter().flat_map(|part| keys(part)).map(|key| self.find(key).and_then(|at| self.counts.get(at)).unwrap_or(0));
        found.min().map(u64::from)
    }

    /// The strings, ascending, that have the keys of these folded parts, or all of the rarer ones of them; none if the parts have no key.
    pub(super) fn candidates(&self, parts: &[String]) -> Option<Vec<Id>> {
        let mut wanted: Vec<Key> = parts.iter().flat_map(|part| keys(part)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return None;
        }
        let lists: Option<Vec<(u32, usize)>> =
            wanted.iter().map(|key| self.find(*key).and_then(|at| Some((self.counts.get(at)?, at)))).collect();
        // A key that no string has.
        let Some(mut lists) = lists else { return Some(vec![]) };
        lists.sort_unstable();
        let mut candidates: Vec<Id> = self.list(lists[0].1).into_iter().flatten().collect();
        for &(count, at) in &lists[1..] {
            if count as usize > WORTH * candidates.len() {
                break;
            }
            let mut list = self.list(at).into_iter().flatten().peekable();
            candidates.retain(|id| {
                while list.next_if(|other| other < id).is_some() {}
                list.peek() == Some(id)
            });
        }
        Some(candidates)
    }

    /// The place of a key; none if no string has it, or the file is damaged.
    fn find(&self, key: Key) -> Option<usize> {
        let at = self.keys.partition(0..self.keys.len(), |other| other < key)?;
        (self.keys.get(at)? == key).then_some(at)
    }

    /// The ids at a place; none where the file is damaged.
    fn list(&self, at: usize) -> Option<impl Iterator<Item = Id> + '_> {
        let start = if at == 0 { 0 } else { self.ends.get(at - 1)? };
        let bytes = self.postings.slice(start as usize..self.ends.get(at)? as usize)?;
        let mut last: Id = 0;
        Some(numbers(bytes).map(move |step| {
            last = last.wrapping_add(step);
            last
        }))
    }
}
