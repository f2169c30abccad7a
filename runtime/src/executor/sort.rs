//! `Sort` and `TopK`: rows in the order of keys.

use std::cmp::Ordering;

use hypergraphql_query::algebra::OrderKey;
use rayon::prelude::*;

use super::evaluate::ids;
use super::gather;
use super::rank::ranks;
use super::runs::order;
use super::table::Table;
use super::task::{MORSEL, Task};
use crate::engine::QueryError;

/// All rows in the order of the keys; those that are equal stay in order.
pub(crate) fn sort(task: &Task<'_, '_>, keys: &[OrderKey], input: Table) -> Result<Table, QueryError> {
    let keys = keys_of(task, keys, &input)?;
    let columns: Vec<&[u32]> = keys.iter().map(Vec::as_slice).collect();
    let order = order(task, &columns, input.rows)?;
    gather::rows(task, &input, &[order])
}

/// The first rows of that order.
pub(crate) fn top_k(task: &Task<'_, '_>, keys: &[OrderKey], limit: u64, input: Table) -> Result<Table, QueryError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if limit >= input.rows {
        return sort(task, keys, input);
    }
    if limit == 0 {
        return Ok(input.slice(0..0));
    }
    let keys = keys_of(task, keys, &input)?;
    task.room(input.rows as u64, 4)?;
    let compare = |a: &u32, b: &u32| {
        let different = keys.iter().map(|key| key[*a as usize].cmp(&key[*b as usize])).find(|order| order.is_ne());
        different.unwrap_or_else(|| a.cmp(b))
    };
    // The first rows of all are among the first ones of each piece.
    let size = MORSEL.max(limit.saturating_mul(2));
    let pieces = task.morsels(input.rows, size, |range| {
        let mut rows: Vec<u32> = (range.start as u32..range.end as u32).collect();
        least(&mut rows, limit, compare);
        Ok(rows)
    })?;
    let mut rows = pieces.concat();
    least(&mut rows, limit, compare);
    task.check()?;
    rows.sort_unstable_by(compare);
    gather::rows(task, &input, &[rows])
}

/// Leaves the first rows of an order, in any order.
fn least(rows: &mut Vec<u32>, limit: usize, compare: impl Fn(&u32, &u32) -> Ordering) {
    if limit < rows.len() {
        rows.select_nth_unstable_by(limit, compare);
        rows.truncate(limit);
    }
}

/// Numbers whose ascending order is that of each key.
fn keys_of(task: &Task<'_, '_>, keys: &[OrderKey], input: &Table) -> Result<Vec<Vec<u32>>, QueryError> {
    let of = |key: &OrderKey| {
        let mut ranks = ranks(task, &ids(task, &key.expression, input)?)?;
        if key.descending {
            ranks.par_iter_mut().with_min_len(MORSEL).for_each(|rank| *rank = !*rank);
        }
        Ok(ranks)
    };
    keys.iter().map(of).collect()
}
