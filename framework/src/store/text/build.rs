//! Making the index: parts of the strings at the same time, each with lists of its own, which are then put one behind the other.

use std::ops::Range;

use rayon::prelude::*;

use super::super::dictionary::Dictionary;
use super::super::record::Kind;
use super::super::{Block, Id, radix};
use super::{Key, TextIndex, fold, keys, put};

/// Bytes of strings of a part: each takes sixteen times as much memory while its keys are sorted.
const PART: u64 = 1 << 21;

/// Keys of a longer text are made different before they are sorted with others: there are no more than 2^24.
const LONG: usize = 1 << 20;

/// Groups of keys whose lists are joined at the same time.
const GROUPS: usize = 64;

/// The lists of a part.
#[derive(Default)]
struct Part {
    lists: Vec<List>,
    /// The differences of ids, of all lists.
    bytes: Vec<u8>,
}

/// The ids of a key in a part.
#[derive(Clone, Copy)]
struct List {
    key: Key,
    count: u32,
    first: Id,
    last: Id,
    /// Of the differences after the first id.
    end: usize,
}

/// Lists of some keys, joined.
#[derive(Default)]
struct Joined {
    keys: Vec<Key>,
    counts: Vec<u32>,
    ends: Vec<u64>,
    bytes: Vec<u8>,
}

/// The index of the strings of a dictionary; the same one however many threads there are.
pub(super) fn build(dictionary: &Dictionary) -> TextIndex {
    let ranges = [Block::String, Block::Other].map(|block| parts(dictionary, dictionary.block_ids(block)));
    let parts: Vec<Part> = ranges.concat().into_par_iter().map(|ids| Part::new(dictionary, ids)).collect();
    let mut places: Vec<(Key, u32, u32)> = Vec::new();
    for (part, of) in (0..).zip(&parts) {
        places.extend((0..).zip(&of.lists).map(|(at, list)| (list.key, part, at)));
    }
    places.par_sort_unstable();
    let by_key: Vec<&[(Key, u32, u32)]> = places.chunk_by(|a, b| a.0 == b.0).collect();
    let groups = by_key.par_chunks(by_key.len().div_ceil(GROUPS).max(1));
    let groups: Vec<Joined> = groups.map(|keys| Joined::new(&parts, keys)).collect();
    drop(parts);
    let mut all = Joined::default();
    for group in groups {
        let start = all.bytes.len() as u64;
        all.keys.extend(group.keys);
        all.counts.extend(group.counts);
        all.ends.extend(group.ends.into_iter().map(|end| start + end));
        all.bytes.extend(group.bytes);
    }
    TextIndex { keys: all.keys.into(), counts: all.counts.into(), ends: all.ends.into(), postings: all.bytes.into() }
}

/// Ranges of ids whose records have about [`PART`] bytes.
fn parts(dictionary: &Dictionary, ids: Range<Id>) -> Vec<Range<Id>> {
    let (mut parts, mut start) = (Vec::new(), ids.start);
    while start < ids.end {
        let offset = |id: Id| dictionary.offsets().get(id as usize - 1);
        let from = offset(start).unwrap_or(0);
        let end = dictionary.offsets().partition(start as usize..ids.end as usize - 1, |offset| offset < from.saturating_add(PART));
        let end = end.map_or(ids.end, |at| at as Id + 1);
        parts.push(start..end);
        start = end;
    }
    parts
}

impl Part {
    fn new(dictionary: &Dictionary, ids: Range<Id>) -> Self {
        let (mut rows, mut folded): (Vec<[Id; 2]>, _) = (Vec::new(), String::new());
        for id in ids {
            let Some(record) = dictionary.record(id).filter(|record| matches!(record.kind(), Kind::String | Kind::Language(_))) else {
                continue;
            };
            folded.clear();
            fold(record.lexical(), &mut folded);
            if folded.len() <= LONG {
                rows.extend(keys(&folded).map(|key| [key, id]));
            } else {
                let mut seen = vec![false; 1 << 24];
                rows.extend(keys(&folded).filter(|key| !std::mem::replace(&mut seen[*key as usize], true)).map(|key| [key, id]));
            }
        }
        radix::sort_by_column(&mut rows, &mut Vec::new(), 0, (1 << 24) - 1);
        rows.dedup();
        let mut part = Self::default();
        for run in rows.chunk_by(|a, b| a[0] == b[0]) {
            run.windows(2).for_each(|pair| put(pair[1][1] - pair[0][1], &mut part.bytes));
            let (first, last) = (run[0][1], run[run.len() - 1][1]);
            part.lists.push(List { key: run[0][0], count: run.len() as u32, first, last, end: part.bytes.len() });
        }
        part
    }

    /// The differences of a list.
    fn differences(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.lists[at - 1].end };
        &self.bytes[start..self.lists[at].end]
    }
}

impl Joined {
    /// Of keys, each with the places of its lists in the order of parts.
    fn new(parts: &[Part], keys: &[&[(Key, u32, u32)]]) -> Self {
        let mut joined = Self::default();
        for places in keys {
            let (mut count, mut last) = (0, 0);
            for &(_, part, at) in *places {
                let (part, at) = (&parts[part as usize], at as usize);
                let list = part.lists[at];
                put(list.first - last, &mut joined.bytes);
                joined.bytes.extend_from_slice(part.differences(at));
                (count, last) = (count + list.count, list.last);
            }
            joined.keys.push(places[0].0);
            joined.counts.push(count);
            joined.ends.push(joined.bytes.len() as u64);
        }
        joined
    }
}
