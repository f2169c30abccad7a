//! How rows are cut into blocks of about equal work. Nothing here depends on the number of threads, so neither do the results.

use std::ops::Range;

use rayon::prelude::*;

use crate::csr::View;
use crate::simd::dispatch;

/// Bytes of work in a block: long enough to hide the cost of handing it out, short enough to balance, and one block for small inputs,
/// which then stay on the calling thread.
const BLOCK_BYTES: usize = 256 << 10;

/// Bytes of work in a block where there are over [`MANY`] of them: what is fetched ahead at the end of a block is often used by another
/// thread, so that blocks are larger once there are enough to balance.
const LARGE_BLOCK_BYTES: usize = 1 << 20;

/// Blocks that keep any CPU busy.
const MANY: usize = 256;

/// Rows with more entries than this are summed piece by piece.
pub(crate) const PIECE: usize = 2048;

/// Blocks for so many bytes of work.
fn blocks_of(bytes: usize) -> usize {
    bytes.div_ceil(BLOCK_BYTES).min((bytes / LARGE_BLOCK_BYTES).max(MANY))
}

/// Blocks of rows that move about equally many bytes, an entry moving `entry_bytes` and a row `row_bytes`.
pub(crate) fn by_entries(ptr: &[u32], entry_bytes: usize, row_bytes: usize) -> Vec<Range<usize>> {
    by_entries_at_most(ptr, entry_bytes, row_bytes, usize::MAX)
}

/// The same, in at most `limit` blocks.
pub(crate) fn by_entries_at_most(ptr: &[u32], entry_bytes: usize, row_bytes: usize, limit: usize) -> Vec<Range<usize>> {
    let rows = ptr.len() - 1;
    let cost = |r: usize| (ptr[r] as usize).saturating_mul(entry_bytes).saturating_add(r.saturating_mul(row_bytes.max(1)));
    let count = blocks_of(cost(rows)).clamp(1, rows.max(1)).min(limit);
    let mut start = 0;
    let mut blocks = Vec::with_capacity(count);
    for b in 1..=count {
        let goal = (cost(rows) as u128 * b as u128 / count as u128) as usize;
        let end = if b == count { rows } else { first(start, rows, |r| cost(r) >= goal) };
        if end > start {
            blocks.push(start..end);
            start = end;
        }
    }
    blocks
}

/// Blocks of `rows` equal rows.
pub(crate) fn even(rows: usize, row_bytes: usize) -> Vec<Range<usize>> {
    even_of(rows, rows.div_ceil(blocks_of(rows.saturating_mul(row_bytes)).max(1)).max(1))
}

/// Blocks of `size` rows.
pub(crate) fn even_of(rows: usize, size: usize) -> Vec<Range<usize>> {
    (0..rows).step_by(size).map(|start| start..rows.min(start + size)).collect()
}

/// The first of `low..=high` for which `holds`, which must be false and then true.
fn first(mut low: usize, mut high: usize, holds: impl Fn(usize) -> bool) -> usize {
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// Fixed pieces of a row's entries, at most [`PIECE`] in each.
pub(crate) fn pieces(entries: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = entries.end;
    entries.step_by(PIECE).map(move |start| start..end.min(start + PIECE))
}

/// Entries of the longest row.
#[inline(never)]
fn longest(ptr: &[u32]) -> usize {
    dispatch(
        #[inline(always)]
        || ptr.windows(2).map(|w| w[1] - w[0]).fold(0, u32::max) as usize,
    )
}

/// Results of the pieces of the hub rows (those over [`PIECE`] entries), found in parallel before the other rows.
pub(crate) struct Hubs<T> {
    rows: Vec<(usize, Range<usize>)>,
    results: Vec<T>,
}

impl<T: Send> Hubs<T> {
    /// `work(row, entries)` for every piece of every hub row.
    #[inline(always)]
    pub(crate) fn new(view: &View, work: impl Fn(usize, Range<usize>) -> T + Sync) -> Self {
        Self::over(view.ptr, work)
    }

    /// The same for the rows that `ptr` bounds.
    pub(crate) fn over(ptr: &[u32], work: impl Fn(usize, Range<usize>) -> T + Sync) -> Self {
        let mut rows = Vec::new();
        let mut tasks = Vec::new();
        if longest(ptr) > PIECE {
            let range = |r: usize| ptr[r] as usize..ptr[r + 1] as usize;
            for r in (0..ptr.len() - 1).filter(|&r| range(r).len() > PIECE) {
                let start = tasks.len();
                tasks.extend(pieces(range(r)).map(|p| (r, p)));
                rows.push((r, start..tasks.len()));
            }
        }
        let results = tasks
            .into_par_iter()
            .with_max_len(1)
            .map(|(r, p)| {
                dispatch(
                    #[inline(always)]
                    || work(r, p),
                )
            })
            .collect();
        Self { rows, results }
    }

    /// Of a pattern that has none.
    pub(crate) fn none() -> Self {
        Self { rows: Vec::new(), results: Vec::new() }
    }

    /// The results of row `r`, in the order of its pieces, if it is a hub.
    pub(crate) fn of(&self, r: usize) -> Option<&[T]> {
        self.within(r..r + 1).next().map(|(_, results)| results)
    }

    /// The hubs among `rows` in order, with their results.
    pub(crate) fn within(&self, rows: Range<usize>) -> impl Iterator<Item = (usize, &[T])> {
        let start = self.rows.partition_point(|hub| hub.0 < rows.start);
        let hubs = self.rows[start..].iter().take_while(move |hub| hub.0 < rows.end);
        hubs.map(|(row, results)| (*row, &self.results[results.clone()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_all_rows_and_balance_entries() {
        let ptr: Vec<u32> = (0..=5003u32).map(|r| r * 7 + if r > 77 { 40_000 } else { 0 }).collect();
        let blocks = by_entries(&ptr, 512, 512);
        assert!(blocks.len() > 10);
        assert_eq!(blocks.first().map(|b| b.start), Some(0));
        assert_eq!(blocks.last().map(|b| b.end), Some(5003));
        assert!(blocks.windows(2).all(|w| w[0].end == w[1].start));
        let entries = |b: &Range<usize>| (ptr[b.end] - ptr[b.start]) as usize;
        assert!(blocks.iter().filter(|b| !b.contains(&77)).all(|b| entries(b) < 2 * BLOCK_BYTES / 512));
        assert!(by_entries(&[0], 4, 4).is_empty());
        assert_eq!(by_entries(&[0, 0, 3], 4, 4), vec![0..2]);
        assert!(by_entries_at_most(&ptr, 512, 512, 5).len() <= 5);
    }

    #[test]
    fn pieces_cover_a_hub() {
        let all: Vec<_> = pieces(5..5 + 2 * PIECE + 3).collect();
        assert_eq!(all, [5..5 + PIECE, 5 + PIECE..5 + 2 * PIECE, 5 + 2 * PIECE..8 + 2 * PIECE]);
    }
}
