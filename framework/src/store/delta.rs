//! Changes on top of a base: small sorted lists that are merged into the rows that they touch.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::interner::Interner;
use super::statements::{Order, Position, Rows};
use super::{Array, Id};

/// Statements as subject, predicate, object and graph, sorted in each order.
#[derive(Clone, Default)]
pub(super) struct Sorted([Vec<[Id; 4]>; 4]);

/// A set of rows that is being changed.
#[derive(Default)]
pub(super) struct Changing<'a> {
    old: Option<&'a Sorted>,
    gone: BTreeSet<[Id; 4]>,
    added: BTreeSet<[Id; 4]>,
}

impl<'a> Changing<'a> {
    pub(super) fn new(old: Option<&'a Sorted>) -> Self {
        Self { old, ..Self::default() }
    }

    /// Takes a row out; whether it was there.
    pub(super) fn remove(&mut self, row: &[Id; 4]) -> bool {
        self.added.remove(row) || self.old.is_some_and(|old| old.contains(row)) && self.gone.insert(*row)
    }

    /// Puts a row in, if it is not there.
    pub(super) fn insert(&mut self, row: [Id; 4]) {
        if !self.gone.remove(&row) && !self.old.is_some_and(|old| old.contains(&row)) {
            self.added.insert(row);
        }
    }

    pub(super) fn finish(self) -> Sorted {
        self.old.unwrap_or(&Sorted::default()).changed(&self.gone, &self.added)
    }
}

/// What a space has besides its base, and what it lacks of it.
#[derive(Clone, Default)]
pub(super) struct Delta {
    /// New terms: their ids follow those of the base, in the order in which they came.
    pub(super) terms: Interner,
    /// Statements that the base has not.
    pub(super) inserted: Sorted,
    /// Statements of the base that are gone.
    pub(super) deleted: Sorted,
}

/// A statement in the sequence of an order.
fn key(order: Order, row: &[Id; 4]) -> [Id; 4] {
    let [a, b, c] = order.positions();
    [row[a as usize], row[b as usize], row[c as usize], row[3]]
}

impl Sorted {
    pub(super) fn contains(&self, row: &[Id; 4]) -> bool {
        self.all().binary_search(row).is_ok()
    }

    /// Without some of its rows and with others that it lacks, in one pass over each order.
    fn changed(&self, gone: &BTreeSet<[Id; 4]>, added: &BTreeSet<[Id; 4]>) -> Self {
        Self(Order::ALL.map(|order| {
            let mut added: Vec<_> = added.iter().copied().collect();
            added.sort_unstable_by_key(|row| key(order, row));
            let mut added = added.into_iter().peekable();
            let old = &self.0[order as usize];
            let mut rows = Vec::with_capacity(old.len() + added.len());
            for row in old {
                while let Some(new) = added.next_if(|new| key(order, new) < key(order, row)) {
                    rows.push(new);
                }
                if gone.is_empty() || !gone.contains(row) {
                    rows.push(*row);
                }
            }
            rows.extend(added);
            rows
        }))
    }

    /// All of them, by subject.
    pub(super) fn all(&self) -> &[[Id; 4]] {
        &self.0[Order::Spo as usize]
    }

    /// Those that begin with a prefix.
    pub(super) fn rows(&self, order: Order, prefix: &[Id]) -> &[[Id; 4]] {
        let rows = &self.0[order as usize];
        let prefix = &prefix[..prefix.len().min(3)];
        let start = rows.partition_point(|row| key(order, row)[..prefix.len()] < *prefix);
        let length = rows[start..].partition_point(|row| key(order, row)[..prefix.len()] == *prefix);
        &rows[start..start + length]
    }
}

/// Rows of the base from which some are taken and between which others are put; `graphs`: the result has a graph column.
pub(super) fn merge<'a>(base: &Rows<'_>, inserted: &[[Id; 4]], deleted: &[[Id; 4]], graphs: bool) -> Rows<'a> {
    let order = base.order();
    let place = |row: &[Id; 4]| partition(base.len(), |at| key(order, &base.row(at)) < key(order, row));
    let mut cuts: Vec<Range<usize>> = Vec::with_capacity(deleted.len() + inserted.len());
    // Both lists are in order, so the places are too; an insertion is an empty cut before what follows it.
    let mut puts = inserted.iter().map(|row| (place(row), row)).peekable();
    let mut between: Vec<Option<&[Id; 4]>> = Vec::new();
    for row in deleted {
        let at = place(row);
        while let Some((to, row)) = puts.next_if(|(to, _)| *to <= at) {
            cuts.push(to..to);
            between.push(Some(row));
        }
        cuts.push(at..at + 1);
        between.push(None);
    }
    for (to, row) in puts {
        cuts.push(to..to);
        between.push(Some(row));
    }
    let column = |position: Position| {
        let old = base.column(position);
        let zeros = if old.is_empty() { vec![0; base.len()] } else { Vec::new() };
        let old = if old.is_empty() { &zeros } else { old };
        let mut column = Vec::with_capacity(base.len() + inserted.len());
        let mut from = 0;
        for (cut, row) in cuts.iter().zip(&between) {
            column.extend_from_slice(&old[from..cut.start]);
            column.extend(row.map(|row| row[position as usize]));
            from = cut.end;
        }
        column.extend_from_slice(&old[from..]);
        Arc::new(Array::from(column))
    };
    let positions = order.positions().into_iter().chain(graphs.then_some(Position::Graph));
    Rows::owned(order, positions.map(column).collect())
}

/// The first of `length` places for which the predicate is false.
fn partition(length: usize, predicate: impl Fn(usize) -> bool) -> usize {
    let (mut start, mut end) = (0, length);
    while start < end {
        let middle = start + (end - start) / 2;
        if predicate(middle) {
            start = middle + 1;
        } else {
            end = middle;
        }
    }
    start
}
