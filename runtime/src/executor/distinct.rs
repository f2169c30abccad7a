//! `Distinct`: the first of equal rows.

use std::hash::BuildHasher;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashSet, HashTable};

use super::equal::{equal, in_parallel};
use super::gather;
use super::index::key;
use super::runs::{ascend, runs};
use super::table::Table;
use super::task::{MORSEL, Task};
use crate::engine::QueryError;

/// Ids that are marked in an array of bits are at most so many times the rows.
const DENSITY: usize = 256;

/// Runs the operator; the rows that stay keep their order.
pub(crate) fn distinct(task: &Task<'_, '_>, table: &Table) -> Result<Table, QueryError> {
    let columns: Vec<&[u32]> = table.columns.iter().map(|column| &**column).collect();
    let first = firsts(task, &columns, table.rows)?;
    let mut table = table.clone();
    table.weight = None;
    if first.len() == table.rows {
        return Ok(table);
    }
    gather::rows(task, &table, &[first])
}

/// The first row of each set of equal rows, ascending.
pub(crate) fn firsts(task: &Task<'_, '_>, columns: &[&[u32]], rows: usize) -> Result<Vec<u32>, QueryError> {
    if columns.is_empty() {
        return Ok((0..rows.min(1) as u32).collect());
    }
    if ascend(task, columns, rows)? {
        return runs(task, columns, rows);
    }
    // One column is marked by one thread as fast as by two.
    if in_parallel(rows) && columns.len() > 1 {
        return Ok(equal(task, columns, rows, false)?.first);
    }
    match columns {
        [column] => one(task, column),
        [_, _] => two(task, columns, rows),
        _ => many(task, columns, rows),
    }
}

fn one(task: &Task<'_, '_>, column: &[u32]) -> Result<Vec<u32>, QueryError> {
    // An unbound value is the number above all ids: it would make the array as large as can be.
    let most = column.iter().map(|id| id.wrapping_add(1)).max().unwrap_or(0) as usize;
    if most > DENSITY * column.len() + 1024 {
        return two(task, &[column], column.len());
    }
    task.room(most as u64 / 64 + 1, 8)?;
    let mut seen = vec![0u64; most / 64 + 1];
    let mut first = vec![];
    for (row, id) in column.iter().enumerate() {
        let (word, bit) = ((id.wrapping_add(1) / 64) as usize, id.wrapping_add(1) % 64);
        if seen[word] >> bit & 1 == 0 {
            seen[word] |= 1 << bit;
            first.push(row as u32);
        }
        if row % MORSEL == 0 {
            task.check()?;
        }
    }
    Ok(first)
}

fn two(task: &Task<'_, '_>, columns: &[&[u32]], rows: usize) -> Result<Vec<u32>, QueryError> {
    let hasher = DefaultHashBuilder::default();
    let mut seen: HashSet<u64> = HashSet::new();
    let mut first = vec![];
    for row in 0..rows {
        if seen.insert(key(columns, &hasher, row)) {
            first.push(row as u32);
        }
        if row % MORSEL == 0 {
            task.check()?;
            task.room(seen.capacity() as u64, 9)?;
        }
    }
    Ok(first)
}

fn many(task: &Task<'_, '_>, columns: &[&[u32]], rows: usize) -> Result<Vec<u32>, QueryError> {
    let hasher = DefaultHashBuilder::default();
    let hash = |row: u32| hasher.hash_one(key(columns, &hasher, row as usize));
    let equal = |a: u32, b: u32| columns.iter().all(|column| column[a as usize] == column[b as usize]);
    let mut seen: HashTable<u32> = HashTable::new();
    let mut first = vec![];
    for row in 0..rows as u32 {
        if let Entry::Vacant(entry) = seen.entry(hash(row), |&other| equal(row, other), |&other| hash(other)) {
            entry.insert(row);
            first.push(row);
        }
        if (row as usize).is_multiple_of(MORSEL) {
            task.check()?;
            task.room(seen.capacity() as u64, 5)?;
        }
    }
    Ok(first)
}
