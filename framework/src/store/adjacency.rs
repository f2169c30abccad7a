//! Where the neighbours of a node are among the statements of a predicate.

use std::ops::Range;

use super::Id;

/// Offsets are kept where the span of ids is at most this many times the rows.
const DENSITY: u64 = 16;
/// Spans that are always worth it.
const SMALL: u64 = 1 << 16;

/// For each subject (or object) the range of its rows among those of one predicate, found in constant time.
#[derive(Debug)]
pub struct Adjacency {
    first: Id,
    offsets: Vec<u32>,
}

impl Adjacency {
    /// Of a sorted column; none where its ids are too far apart for an array, or there are more than 2^32 - 1 of them.
    pub(super) fn new(column: &[Id]) -> Option<Self> {
        let (first, last) = (*column.first()?, *column.last()?);
        let span = u64::from(last.checked_sub(first)?) + 1;
        if span > (column.len() as u64 * DENSITY).max(SMALL) || column.len() >= u32::MAX as usize {
            return None;
        }
        let mut offsets = vec![0u32; span as usize + 1];
        for id in column {
            // A column that is not sorted can only come from a file that this program did not write.
            *offsets.get_mut(id.checked_sub(first)? as usize + 1)? += 1;
        }
        let mut sum = 0;
        for offset in &mut offsets {
            sum += *offset;
            *offset = sum;
        }
        Some(Self { first, offsets })
    }

    /// The rows of this id, counted from the first row of the predicate; empty if it has none.
    #[inline]
    pub fn range(&self, id: Id) -> Range<usize> {
        match id.checked_sub(self.first).map(|at| at as usize) {
            Some(at) if at + 1 < self.offsets.len() => self.offsets[at] as usize..self.offsets[at + 1] as usize,
            _ => 0..0,
        }
    }

    /// [`Adjacency::range`] of many ids, in a loop whose turns do not wait for each other: the ids lie all over memory.
    pub fn ranges<'a>(&self, ids: &[Id], ranges: impl Iterator<Item = &'a mut Range<usize>>) {
        let (first, offsets) = (self.first, &self.offsets[..]);
        for (id, range) in ids.iter().zip(ranges) {
            // What is below the first wraps around, to past the end.
            let at = id.wrapping_sub(first) as usize;
            *range = match offsets.get(at..).and_then(|rest| rest.first_chunk()) {
                Some(&[start, end]) => start as usize..end as usize,
                None => 0..0,
            };
        }
    }

    /// The least id that has rows.
    pub fn first(&self) -> Id {
        self.first
    }

    /// The rows of id `first() + i` are `offsets()[i]..offsets()[i + 1]`.
    pub fn offsets(&self) -> &[u32] {
        &self.offsets
    }
}
