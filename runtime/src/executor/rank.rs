//! Numbers that are ordered as the values of ids are.

use hashbrown::HashMap;
use hypergraphql_framework::store::Block;
use hypergraphql_query::expr::{Value, compare_values};
use rayon::prelude::*;

use super::table::UNBOUND;
use super::task::{MORSEL, Task};
use crate::engine::QueryError;

/// For each id a number, in the order of `ORDER BY`; what is unbound has 0.
pub(crate) fn ranks(task: &Task<'_, '_>, ids: &[u32]) -> Result<Vec<u32>, QueryError> {
    task.room(ids.len() as u64, 4)?;
    // Up to the strings, ids of the store are in that very order.
    let in_order = task.space().block_ids(Block::String).end;
    if ids.par_iter().with_min_len(MORSEL).all(|&id| id < in_order || id == UNBOUND) {
        return Ok(ids.par_iter().with_min_len(MORSEL).map(|&id| if id == UNBOUND { 0 } else { id }).collect());
    }
    let mut distinct = ids.to_vec();
    distinct.par_sort_unstable();
    distinct.dedup();
    distinct.retain(|&id| id != UNBOUND);
    task.check()?;
    task.room(distinct.len() as u64, 40)?;
    let mut values: Vec<(Value, u32)> = distinct.into_par_iter().filter_map(|id| Some((task.session.terms.value(id)?, id))).collect();
    task.check()?;
    values.par_sort_by(|a, b| compare_values(&a.0, &b.0));
    task.check()?;
    let rank: HashMap<u32, u32> = values.iter().zip(1..).map(|((_, id), rank)| (*id, rank)).collect();
    Ok(ids.par_iter().with_min_len(MORSEL).map(|id| rank.get(id).copied().unwrap_or(0)).collect())
}
