//! Runs of equal rows, and rows in the order of their ids.

use std::cmp::Ordering;

use hypergraphql_query::algebra::Variable;
use rayon::prelude::*;

use super::gather;
use super::table::Table;
use super::task::{MORSEL, Task};
use crate::engine::QueryError;

/// The first row of each run of equal rows.
pub(crate) fn runs(task: &Task<'_, '_>, columns: &[&[u32]], rows: usize) -> Result<Vec<u32>, QueryError> {
    let first = |row: usize| row == 0 || columns.iter().any(|column| column[row] != column[row - 1]);
    let pieces = match columns {
        // The case that counts: one column, compared without a look at the list of columns.
        [column] => task.morsels(rows, MORSEL, |range| {
            Ok(range.filter(|&row| row == 0 || column[row] != column[row - 1]).map(|row| row as u32).collect::<Vec<_>>())
        })?,
        _ => task.morsels(rows, MORSEL, |range| Ok(range.filter(|&row| first(row)).map(|row| row as u32).collect()))?,
    };
    Ok(pieces.concat())
}

fn compare(columns: &[&[u32]], a: usize, b: usize) -> Ordering {
    columns.iter().map(|column| column[a].cmp(&column[b])).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Whether rows are ascending by these columns.
pub(crate) fn ascend(columns: &[&[u32]], rows: usize) -> bool {
    match columns {
        [] => true,
        [column] => column.is_sorted(),
        _ => (1..rows).all(|row| compare(columns, row - 1, row).is_le()),
    }
}

/// The table in the order of these variables, as ids.
pub(crate) fn sorted(task: &Task<'_, '_>, table: Table, by: &[Variable]) -> Result<Table, QueryError> {
    let columns: Vec<&[u32]> = by.iter().filter_map(|variable| table.column(variable).map(|column| &**column)).collect();
    if columns.len() != by.len() {
        return Err(task.plan("it is to be sorted by a variable that it has not"));
    }
    if ascend(&columns, table.rows) {
        return Ok(table);
    }
    let order = order(task, &columns, table.rows)?;
    gather::rows(task, &table, &[order])
}

/// Rows in ascending order of these columns; equal rows stay in order.
pub(crate) fn order(task: &Task<'_, '_>, columns: &[&[u32]], rows: usize) -> Result<Vec<u32>, QueryError> {
    task.check()?;
    task.room(rows as u64, 16)?;
    let all: Vec<u32> = (0..rows as u32).collect();
    let order = match columns {
        [] => all,
        [column] => hypergraphql_kernels::sort::host::sort_by_key(column, &all).1,
        [high, low] => {
            let keys: Vec<u64> = high.iter().zip(*low).map(|(&high, &low)| u64::from(high) << 32 | u64::from(low)).collect();
            hypergraphql_kernels::sort::host::sort_by_key(&keys, &all).1
        }
        _ => {
            let mut order = all;
            order.par_sort_by(|&a, &b| compare(columns, a as usize, b as usize));
            order
        }
    };
    task.check()?;
    Ok(order)
}
