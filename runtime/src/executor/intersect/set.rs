//! Long lists in a form that answers faster than a search. Building one is a walk of its list: it is built when searches in the list have cost about as
//! much, so that rows that ask a little of many lists never pay for more than twice the searches.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::task::Task;
use crate::engine::QueryError;

/// Values of a list from which on a set may be worth it.
const LEAST: usize = 256;

/// Steps of a search in such a list, about.
const STEPS: u64 = 16;

/// Bits that a value of the list may cost in an array of bits.
const DENSITY: u64 = 128;

/// Values of a list to a bucket.
const BUCKET: usize = 4;

/// Bytes of a set for each value of its list, at most about.
const BYTES: u64 = DENSITY / 8;

/// Sets of ranges that do not overlap.
pub(super) struct Sets {
    /// By the first place of a range over [`LEAST`]: ranges of that length begin at least as far apart.
    slots: Vec<Slot>,
    /// Bytes of all sets.
    held: AtomicU64,
}

#[derive(Default)]
struct Slot {
    spent: AtomicU64,
    set: OnceLock<Set>,
}

impl Sets {
    /// Of ranges in so many values, which so many rows ask for.
    pub(super) fn new(task: &Task<'_, '_>, values: usize, rows: usize) -> Result<Self, QueryError> {
        let slots = values.div_ceil(LEAST);
        if slots > rows {
            return Ok(Self::none());
        }
        task.room(slots as u64, size_of::<Slot>() as u64)?;
        Ok(Self { slots: (0..slots).map(|_| Slot::default()).collect(), held: AtomicU64::new(0) })
    }

    /// No sets.
    pub(super) fn none() -> Self {
        Self { slots: vec![], held: AtomicU64::new(0) }
    }

    /// The set of a range of `values`, in which so many values are to be looked up, if there is one by now.
    #[inline]
    pub(super) fn get(&self, task: &Task<'_, '_>, values: &[u32], range: &Range<usize>, lookups: usize) -> Option<&Set> {
        if range.len() < LEAST {
            return None;
        }
        let slot = self.slots.get(range.start / LEAST)?;
        let set = slot.set.get().or_else(|| self.build(task, slot, &values[range.clone()], range, lookups))?;
        (set.range == *range).then_some(set)
    }

    #[cold]
    fn build<'a>(&self, task: &Task<'_, '_>, slot: &'a Slot, list: &[u32], range: &Range<usize>, lookups: usize) -> Option<&'a Set> {
        let cost = lookups as u64 * STEPS;
        if slot.spent.fetch_add(cost, Ordering::Relaxed) + cost < list.len() as u64 {
            return None;
        }
        let bytes = list.len() as u64 * BYTES;
        let held = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        // What does not fit is searched, as before.
        if task.room(held, 1).is_err() {
            self.held.fetch_sub(bytes, Ordering::Relaxed);
            return None;
        }
        Some(slot.set.get_or_init(|| Set::new(list, range.clone())))
    }
}

/// The values of an ascending list that is not empty.
pub(super) struct Set {
    range: Range<usize>,
    first: u32,
    form: Form,
}

enum Form {
    /// A bit for each number from `first` on.
    Bits(Vec<u64>),
    /// Where in the list the values `first + (i << shift)` and above begin.
    Buckets { shift: u32, offsets: Vec<u32> },
}

impl Set {
    fn new(list: &[u32], range: Range<usize>) -> Self {
        let (first, last) = (list.first().copied().unwrap_or(0), list.last().copied().unwrap_or(0));
        let span = u64::from(last - first) + 1;
        if span <= DENSITY * list.len() as u64 {
            let mut bits = vec![0u64; span.div_ceil(64) as usize];
            list.iter().for_each(|value| bits[((value - first) / 64) as usize] |= 1 << ((value - first) % 64));
            return Self { range, first, form: Form::Bits(bits) };
        }
        let buckets = (list.len() / BUCKET).max(1) as u64;
        let shift = (0..32).find(|&shift| (span - 1) >> shift < buckets).unwrap_or(31);
        let mut offsets = vec![0u32; ((span - 1) >> shift) as usize + 2];
        list.iter().for_each(|value| offsets[((value - first) >> shift) as usize + 1] += 1);
        for at in 1..offsets.len() {
            offsets[at] += offsets[at - 1];
        }
        Self { range, first, form: Form::Buckets { shift, offsets } }
    }

    /// Whether a value is in it; `list` is what it was made of.
    #[inline]
    pub(super) fn has(&self, list: &[u32], value: u32) -> bool {
        let from_first = value.wrapping_sub(self.first);
        match &self.form {
            Form::Bits(bits) => bits.get((from_first / 64) as usize).is_some_and(|word| word >> (from_first % 64) & 1 == 1),
            Form::Buckets { shift, offsets } => {
                let bucket = (from_first >> shift) as usize;
                let Some(&[from, to]) = offsets.get(bucket..).and_then(|rest| rest.first_chunk()) else { return false };
                let bucket = &list[from as usize..to as usize];
                match bucket.len() <= 2 * BUCKET {
                    true => bucket.contains(&value),
                    false => bucket.binary_search(&value).is_ok(),
                }
            }
        }
    }

    /// The values that it was made of.
    pub(super) fn list<'a>(&self, values: &'a [u32]) -> &'a [u32] {
        &values[self.range.clone()]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agrees(list: &[u32], asked: impl IntoIterator<Item = u32>) {
        let set = Set::new(list, 0..list.len());
        let own = list.iter().flat_map(|&value| [value, value.wrapping_add(1), value.wrapping_sub(1)]);
        for value in own.chain(asked).chain([0, u32::MAX]) {
            assert_eq!(set.has(list, value), list.contains(&value), "{value} in {list:?}");
        }
    }

    #[test]
    fn sets_of_odd_shapes_have_what_their_lists_have() {
        agrees(&[5], 0..10);
        agrees(&[0], 0..10);
        agrees(&[u32::MAX], [u32::MAX - 1]);
        agrees(&[0, u32::MAX], [1 << 31]);
        agrees(&[7; 300], 0..20);
        agrees(&(0..300).collect::<Vec<_>>(), 290..310);
        // All but two in one bucket.
        let crowded: Vec<u32> = std::iter::once(1).chain(1_000_000..1_000_400).chain([u32::MAX - 5]).collect();
        agrees(&crowded, (999_990..1_000_410).chain([2, u32::MAX - 4]));
    }

    #[test]
    fn both_forms_are_used() {
        let dense: Vec<u32> = (0..300).map(|i| i * 100).collect();
        let wide: Vec<u32> = (0..300).map(|i| i * 1_000_000).collect();
        assert!(matches!(Set::new(&dense, 0..300).form, Form::Bits(_)));
        assert!(matches!(&Set::new(&wide, 0..300).form, Form::Buckets { offsets, .. } if offsets.len() <= 77));
    }

    proptest! {
        #[test]
        fn a_set_has_what_its_list_has(mut list in proptest::collection::vec(any::<u32>(), 1..400), bits in 0u32..32, asked in proptest::collection::vec(any::<u32>(), 0..50)) {
            list.iter_mut().for_each(|value| *value >>= bits);
            list.sort_unstable();
            agrees(&list, asked.into_iter().map(|value| value >> bits));
        }
    }
}
