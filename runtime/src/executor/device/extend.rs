//! `Extend`: the ranges of each row by search, then one pair per statement of them.

use std::sync::Arc;

use hypergraphql_kernels::relations::Column;
use hypergraphql_query::graph::{self, Atom, Node};

use super::super::matches::{Matches, Slot, Wish, used};
use super::super::table::{Column as HostColumn, UNBOUND};
use super::Failure;
use super::checks::{Candidates, accepted, are_possible, statements};
use super::columns::{Both, DeviceTable};
use super::on::On;
use crate::engine::QueryError;

/// Runs the operator; none: the host has to.
pub(super) fn extend(on: &On<'_, '_>, node: &Node, atom: &Atom, input: &DeviceTable) -> Result<Option<DeviceTable>, Failure> {
    let header = input.header();
    let unbound = || used(atom, &header).into_iter().any(|column| !input.columns[column].is_bound());
    if atom.as_of.is_some() || atom.period.is_some() || unbound() {
        return Ok(None);
    }
    let Some(matches) = Matches::new(&on.task, atom, &header, Wish::default())? else { return Ok(Some(DeviceTable::empty(&node.schema))) };
    if !are_possible(&matches) {
        return Ok(None);
    }
    let Some((low, high)) = ranges(on, &matches, input)? else { return Ok(None) };
    let (counts, total) = on.counts(&low, &high)?;
    let counted = node.weighted && node.schema.iter().all(|column| header.index(&column.variable).is_some());
    if counted && matches.is_exact() {
        return multiplied(on, node, input, &on.read(&counts)?).map(Some);
    }
    if !matches.is_exact() && on.task.rows(total).is_err() {
        // Most candidates may drop out: the host looks at them piece by piece.
        return Ok(None);
    }
    let (mut row, mut statement) = on.expand(&low, &counts, total)?;
    if !matches.is_exact() {
        let flags = accepted(on, &matches, &Candidates { rows: Some((input, &row)), statements: Some(&statement) })?;
        if counted {
            let counts = flags.map_or(Ok(counts.clone()), |flags| on.sums(&on.scan(&counts)?, &flags))?;
            return multiplied(on, node, input, &on.read(&counts)?).map(Some);
        }
        if let Some(flags) = flags {
            let kept = on.positions(&flags)?;
            (row, statement) = (on.take(&row, &kept)?, on.take(&statement, &kept)?);
        }
    }
    let column = |column: &graph::Column| -> Result<Both, Failure> {
        let variable = &column.variable;
        if let Some(own) = input.column(variable) {
            return own.take(on, &row);
        }
        match matches.free.iter().find(|(free, _)| free == variable) {
            Some(&(_, position)) => Ok(Both::of_device(on.take(&statements(on, &matches, position)?, &statement)?, true)),
            None if column.optional => Ok(Both::of_host(HostColumn::constant(UNBOUND, row.len()))),
            None => Err(on.task.plan(format!("neither its input nor its atom has {variable}")).into()),
        }
    };
    let columns = node.schema.iter().map(column).collect::<Result<_, _>>()?;
    let weight = input.weights(on, &row)?;
    let variables = node.schema.iter().map(|column| column.variable.clone()).collect();
    Ok(Some(DeviceTable { variables, columns, weight, rows: row.len(), sorted_by: input.sorted_by.clone() }.with_schema(&node.schema)))
}

/// From where to where the statements of each row are; none where a constant stands behind a value of the row, which no order of the store asks for.
pub(super) fn ranges(on: &On<'_, '_>, matches: &Matches<'_>, input: &DeviceTable) -> Result<Option<(Column, Column)>, Failure> {
    let mut range: Option<(Column, Column)> = None;
    for (position, slot) in &matches.keys {
        let Slot::Row(column) = slot else { return Ok(None) };
        let (values, needles) = (statements(on, matches, *position)?, input.columns[*column].device(on)?);
        range = Some(match range {
            Some((low, high)) => on.search_ranges(&values, (&low, &high), &needles)?,
            None => on.search(&values, &needles)?,
        });
    }
    if range.is_some() {
        return Ok(range);
    }
    let all = on.task.rows(matches.all().len() as u64)? as u32;
    Ok(Some((on.upload(&vec![0; input.rows])?, on.upload(&vec![all; input.rows])?)))
}

/// The rows that have matches, each with its weight times their number.
pub(super) fn multiplied(on: &On<'_, '_>, node: &Node, input: &DeviceTable, counts: &[u32]) -> Result<DeviceTable, Failure> {
    on.task.room(counts.len() as u64, 12)?;
    let overflow = || QueryError::TooManyRows { operator: on.task.operator.to_owned(), rows: u64::MAX, limit: u64::MAX };
    let weight = |row: usize| input.weight.as_ref().map_or(1, |weight| weight[row]);
    let kept: Vec<u32> = (0..).zip(counts).filter(|(_, count)| **count > 0).map(|(row, _)| row).collect();
    let times = kept.iter().map(|&row| weight(row as usize).checked_mul(u64::from(counts[row as usize])));
    let times = times.collect::<Option<Vec<u64>>>().ok_or_else(overflow)?;
    let input = DeviceTable { weight: None, ..input.clone() }.with_schema(&node.schema);
    let table = if kept.len() == input.rows { input } else { input.take(on, &on.upload(&kept)?)? };
    Ok(DeviceTable { weight: Some(Arc::new(times)), ..table })
}
