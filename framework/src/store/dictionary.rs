//! Terms in the order of their ids.

use std::cmp::Ordering;
use std::ops::{Bound, Range};

use oxrdf::TermRef;
use rayon::prelude::*;

use super::block::{self, Block, Value};
use super::number::Number;
use super::record::{self, Kind, Record};
use super::sharded::Terms;
use super::{Array, Id, sort_terms};

/// Sorted terms: the bytes of all records, where each ends, and where each block of ids begins.
pub(super) struct Dictionary {
    bytes: Array<u8>,
    /// Where the record of id `i` begins is `offsets[i - 1]`; one more for the end.
    offsets: Array<u64>,
    /// First id of each block; one more for the end.
    starts: [Id; Block::COUNT + 1],
}

impl Dictionary {
    /// Sorts terms; the second value has the new id of every provisional one (that of 0, the default graph, is 0).
    pub(super) fn build(terms: &Terms) -> (Self, Vec<Id>) {
        let sorted = Sorted::new(terms);
        let mut starts = [1; Block::COUNT + 1];
        (0..Block::COUNT).for_each(|b| starts[b + 1] = starts[b] + sorted.count(Block::ALL[b]));
        let mut ids = vec![0; terms.bound()];
        let length = starts[Block::COUNT] as usize - 1;
        let (mut bytes, mut offsets) = (Vec::new(), Vec::with_capacity(length + 1));
        offsets.push(0);
        let mut put = |record: &[u8]| {
            bytes.extend_from_slice(record);
            offsets.push(bytes.len() as u64);
        };
        sorted.simple().zip(1..).for_each(|(old, new)| {
            ids[old as usize] = new;
            put(terms.record(old).0);
        });
        let mut first = starts[Block::Triple as usize];
        for level in sorted.triples.chunk_by(|a, b| depth(terms, *a) == depth(terms, *b)) {
            sort_triples(terms, level, first, &mut ids).iter().for_each(|record| put(record));
            first += level.len() as u32;
        }
        (Self { bytes: bytes.into(), offsets: offsets.into(), starts }, ids)
    }

    /// Of sections of a file; none if they do not fit together.
    pub(super) fn of(bytes: Array<u8>, offsets: Array<u64>, starts: [Id; Block::COUNT + 1]) -> Option<Self> {
        let ascending = starts[0] == 1 && starts.windows(2).all(|pair| pair[0] <= pair[1]);
        (ascending && offsets.len() == starts[Block::COUNT] as usize).then_some(Self { bytes, offsets, starts })
    }

    pub(super) fn bytes(&self) -> &Array<u8> {
        &self.bytes
    }

    pub(super) fn offsets(&self) -> &Array<u64> {
        &self.offsets
    }

    pub(super) fn starts(&self) -> &[Id; Block::COUNT + 1] {
        &self.starts
    }

    /// How many terms there are.
    pub(super) fn len(&self) -> u32 {
        self.starts[Block::COUNT] - 1
    }

    /// The ids of a block.
    pub(super) fn block_ids(&self, block: Block) -> Range<Id> {
        self.starts[block as usize]..self.starts[block as usize + 1]
    }

    /// The block of an id, which is in range.
    pub(super) fn block(&self, id: Id) -> Block {
        Block::ALL[self.starts.partition_point(|start| *start <= id) - 1]
    }

    /// The record of an id; none if there is no such id, or the file is damaged.
    pub(super) fn record(&self, id: Id) -> Option<Record<'_>> {
        let at = id as usize;
        let (start, end) = (self.offsets.get(at.checked_sub(1)?)?, self.offsets.get(at)?);
        // The bytes of a file are trusted only as far as its checksums go.
        Record::checked(self.bytes.slice(start as usize..end as usize)?).ok()
    }

    /// The id of a record that is no triple term, or one whose components have the ids of this dictionary.
    pub(super) fn find(&self, record: Record<'_>) -> Option<Id> {
        let (block, value) = block::classify(record);
        let id = self.partition(block, |other| {
            let value_of_other = if value == Value::Bytes { Value::Bytes } else { block::classify(other).1 };
            block::compare(block, (value_of_other, other), (value, record)) == Ordering::Less
        })?;
        (id < self.block_ids(block).end && self.record(id)? == record).then_some(id)
    }

    /// The first id of the block for which the predicate, true up to some id, is false; none where the file is damaged.
    fn partition(&self, block: Block, predicate: impl Fn(Record<'_>) -> bool) -> Option<Id> {
        let Range { mut start, mut end } = self.block_ids(block);
        while start < end {
            let middle = start + (end - start) / 2;
            if predicate(self.record(middle)?) {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        Some(start)
    }

    /// The ids of a block of strings or other literals whose text begins so; none where the file is damaged.
    pub(super) fn beginning_with(&self, block: Block, prefix: &str) -> Range<Id> {
        let start = self.partition(block, |record| record.lexical() < prefix);
        let end = self.partition(block, |record| record.lexical() < prefix || record.lexical().starts_with(prefix));
        let first = self.block_ids(block).start;
        start.zip(end).map_or(first..first, |(start, end)| start..end.max(start))
    }

    /// What is wrong with the terms, if anything is.
    pub(super) fn fault(&self) -> Option<String> {
        let (bytes, offsets) = (self.bytes.slice(0..self.bytes.len()), self.offsets.slice(0..self.offsets.len()));
        if bytes.is_none() || offsets.is_none_or(|offsets| offsets.last() != Some(&(self.bytes.len() as u64))) {
            return Some("the terms cannot be read".to_owned());
        }
        let iris = self.block_ids(Block::Iri);
        let nodes = 1..iris.end;
        (1..=self.len()).into_par_iter().find_map_any(|id| {
            let Some(record) = self.record(id) else { return Some(format!("term {id} is malformed")) };
            let (block, value) = block::classify(record);
            if block != self.block(id) {
                return Some(format!("term {id} is in the wrong block"));
            }
            if record.triple().is_some_and(|(_, [s, p, o])| !nodes.contains(&s) || !iris.contains(&p) || o == 0 || o >= id) {
                return Some(format!("term {id} is no triple of terms before it"));
            }
            let before = (id > self.block_ids(block).start).then(|| self.record(id - 1)).flatten();
            let before = before.map(|before| (block::classify(before).1, before));
            before
                .is_some_and(|before| block::compare(block, before, (value, record)).is_ge())
                .then(|| format!("term {id} is out of order"))
        })
    }

    /// The ids of the numbers within bounds, by exact value.
    pub(super) fn numbers(&self, low: Bound<Number>, high: Bound<Number>) -> Range<Id> {
        let against = |bound: Number| move |record: Record<'_>| block::classify(record).1.cmp(&Value::Number(bound));
        self.between(Block::Numeric, low.map(against), high.map(against))
    }

    /// The ids of a block between two of its terms, by value.
    pub(super) fn interval(&self, block: Block, low: Bound<TermRef<'_>>, high: Bound<TermRef<'_>>) -> Option<Range<Id>> {
        if matches!(block, Block::Blank | Block::NotANumber | Block::Other | Block::Triple) {
            return None;
        }
        let encode = |term: TermRef<'_>| {
            let mut bytes = Vec::new();
            if !term.is_triple() {
                record::encode(term, &mut bytes);
            }
            bytes
        };
        let (low, high) = (low.map(encode), high.map(encode));
        let of_block = |bound: &Bound<Vec<u8>>| match bound {
            Bound::Included(bytes) | Bound::Excluded(bytes) => !bytes.is_empty() && block::classify(Record(bytes)).0 == block,
            Bound::Unbounded => true,
        };
        if !of_block(&low) || !of_block(&high) {
            return None;
        }
        let against = |bound: Vec<u8>| {
            let value = block::classify(Record(&bound)).1;
            move |record: Record<'_>| match value {
                Value::Bytes => record.0.cmp(&bound),
                value => block::classify(record).1.cmp(&value),
            }
        };
        Some(self.between(block, low.map(against), high.map(against)))
    }

    /// The ids of a block between bounds, each given as the comparison of a record with it; none where the file is damaged.
    fn between(
        &self,
        block: Block,
        low: Bound<impl Fn(Record<'_>) -> Ordering>,
        high: Bound<impl Fn(Record<'_>) -> Ordering>,
    ) -> Range<Id> {
        let all = self.block_ids(block);
        let start = match low {
            Bound::Included(compare) => self.partition(block, |record| compare(record).is_lt()),
            Bound::Excluded(compare) => self.partition(block, |record| compare(record).is_le()),
            Bound::Unbounded => Some(all.start),
        };
        let end = match high {
            Bound::Included(compare) => self.partition(block, |record| compare(record).is_le()),
            Bound::Excluded(compare) => self.partition(block, |record| compare(record).is_lt()),
            Bound::Unbounded => Some(all.end),
        };
        match (start, end) {
            (Some(start), Some(end)) => start..end.max(start),
            _ => all.start..all.start,
        }
    }
}

/// Provisional ids in the order of ids; triple terms by depth only.
struct Sorted {
    blanks: Vec<Id>,
    iris: Vec<Id>,
    strings: Vec<Id>,
    /// All other literals.
    literals: Vec<(Block, Value, Id)>,
    triples: Vec<Id>,
}

impl Sorted {
    fn new(terms: &Terms) -> Self {
        let [mut blanks, mut iris, mut strings, mut triples, mut literals] = [const { Vec::<Id>::new() }; 5];
        for id in terms.ids() {
            match terms.record(id).kind() {
                Kind::Blank => blanks.push(id),
                Kind::Iri => iris.push(id),
                Kind::String => strings.push(id),
                Kind::Triple => triples.push(id),
                _ => literals.push(id),
            }
        }
        [&mut blanks, &mut iris, &mut strings].into_iter().for_each(|ids| sort_terms::by_bytes(terms, ids));
        triples.sort_unstable_by_key(|id| depth(terms, *id));
        let classified = literals.par_iter().map(|id| {
            let (block, value) = block::classify(terms.record(*id));
            (block, value, *id)
        });
        let mut literals: Vec<_> = classified.collect();
        literals.par_sort_unstable_by(|a, b| {
            let within = || block::compare(a.0, (a.1, terms.record(a.2)), (b.1, terms.record(b.2)));
            a.0.cmp(&b.0).then_with(within)
        });
        Self { blanks, iris, strings, literals, triples }
    }

    fn literals_of(&self, block: Block) -> &[(Block, Value, Id)] {
        let start = self.literals.partition_point(|literal| literal.0 < block);
        let end = self.literals.partition_point(|literal| literal.0 <= block);
        &self.literals[start..end]
    }

    fn count(&self, block: Block) -> u32 {
        let count = match block {
            Block::Blank => self.blanks.len(),
            Block::Iri => self.iris.len(),
            Block::String => self.strings.len(),
            Block::Triple => self.triples.len(),
            other => self.literals_of(other).len(),
        };
        count as u32
    }

    /// All but triple terms.
    fn simple(&self) -> impl Iterator<Item = Id> + '_ {
        let (before, after) = self.literals.split_at(self.literals.partition_point(|literal| literal.0 < Block::String));
        let id = |literal: &(Block, Value, Id)| literal.2;
        let early = self.blanks.iter().chain(&self.iris).copied();
        early.chain(before.iter().map(id)).chain(self.strings.iter().copied()).chain(after.iter().map(id))
    }
}

/// How deep triple terms are nested; 0 for other terms.
fn depth(terms: &Terms, id: Id) -> u8 {
    terms.record(id).triple().map_or(0, |(depth, _)| depth)
}

/// Gives the triple terms of one depth their ids, in the order of their components' new ids; returns their records.
fn sort_triples(terms: &Terms, level: &[Id], first: Id, ids: &mut [Id]) -> Vec<Vec<u8>> {
    let mut records: Vec<(Vec<u8>, Id)> = Vec::with_capacity(level.len());
    for &old in level {
        if let Some((depth, components)) = terms.record(old).triple() {
            let mut bytes = Vec::with_capacity(16);
            record::encode_triple(depth, components.map(|id| ids[id as usize]), &mut bytes);
            records.push((bytes, old));
        }
    }
    records.sort_unstable();
    records.iter().zip(first..).for_each(|((_, old), new)| ids[*old as usize] = new);
    records.into_iter().map(|(bytes, _)| bytes).collect()
}
