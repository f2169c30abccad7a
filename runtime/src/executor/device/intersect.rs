//! `Intersect`: rows go by which of their lists is the shortest; that one is expanded and looked up in the others.

use hypergraphql_kernels::mark::Test;
use hypergraphql_kernels::relations::Column;
use hypergraphql_query::algebra::Variable;
use hypergraphql_query::graph::{self, Atom, Node};

use super::super::matches::{Matches, Wish, used};
use super::Failure;
use super::checks::statements;
use super::columns::{Both, DeviceTable};
use super::extend::{multiplied, ranges};
use super::on::On;

/// Candidates of an atom: for each row a range of values that ascend.
struct List {
    values: Column,
    low: Column,
    high: Column,
    counts: Column,
}

/// Runs the operator; none: the host has to.
pub(super) fn intersect(
    on: &On<'_, '_>,
    node: &Node,
    variable: &Variable,
    atoms: &[Atom],
    input: &DeviceTable,
) -> Result<Option<DeviceTable>, Failure> {
    let header = input.header();
    let mut lists = vec![];
    for atom in atoms {
        let unbound = used(atom, &header).into_iter().any(|column| !input.columns[column].is_bound());
        if atom.period.is_some() || atom.as_of.is_some() || unbound {
            return Ok(None);
        }
        let Some(matches) = Matches::new(&on.task, atom, &header, Wish { sorted_by: &[], next: Some(variable) })? else {
            return Ok(Some(DeviceTable::empty(&node.schema)));
        };
        let place = matches.free.iter().find(|(free, _)| free == variable).map(|&(_, position)| position);
        let (Some(position), true) = (place, matches.is_exact() && matches.ascends_by(std::slice::from_ref(variable))) else {
            return Ok(None);
        };
        let Some((low, high)) = ranges(on, &matches, input)? else { return Ok(None) };
        let counts = on.counts(&low, &high)?.0;
        lists.push(List { values: statements(on, &matches, position)?, low, high, counts });
    }
    if node.weighted && node.schema.iter().all(|column| column.variable != *variable) {
        return multiplied(on, node, input, &counts(on, &lists, input.rows)?).map(Some);
    }
    let (rows, values) = common(on, &lists)?;
    let column = |column: &graph::Column| match input.column(&column.variable) {
        Some(own) => own.take(on, &rows),
        None if column.variable == *variable => Ok(Both::of_device(values.clone(), true)),
        None => Err(on.task.plan(format!("neither its input nor its atoms have {}", column.variable)).into()),
    };
    let columns = node.schema.iter().map(column).collect::<Result<_, _>>()?;
    let weight = input.weights(on, &rows)?;
    let variables = node.schema.iter().map(|column| column.variable.clone()).collect();
    Ok(Some(DeviceTable { variables, columns, weight, rows: rows.len(), sorted_by: input.sorted_by.clone() }.with_schema(&node.schema)))
}

/// The rows whose shortest list is this one, of equally long ones the first.
fn shortest(on: &On<'_, '_>, lists: &[List], at: usize) -> Result<Column, Failure> {
    let own = &lists[at].counts;
    let ones = on.within(own, 0..u32::MAX)?;
    let mut flags = ones.clone();
    for (other, list) in lists.iter().enumerate().filter(|(other, _)| *other != at) {
        let shorter = match other < at {
            true => on.pairs(own, &list.counts, Test::Less)?,
            false => on.pairs(&on.pairs(&list.counts, own, Test::Less)?, &ones, Test::Less)?,
        };
        flags = on.pairs(&flags, &shorter, Test::Both)?;
    }
    on.positions(&flags)
}

/// The candidates of some rows, and which of them all lists have.
struct Found {
    /// The rows that have this list for their shortest.
    rows: Column,
    /// How many candidates each of them has.
    counts: Column,
    /// Row, value and flag of each candidate.
    row: Column,
    value: Column,
    flags: Column,
}

fn find(on: &On<'_, '_>, lists: &[List], at: usize) -> Result<Option<Found>, Failure> {
    let rows = shortest(on, lists, at)?;
    if rows.is_empty() {
        return Ok(None);
    }
    let own = &lists[at];
    let low = on.take(&own.low, &rows)?;
    let (counts, total) = on.counts(&low, &on.take(&own.high, &rows)?)?;
    let (which, place) = on.expand(&low, &counts, total)?;
    let (row, value) = (on.take(&rows, &which)?, on.take(&own.values, &place)?);
    let mut flags = on.within(&row, 0..u32::MAX)?;
    for (_, list) in lists.iter().enumerate().filter(|(other, _)| *other != at) {
        let range = (on.take(&list.low, &row)?, on.take(&list.high, &row)?);
        let (from, to) = on.search_ranges(&list.values, (&range.0, &range.1), &value)?;
        flags = on.pairs(&flags, &on.pairs(&from, &to, Test::Less)?, Test::Both)?;
    }
    Ok(Some(Found { rows, counts, row, value, flags }))
}

/// How many values all lists of each row have.
fn counts(on: &On<'_, '_>, lists: &[List], rows: usize) -> Result<Vec<u32>, Failure> {
    on.task.room(rows as u64, 4)?;
    let mut all = vec![0; rows];
    for at in 0..lists.len() {
        let Some(found) = find(on, lists, at)? else { continue };
        let counts = on.read(&on.sums(&on.scan(&found.counts)?, &found.flags)?)?;
        on.read(&found.rows)?.into_iter().zip(counts).for_each(|(row, count)| all[row as usize] = count);
    }
    Ok(all)
}

/// Rows, ascending, and the values that all lists of each have.
fn common(on: &On<'_, '_>, lists: &[List]) -> Result<(Column, Column), Failure> {
    let (mut rows, mut values, mut parts) = (on.upload(&[])?, on.upload(&[])?, 0);
    for at in 0..lists.len() {
        let Some(found) = find(on, lists, at)? else { continue };
        let kept = on.positions(&found.flags)?;
        on.task.rows(rows.len() as u64 + kept.len() as u64)?;
        rows = on.concat(&rows, &on.take(&found.row, &kept)?)?;
        values = on.concat(&values, &on.take(&found.value, &kept)?)?;
        parts += 1;
    }
    if parts > 1 {
        let order = on.order(&rows, None)?;
        (rows, values) = (on.take(&rows, &order)?, on.take(&values, &order)?);
    }
    Ok((rows, values))
}
