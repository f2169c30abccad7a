//! Sorted sets of (subject, object) pairs, each packed into a u64 with the subject above.

use std::sync::OnceLock;

use hypergraphql_framework::store::Id;

/// Below this many pairs a comparison sort is faster than the passes of a radix sort.
const SMALL: usize = 1 << 12;

/// A pair as a number.
#[inline]
pub(crate) const fn pack(subject: Id, object: Id) -> u64 {
    (subject as u64) << 32 | object as u64
}

/// The upper and the lower half of a pair.
#[inline]
pub(crate) const fn unpack(pair: u64) -> (Id, Id) {
    ((pair >> 32) as Id, pair as Id)
}

/// A set of pairs that can be searched by subject and, after the first such search, by object.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    by_subject: Vec<u64>,
    /// With the object above.
    by_object: OnceLock<Vec<u64>>,
}

impl Pairs {
    /// Of pairs that ascend and differ.
    pub(crate) fn from_sorted(pairs: Vec<u64>) -> Self {
        debug_assert!(pairs.is_sorted_by(|a, b| a < b), "pairs ascend and differ");
        Self { by_subject: pairs, by_object: OnceLock::new() }
    }

    /// All pairs, ascending.
    pub(crate) fn all(&self) -> &[u64] {
        &self.by_subject
    }

    /// The same, as one's own.
    pub(crate) fn into_sorted(self) -> Vec<u64> {
        self.by_subject
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_subject.is_empty()
    }

    /// The pairs of a subject.
    pub(crate) fn of_subject(&self, subject: Id) -> &[u64] {
        part(&self.by_subject, subject)
    }

    /// The pairs of an object, which is the upper half in them.
    pub(crate) fn of_object(&self, object: Id) -> &[u64] {
        part(self.inverse(), object)
    }

    pub(crate) fn contains(&self, subject: Id, object: Id) -> bool {
        self.by_subject.binary_search(&pack(subject, object)).is_ok()
    }

    /// The set with pairs that ascend, differ and are not in it.
    pub(crate) fn with(&self, new: &[u64]) -> Self {
        let by_object = self.by_object.get().map(|inverse| merge(inverse, &swapped(new)));
        Self { by_subject: merge(&self.by_subject, new), by_object: by_object.map_or_else(OnceLock::new, OnceLock::from) }
    }

    fn inverse(&self) -> &[u64] {
        self.by_object.get_or_init(|| swapped(&self.by_subject))
    }
}

/// Sorts pairs and leaves each once.
pub(crate) fn sort(pairs: &mut Vec<u64>) {
    if pairs.len() < SMALL {
        pairs.sort_unstable();
    } else if !pairs.is_sorted() {
        *pairs = hypergraphql_kernels::sort::host::sort(pairs);
    }
    pairs.dedup();
}

/// Those of `pairs` that `known` lacks; both ascend.
pub(crate) fn difference(pairs: Vec<u64>, known: &[u64]) -> Vec<u64> {
    let (mut pairs, mut at) = (pairs, 0);
    if pairs.len() < known.len() / 32 {
        pairs.retain(|pair| known.binary_search(pair).is_err());
        return pairs;
    }
    pairs.retain(|pair| {
        while known.get(at).is_some_and(|other| other < pair) {
            at += 1;
        }
        known.get(at) != Some(pair)
    });
    pairs
}

fn swapped(pairs: &[u64]) -> Vec<u64> {
    let mut swapped: Vec<u64> = pairs.iter().map(|pair| pair.rotate_left(32)).collect();
    sort(&mut swapped);
    swapped
}

fn part(pairs: &[u64], upper: Id) -> &[u64] {
    let start = pairs.partition_point(|pair| unpack(*pair).0 < upper);
    let rest = &pairs[start..];
    // Few pairs share their upper half as a rule: steps that double find the end sooner than halving the rest.
    let (mut low, mut high) = (0, 1);
    while high < rest.len() && unpack(rest[high]).0 == upper {
        low = high;
        high *= 2;
    }
    let high = high.min(rest.len());
    &rest[..low + rest[low..high].partition_point(|pair| unpack(*pair).0 == upper)]
}

fn merge(a: &[u64], b: &[u64]) -> Vec<u64> {
    if a.last() < b.first() || a.is_empty() || b.is_empty() {
        return [a, b].concat();
    }
    let mut merged = Vec::with_capacity(a.len() + b.len());
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        let first = a[i] < b[j];
        merged.push(if first { a[i] } else { b[j] });
        i += usize::from(first);
        j += usize::from(!first);
    }
    merged.extend_from_slice(&a[i..]);
    merged.extend_from_slice(&b[j..]);
    merged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn large_sets_are_sorted_too() {
        let pair = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 90_001 * 0x1_0000_0003;
        let mut pairs: Vec<u64> = (0..100_003).map(pair).collect();
        let expected: Vec<u64> = pairs.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        sort(&mut pairs);
        assert_eq!(pairs, expected);
    }

    proptest! {
        #[test]
        fn a_set_that_grows_is_searched_from_both_sides(
            old in prop::collection::btree_set((0u32..9, 0u32..11), 0..40),
            new in prop::collection::btree_set((0u32..9, 0u32..11), 0..40),
        ) {
            let packed = |set: &BTreeSet<(u32, u32)>| set.iter().map(|&(s, o)| pack(s, o)).collect::<Vec<_>>();
            let pairs = Pairs::from_sorted(packed(&old));
            prop_assert_eq!(pairs.of_object(3).len(), old.iter().filter(|(_, o)| *o == 3).count());
            let fresh = difference(packed(&new), pairs.all());
            prop_assert_eq!(&fresh, &packed(&new.difference(&old).copied().collect()));
            let pairs = pairs.with(&fresh);
            let all: BTreeSet<(u32, u32)> = old.union(&new).copied().collect();
            prop_assert_eq!(pairs.all(), &packed(&all)[..]);
            for id in 0..12 {
                let of: Vec<u64> = all.iter().filter(|(s, _)| *s == id).map(|&(s, o)| pack(s, o)).collect();
                prop_assert_eq!(pairs.of_subject(id), &of[..]);
                let to: Vec<u64> = all.iter().filter(|(_, o)| *o == id).map(|&(s, o)| pack(o, s)).collect();
                prop_assert_eq!(pairs.of_object(id), &to[..]);
            }
        }
    }
}
