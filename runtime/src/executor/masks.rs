//! Rows by which of some columns have a value.

use std::collections::BTreeMap;

use super::table::{Table, UNBOUND};
use super::task::Task;
use crate::engine::QueryError;

/// Rows that have a value in the same columns, by the set of these: bit i is set where column `columns[i]` has one.
pub(crate) fn by_mask(task: &Task<'_, '_>, table: &Table, columns: &[usize]) -> Result<BTreeMap<u64, Vec<u32>>, QueryError> {
    if columns.len() > u64::BITS as usize {
        return Err(task.plan(format!("{} columns that may be unbound are compared at once, at most 64 can be", columns.len())));
    }
    task.check()?;
    task.room(table.rows as u64, 4)?;
    let columns: Vec<&[u32]> = columns.iter().map(|&column| &*table.columns[column]).collect();
    let mut groups: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    let open: Vec<(usize, &[u32])> = columns.iter().copied().enumerate().filter(|(_, column)| column.contains(&UNBOUND)).collect();
    let all = if columns.len() == 64 { u64::MAX } else { (1 << columns.len()) - 1 };
    for row in 0..table.rows {
        let missing = open.iter().filter(|(_, column)| column[row] == UNBOUND).fold(0, |mask, (bit, _)| mask | 1 << bit);
        groups.entry(all & !missing).or_default().push(row as u32);
    }
    Ok(groups)
}
