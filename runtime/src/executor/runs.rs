//! Runs of equal rows, and rows in the order of their ids.

use std::cmp;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

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

fn compare(columns: &[&[u32]], a: usize, b: usize) -> cmp::Ordering {
    columns.iter().map(|column| column[a].cmp(&column[b])).find(|order| order.is_ne()).unwrap_or(cmp::Ordering::Equal)
}

/// Whether rows are ascending by these columns.
pub(crate) fn ascend(task: &Task<'_, '_>, columns: &[&[u32]], rows: usize) -> Result<bool, QueryError> {
    let goes_on = AtomicBool::new(true);
    task.morsels(rows, MORSEL, |range| {
        // Each piece begins with the last row of the one before.
        let from = range.start.saturating_sub(1);
        if goes_on.load(Ordering::Relaxed) && !ascend_in(columns, from..range.end) {
            goes_on.store(false, Ordering::Relaxed);
        }
        Ok(())
    })?;
    Ok(goes_on.into_inner())
}

fn ascend_in(columns: &[&[u32]], rows: Range<usize>) -> bool {
    let part = |column: &[u32]| column[rows.clone()].is_sorted();
    match columns {
        [] => true,
        [column] => part(column),
        [high, low] => {
            let keys = high[rows.clone()].iter().zip(&low[rows]).map(|(&high, &low)| u64::from(high) << 32 | u64::from(low));
            keys.is_sorted()
        }
        _ => rows.skip(1).all(|row| compare(columns, row - 1, row).is_le()),
    }
}

/// The table in the order of these variables, as ids.
pub(crate) fn sorted(task: &Task<'_, '_>, table: Table, by: &[Variable]) -> Result<Table, QueryError> {
    let columns: Vec<&[u32]> = by.iter().filter_map(|variable| table.column(variable).map(|column| &**column)).collect();
    if columns.len() != by.len() {
        return Err(task.plan("it is to be sorted by a variable that it has not"));
    }
    if ascend(task, &columns, table.rows)? {
        return Ok(table);
    }
    let order = order(task, &columns, table.rows)?;
    gather::rows(task, &table, &[order])
}

/// Rows in ascending order of these columns; equal rows stay in order.
pub(crate) fn order(task: &Task<'_, '_>, columns: &[&[u32]], rows: usize) -> Result<Vec<u32>, QueryError> {
    task.check()?;
    task.room(rows as u64, 16)?;
    let all: Vec<u32> = (0..rows as u32).into_par_iter().with_min_len(MORSEL).collect();
    let order = match columns {
        [] => all,
        [column] => hypergraphql_kernels::sort::host::sort_by_key(column, &all).1,
        [high, low] => {
            let pairs = high.par_iter().zip(*low).with_min_len(MORSEL);
            let keys: Vec<u64> = pairs.map(|(&high, &low)| u64::from(high) << 32 | u64::from(low)).collect();
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
