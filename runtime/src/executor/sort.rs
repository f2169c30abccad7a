//! `Sort` and `TopK`: rows in the order of keys.

use hypergraphql_query::algebra::OrderKey;

use super::evaluate::ids;
use super::gather;
use super::rank::ranks;
use super::runs::order;
use super::table::Table;
use super::task::Task;
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
    let mut rows: Vec<u32> = (0..input.rows as u32).collect();
    let compare = |a: &u32, b: &u32| {
        let different = keys.iter().map(|key| key[*a as usize].cmp(&key[*b as usize])).find(|order| order.is_ne());
        different.unwrap_or_else(|| a.cmp(b))
    };
    rows.select_nth_unstable_by(limit, compare);
    task.check()?;
    rows.truncate(limit);
    rows.sort_unstable_by(compare);
    gather::rows(task, &input, &[rows])
}

/// Numbers whose ascending order is that of each key.
fn keys_of(task: &Task<'_, '_>, keys: &[OrderKey], input: &Table) -> Result<Vec<Vec<u32>>, QueryError> {
    let of = |key: &OrderKey| {
        let mut ranks = ranks(task, &ids(task, &key.expression, input)?)?;
        if key.descending {
            ranks.iter_mut().for_each(|rank| *rank = !*rank);
        }
        Ok(ranks)
    };
    keys.iter().map(of).collect()
}
