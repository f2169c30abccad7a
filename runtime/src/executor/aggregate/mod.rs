//! `Aggregate`: groups and what is computed of each.

mod groups;

use std::cmp::Ordering;

use hashbrown::HashMap;
use hypergraphql_query::algebra::{Aggregate, AggregateFunction, Expression, Variable};
use hypergraphql_query::expr::{Accumulator, Value};

use super::distinct::firsts;
use super::evaluate::{Evaluation, ids};
use super::gather::{NO_ROW, gather};
use super::rank::ranks;
use super::table::{Column, Table, UNBOUND};
use super::task::Task;
use crate::engine::QueryError;
use groups::Groups;

/// Runs the operator.
pub(crate) fn aggregate(
    task: &Task<'_, '_>,
    keys: &[Variable],
    aggregates: &[(Variable, Aggregate)],
    sampled: &[Variable],
    input: &Table,
) -> Result<Table, QueryError> {
    let unbound = Column::constant(UNBOUND, input.rows);
    let column = |variable: &Variable| input.column(variable).unwrap_or(&unbound);
    let columns: Vec<&[u32]> = keys.iter().map(|key| &**column(key)).collect();
    let groups = Groups::new(task, &columns, input.rows)?;
    let mut table = Table { variables: vec![], columns: vec![], weight: None, rows: groups.len };
    let first = [groups.first.clone()];
    for key in keys {
        table = table.with_column(key, gather(task, column(key), &first)?);
    }
    for (variable, aggregate) in aggregates {
        let ids = aggregate_ids(task, &groups, aggregate, input)?;
        table = table.with_column(variable, ids.into());
    }
    if !sampled.is_empty() {
        let least = [least_rows(task, &groups, sampled, input)?];
        for variable in sampled {
            table = table.with_column(variable, gather(task, column(variable), &least)?);
        }
    }
    Ok(table)
}

/// The value of an aggregate for each group.
fn aggregate_ids(task: &Task<'_, '_>, groups: &Groups, aggregate: &Aggregate, input: &Table) -> Result<Vec<u32>, QueryError> {
    match (&aggregate.function, &aggregate.expression) {
        (AggregateFunction::Count, None) if aggregate.distinct => {
            let visible = |v: &Variable| !v.is_hidden();
            let columns = input.variables.iter().zip(&input.columns).filter(|(v, _)| visible(v)).map(|(_, column)| &**column);
            counted(task, &distinct_per_group(task, groups, &columns.collect::<Vec<_>>(), input.rows, |_| true)?)
        }
        (AggregateFunction::Count, None) => counted(task, &groups.sizes(task, input)?),
        (AggregateFunction::Count, Some(expression)) => {
            let column = ids(task, expression, input)?;
            if aggregate.distinct {
                return counted(task, &distinct_per_group(task, groups, &[&column], input.rows, |row| column[row] != UNBOUND)?);
            }
            if !column.has_unbound() {
                return counted(task, &groups.sizes(task, input)?);
            }
            let mut counts = vec![0u64; groups.len];
            groups.update(task, input.rows, &mut counts, |count, row| {
                *count += if column[row] == UNBOUND { 0 } else { input.weight(row) };
            })?;
            counted(task, &counts)
        }
        (function, Some(expression)) => accumulated(task, groups, (function, aggregate.distinct), expression, input),
        (function, None) => Err(task.plan(format!("{function:?} aggregates nothing"))),
    }
}

/// Ids of counts.
pub(super) fn counted(task: &Task<'_, '_>, counts: &[u64]) -> Result<Vec<u32>, QueryError> {
    let mut known: HashMap<u64, u32> = HashMap::new();
    let mut ids = Vec::with_capacity(counts.len());
    for &count in counts {
        let id = match known.get(&count) {
            Some(&id) => id,
            None => {
                let limit = i64::MAX as u64;
                let value = i64::try_from(count);
                let value = value.map_err(|_| QueryError::TooManyRows { operator: task.operator.to_owned(), rows: count, limit })?;
                let id = task.session.terms.intern_value(&Value::Integer(value))?;
                known.insert(count, id);
                id
            }
        };
        ids.push(id);
    }
    Ok(ids)
}

/// How many different values the columns have in each group, in rows that are to be counted.
fn distinct_per_group(
    task: &Task<'_, '_>,
    groups: &Groups,
    columns: &[&[u32]],
    rows: usize,
    counts: impl Fn(usize) -> bool,
) -> Result<Vec<u64>, QueryError> {
    let mut sizes = vec![0u64; groups.len];
    let numbers = if groups.len == 1 { vec![0; rows] } else { groups.numbers(task, rows)? };
    let all: Vec<&[u32]> = if groups.len == 1 { columns.to_vec() } else { [&[&numbers[..]], columns].concat() };
    for row in firsts(task, &all, rows)? {
        if counts(row as usize) {
            sizes[numbers[row as usize] as usize] += 1;
        }
    }
    Ok(sizes)
}

/// Aggregates of values.
fn accumulated(
    task: &Task<'_, '_>,
    groups: &Groups,
    (function, distinct): (&AggregateFunction, bool),
    expression: &Expression,
    input: &Table,
) -> Result<Vec<u32>, QueryError> {
    task.room(groups.len as u64, size_of::<Accumulator>() as u64)?;
    let mut all: Vec<Accumulator> = (0..groups.len).map(|_| Accumulator::new(function, distinct)).collect();
    match expression {
        Expression::Variable(_) => {
            let column = ids(task, expression, input)?;
            groups.update(task, input.rows, &mut all, |one, row| {
                let id = column[row];
                one.add(if id == UNBOUND { None } else { task.session.terms.get(id) }, input.weight(row));
            })?;
        }
        _ => {
            let values = Evaluation::new(task, expression, input).values()?;
            groups.update(task, input.rows, &mut all, |one, row| one.add(values[row].as_ref(), input.weight(row)))?;
        }
    }
    let value = |accumulator: Accumulator| match accumulator.finish() {
        Some(value) => task.session.terms.intern_value(&value),
        None => Ok(UNBOUND),
    };
    all.into_iter().map(value).collect()
}

/// The least row of each group in the order of some variables, what is unbound last.
fn least_rows(task: &Task<'_, '_>, groups: &Groups, by: &[Variable], input: &Table) -> Result<Vec<u32>, QueryError> {
    let mut keys: Vec<Vec<u32>> = vec![];
    for variable in by {
        let Some(column) = input.column(variable) else { continue };
        let mut ranks = ranks(task, column)?;
        // Nothing has rank 0; one less puts it behind all others.
        ranks.iter_mut().for_each(|rank| *rank = rank.wrapping_sub(1));
        keys.push(ranks);
    }
    let mut least: Vec<u32> = groups.first.clone();
    // The one group of no rows has none.
    least.resize(groups.len, NO_ROW);
    groups.update(task, input.rows, &mut least, |least, row| {
        let best = *least as usize;
        if keys.iter().map(|key| key[row].cmp(&key[best])).find(|order| order.is_ne()).is_some_and(Ordering::is_lt) {
            *least = row as u32;
        }
    })?;
    Ok(least)
}
