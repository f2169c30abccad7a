//! `Scan`: matches of an atom, as slices of the store wherever no statement has to be left out.

use std::sync::Arc;

use hypergraphql_framework::store::Position;
use hypergraphql_query::algebra::Variable;
use hypergraphql_query::graph::{Atom, Node};

use super::gather::{gather, total};
use super::matches::{Matches, Wish};
use super::period_sets::TIMELESS;
use super::runs::runs;
use super::table::{Column, Table};
use super::task::{MORSEL, Task};
use crate::engine::QueryError;

/// Runs the operator.
pub(crate) fn scan(task: &Task<'_, '_>, node: &Node, atom: &Atom) -> Result<Table, QueryError> {
    let unit = Table::unit();
    let wanted = wish_of(node);
    let Some(matches) = Matches::new(task, atom, &unit, Wish { sorted_by: &wanted, next: None })? else {
        return Ok(Table::empty(&node.schema));
    };
    let mut table = match matches.is_exact() && matches.is_timeless() {
        true => borrowed(task, node, atom, &matches)?,
        false => picked(task, node, atom, &matches, &unit)?,
    };
    if node.weighted {
        table = merged(task, table)?;
    }
    Ok(table)
}

/// Variables in whose order rows should come: equal rows have to follow each other where they are to be one.
pub(super) fn wish_of(node: &Node) -> Vec<Variable> {
    match node.sorted_by.is_empty() {
        true if node.weighted => node.schema.iter().map(|column| column.variable.clone()).collect(),
        _ => node.sorted_by.clone(),
    }
}

/// The column of valid times, if the schema has it.
fn period_of<'a>(node: &Node, atom: &'a Atom) -> Option<&'a Variable> {
    atom.period.as_ref().filter(|period| node.schema.iter().any(|column| column.variable == **period))
}

/// Columns that stand in the statements.
pub(super) fn places(
    task: &Task<'_, '_>,
    node: &Node,
    atom: &Atom,
    matches: &Matches<'_>,
) -> Result<Vec<(Variable, Position)>, QueryError> {
    let place = |variable: &Variable| matches.free.iter().find(|(free, _)| free == variable).cloned();
    let period = period_of(node, atom);
    node.schema
        .iter()
        .filter(|c| Some(&c.variable) != period)
        .map(|c| place(&c.variable).ok_or_else(|| task.plan(format!("its schema has {}, its atom has not", c.variable))))
        .collect()
}

/// All statements of the range.
fn borrowed(task: &Task<'_, '_>, node: &Node, atom: &Atom, matches: &Matches<'_>) -> Result<Table, QueryError> {
    let places = places(task, node, atom, matches)?;
    let rows = task.rows(matches.all().len() as u64)?;
    let columns = places.iter().map(|&(_, position)| Column::Stored(matches.rows().shared(position), matches.all())).collect();
    let table = Table { variables: places.into_iter().map(|(variable, _)| variable).collect(), columns, weight: None, rows };
    Ok(match period_of(node, atom) {
        Some(period) => table.with_column(period, Column::constant(TIMELESS, rows)),
        None => table,
    })
}

/// Those statements of the range that are matches.
fn picked(task: &Task<'_, '_>, node: &Node, atom: &Atom, matches: &Matches<'_>, unit: &Table) -> Result<Table, QueryError> {
    let places = places(task, node, atom, matches)?;
    let (view, all) = (matches.view(unit), matches.all());
    task.rows(all.len() as u64)?;
    task.room(all.len() as u64, 4)?;
    let pieces = task.morsels(all.len(), MORSEL, |range| {
        let statements = all.start + range.start..all.start + range.end;
        Ok(statements.filter(|&statement| view.accepts(0, statement)).map(|statement| statement as u32).collect())
    })?;
    let columns = places.iter().map(|&(_, position)| gather(task, view.column(position), &pieces)).collect::<Result<Vec<_>, _>>()?;
    let variables = places.into_iter().map(|(variable, _)| variable).collect();
    let table = Table { variables, columns, weight: None, rows: task.rows(total(&pieces))? };
    Ok(match period_of(node, atom) {
        Some(period) => table.with_column(period, view.valid_times(task, &pieces)?),
        None => table,
    })
}

/// Equal rows that follow each other as one, whose weight is their number.
fn merged(task: &Task<'_, '_>, table: Table) -> Result<Table, QueryError> {
    let columns: Vec<&[u32]> = table.columns.iter().map(|column| &**column).collect();
    let starts = runs(task, &columns, table.rows)?;
    let ends = starts.iter().skip(1).map(|&start| start as usize).chain([table.rows]);
    let weight = starts.iter().zip(ends).map(|(&start, end)| (end - start as usize) as u64).collect();
    let rows = starts.len();
    let pieces = [starts];
    let columns = match rows == table.rows {
        true => table.columns,
        false => columns.iter().map(|column| gather(task, column, &pieces)).collect::<Result<Vec<_>, _>>()?,
    };
    Ok(Table { variables: table.variables, columns, weight: Some(Arc::new(weight)), rows })
}
