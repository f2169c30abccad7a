//! Rows by their keys.

use std::hash::BuildHasher;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use rayon::prelude::*;

use super::super::equal::{Equal, equal, in_parallel};
use super::super::index::key;
use super::super::runs::{ascend, runs};
use super::super::table::Table;
use super::super::task::{MORSEL, Task};
use crate::engine::QueryError;

/// Groups are counted in an array where the span of keys is at most so many times the rows.
const DENSITY: usize = 4;

/// The groups of a table's rows.
pub(super) struct Groups {
    /// A row of each group; none of the one group of no rows.
    pub(super) first: Vec<u32>,
    /// How many groups there are.
    pub(super) len: usize,
    of_row: OfRow,
}

enum OfRow {
    /// There is one group.
    One,
    /// A group is a run of rows; `first` is where each begins.
    Runs,
    /// The group of each row.
    Numbers(Vec<u32>),
}

impl Groups {
    /// By columns; without any there is one group.
    pub(super) fn new(task: &Task<'_, '_>, keys: &[&[u32]], rows: usize) -> Result<Self, QueryError> {
        if keys.is_empty() {
            return Ok(Self { first: (0..rows.min(1) as u32).collect(), len: 1, of_row: OfRow::One });
        }
        if ascend(task, keys, rows)? {
            let first = runs(task, keys, rows)?;
            return Ok(Self { len: first.len(), first, of_row: OfRow::Runs });
        }
        task.room(rows as u64, 12)?;
        if in_parallel(rows) {
            let Equal { first, numbers } = equal(task, keys, rows, true)?;
            return Ok(Self { len: first.len(), first, of_row: OfRow::Numbers(numbers) });
        }
        let (first, of_row) = match keys {
            [key] => by_one(task, key)?,
            _ => by_many(task, keys, rows)?,
        };
        Ok(Self { len: first.len(), first, of_row: OfRow::Numbers(of_row) })
    }

    /// Calls `add` with the group of each row of a table, in the order of the rows.
    pub(super) fn each(
        &self,
        task: &Task<'_, '_>,
        rows: usize,
        mut add: impl FnMut(usize, usize) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let mut run = 0;
        for row in 0..rows {
            if row % MORSEL == 0 {
                task.check()?;
            }
            let group = match &self.of_row {
                OfRow::One => 0,
                OfRow::Numbers(groups) => groups[row] as usize,
                OfRow::Runs => {
                    run += usize::from(self.first.get(run + 1).is_some_and(|&next| next as usize == row));
                    run
                }
            };
            add(row, group)?;
        }
        Ok(())
    }

    /// Calls `add` with what there is for the group of each row, and the row; for one group in the order of its rows. Threads have groups of their own.
    pub(super) fn update<T: Send>(
        &self,
        task: &Task<'_, '_>,
        rows: usize,
        all: &mut [T],
        add: impl Fn(&mut T, usize) + Sync,
    ) -> Result<(), QueryError> {
        let alone = !in_parallel(rows) || all.len() < 2;
        let threads = rayon::current_num_threads();
        match &self.of_row {
            OfRow::Runs if !alone => {
                let size = all.len().div_ceil(16 * threads);
                all.par_chunks_mut(size).enumerate().try_for_each(|(chunk, all)| {
                    for (at, one) in all.iter_mut().enumerate() {
                        let run = chunk * size + at;
                        let end = self.first.get(run + 1).map_or(rows, |&next| next as usize);
                        for row in self.first[run] as usize..end {
                            if row % MORSEL == 0 {
                                task.check()?;
                            }
                            add(one, row);
                        }
                    }
                    task.check()
                })
            }
            OfRow::Numbers(groups) if !alone => {
                let size = all.len().div_ceil(threads);
                all.par_chunks_mut(size).enumerate().try_for_each(|(chunk, all)| {
                    for (row, &group) in groups.iter().enumerate() {
                        if row % MORSEL == 0 {
                            task.check()?;
                        }
                        if let Some(one) = (group as usize).checked_sub(chunk * size).and_then(|at| all.get_mut(at)) {
                            add(one, row);
                        }
                    }
                    Ok(())
                })
            }
            _ => self.each(task, rows, |row, group| {
                add(&mut all[group], row);
                Ok(())
            }),
        }
    }

    /// The group of each row.
    pub(super) fn numbers(&self, task: &Task<'_, '_>, rows: usize) -> Result<Vec<u32>, QueryError> {
        task.room(rows as u64, 4)?;
        let mut numbers = Vec::with_capacity(rows);
        self.each(task, rows, |_, group| {
            numbers.push(group as u32);
            Ok(())
        })?;
        Ok(numbers)
    }

    /// Solutions of each group.
    pub(super) fn sizes(&self, task: &Task<'_, '_>, table: &Table) -> Result<Vec<u64>, QueryError> {
        let overflow = || task.too_many();
        match (&self.of_row, &table.weight) {
            (OfRow::One, None) => return Ok(vec![table.rows as u64]),
            (OfRow::One, Some(weight)) => {
                return weight.iter().try_fold(0u64, |sum, &w| sum.checked_add(w)).map(|sum| vec![sum]).ok_or_else(overflow);
            }
            (OfRow::Runs, None) => {
                let ends = self.first.iter().skip(1).map(|&next| next as usize).chain([table.rows]);
                return Ok(self.first.iter().zip(ends).map(|(&first, end)| (end - first as usize) as u64).collect());
            }
            _ => {}
        }
        let add = |sizes: &mut [u64], row: usize, group: usize| {
            sizes[group] = sizes[group].checked_add(table.weight(row)).ok_or_else(overflow)?;
            Ok::<(), QueryError>(())
        };
        let threads = rayon::current_num_threads();
        let mut sizes = vec![0u64; self.len];
        match &self.of_row {
            // Each thread counts for itself where groups are much fewer than rows.
            OfRow::Numbers(groups) if in_parallel(table.rows) && self.len * threads <= table.rows => {
                task.room((self.len * threads) as u64, 8)?;
                let parts = task.morsels(table.rows, table.rows.div_ceil(threads), |range| {
                    let mut sizes = vec![0u64; self.len];
                    for (at, row) in range.enumerate() {
                        if at % MORSEL == 0 {
                            task.check()?;
                        }
                        add(&mut sizes, row, groups[row] as usize)?;
                    }
                    Ok(sizes)
                })?;
                for part in parts {
                    for (size, more) in sizes.iter_mut().zip(part) {
                        *size = size.checked_add(more).ok_or_else(overflow)?;
                    }
                }
            }
            _ => self.each(task, table.rows, |row, group| add(&mut sizes, row, group))?,
        }
        Ok(sizes)
    }
}

/// Groups in the order of their first rows.
fn by_one(task: &Task<'_, '_>, keys: &[u32]) -> Result<(Vec<u32>, Vec<u32>), QueryError> {
    let of = |id: &u32| id.wrapping_add(1);
    let (least, most) = (keys.iter().map(of).min().unwrap_or(0), keys.iter().map(of).max().unwrap_or(0));
    let span = (most - least) as usize + 1;
    if span > DENSITY * keys.len() + 1024 {
        return by_many(task, &[keys], keys.len());
    }
    task.room(span as u64, 4)?;
    let (mut first, mut groups, mut of_row) = (vec![], vec![u32::MAX; span], Vec::with_capacity(keys.len()));
    for (row, id) in keys.iter().enumerate() {
        let group = &mut groups[(of(id) - least) as usize];
        if *group == u32::MAX {
            *group = first.len() as u32;
            first.push(row as u32);
        }
        of_row.push(*group);
    }
    Ok((first, of_row))
}

fn by_many(task: &Task<'_, '_>, keys: &[&[u32]], rows: usize) -> Result<(Vec<u32>, Vec<u32>), QueryError> {
    let hasher = DefaultHashBuilder::default();
    let hash = |row: u32| hasher.hash_one(key(keys, &hasher, row as usize));
    let equal = |a: u32, b: u32| keys.iter().all(|column| column[a as usize] == column[b as usize]);
    let mut table: HashTable<(u32, u32)> = HashTable::new();
    let (mut first, mut of_row) = (vec![], Vec::with_capacity(rows));
    for row in 0..rows as u32 {
        if (row as usize).is_multiple_of(MORSEL) {
            task.check()?;
            task.room(table.capacity() as u64, 9)?;
        }
        let group = match table.entry(hash(row), |&(other, _)| equal(row, other), |&(other, _)| hash(other)) {
            Entry::Occupied(entry) => entry.get().1,
            Entry::Vacant(entry) => {
                let group = first.len() as u32;
                entry.insert((row, group));
                first.push(row);
                group
            }
        };
        of_row.push(group);
    }
    Ok((first, of_row))
}
