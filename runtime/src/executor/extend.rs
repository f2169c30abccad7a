//! `Extend`: for every row the matches of an atom.

use std::ops::Range;
use std::sync::Arc;

use hypergraphql_query::graph::{Atom, Node};
use rayon::prelude::*;

use super::gather::{self, fill, gather, total};
use super::masks::by_mask;
use super::matches::{Matches, View, Wish, lacks, used};
use super::table::{Column, Table, UNBOUND};
use super::task::{MORSEL, Task};
use crate::engine::QueryError;

/// Rows whose ranges are looked up at once.
const BLOCK: usize = 1 << 12;

/// Runs the operator. Where rows lack a value that the atom uses, rows that lack the same ones go together.
pub(crate) fn extend(task: &Task<'_, '_>, node: &Node, atom: &Atom, input: &Table) -> Result<Table, QueryError> {
    let used = used(atom, input);
    if !lacks(input, &used) {
        return extend_bound(task, node, atom, input);
    }
    let mut tables = vec![];
    for (mask, rows) in by_mask(task, input, &used)? {
        let part = gather::rows(task, input, &[rows])?;
        tables.push(extend_bound(task, node, atom, &without(part, &used, mask))?);
    }
    gather::concat(task, tables)
}

/// A table without those of the columns that the mask does not have.
fn without(mut table: Table, columns: &[usize], mask: u64) -> Table {
    for (bit, &column) in columns.iter().enumerate().rev() {
        if mask >> bit & 1 == 0 {
            table.variables.remove(column);
            table.columns.remove(column);
        }
    }
    table
}

fn extend_bound(task: &Task<'_, '_>, node: &Node, atom: &Atom, input: &Table) -> Result<Table, QueryError> {
    let Some(matches) = Matches::new(task, atom, input, Wish::default())? else { return Ok(Table::empty(&node.schema)) };
    let adds = node.schema.iter().any(|column| input.index(&column.variable).is_none());
    let view = matches.view(input);
    if node.weighted && !adds {
        let counts = counts(task, &view, matches.is_exact(), input.rows)?;
        return multiplied(task, node, input, &counts);
    }
    let (rows, statements) = expand(task, &view, matches.is_exact(), input.rows)?;
    let column = |column: &hypergraphql_query::graph::Column| -> Result<Column, QueryError> {
        let variable = &column.variable;
        if let Some(index) = input.index(variable) {
            return gather(task, &input.columns[index], &rows);
        }
        match matches.free.iter().find(|(free, _)| free == variable) {
            Some(&(_, position)) => gather(task, view.column(position), &statements),
            None if atom.period.as_ref() == Some(variable) => view.valid_times(task, &statements),
            None if column.optional => Ok(Column::constant(UNBOUND, total(&rows) as usize)),
            None => Err(task.plan(format!("neither its input nor its atom has {variable}"))),
        }
    };
    let columns = node.schema.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let weight = match &input.weight {
        Some(weight) => Some(Arc::new(fill(task, &rows, |row| weight[row as usize])?)),
        None => None,
    };
    let variables = node.schema.iter().map(|column| column.variable.clone()).collect();
    Ok(Table { variables, columns, weight, rows: task.rows(total(&rows))? })
}

/// Matches of each row.
fn counts(task: &Task<'_, '_>, view: &View<'_, '_>, exact: bool, rows: usize) -> Result<Vec<u64>, QueryError> {
    task.room(rows as u64, 8)?;
    let pieces = task.morsels(rows, BLOCK, |range| {
        let count = |row: usize| match exact {
            true => view.range(row).len(),
            false => view.range(row).filter(|&statement| view.accepts(row, statement)).count(),
        };
        Ok(range.map(|row| count(row) as u64).collect::<Vec<u64>>())
    })?;
    Ok(pieces.concat())
}

/// The rows that have matches, each with its weight times their number; one row for all where they have no columns.
pub(crate) fn multiplied(task: &Task<'_, '_>, node: &Node, input: &Table, counts: &[u64]) -> Result<Table, QueryError> {
    let overflow = || task.too_many();
    let times = |row: usize| input.weight(row).checked_mul(counts[row]);
    if node.schema.is_empty() {
        // Rows without columns are all the same.
        let sum = |range: Range<usize>| Ok(range.map(times).try_fold(0u64, |sum, weight| sum.checked_add(weight?)));
        let sums = task.morsels(input.rows, MORSEL, sum)?;
        return sums.into_iter().try_fold(0u64, |sum, part| sum.checked_add(part?)).map(Table::nothing).ok_or_else(overflow);
    }
    let kept: Vec<Vec<u32>> =
        task.morsels(input.rows, MORSEL, |range| Ok(range.filter(|&row| counts[row] > 0).map(|row| row as u32).collect()))?;
    let weight = fill(task, &kept, |row| times(row as usize))?.into_iter().collect::<Option<Vec<u64>>>().ok_or_else(overflow)?;
    let input = input.clone().with_schema(&node.schema);
    let rows = weight.len();
    let columns = match rows == input.rows {
        true => input.columns,
        false => input.columns.iter().map(|column| gather(task, column, &kept)).collect::<Result<Vec<_>, _>>()?,
    };
    Ok(Table { variables: input.variables, columns, weight: Some(Arc::new(weight)), rows })
}

/// Pairs of a row and a match of it, in pieces.
type Pairs = (Vec<Vec<u32>>, Vec<Vec<u32>>);

fn expand(task: &Task<'_, '_>, view: &View<'_, '_>, exact: bool, rows: usize) -> Result<Pairs, QueryError> {
    let sizes = task.morsels(rows, BLOCK, |range| Ok(range.map(|row| view.range(row).len() as u64).sum::<u64>()))?;
    let candidates: u64 = sizes.iter().sum();
    if exact {
        task.rows(candidates)?;
        task.room(candidates, 8)?;
    }
    let piece = |block: usize| -> Result<(Vec<u32>, Vec<u32>), QueryError> {
        task.check()?;
        let capacity = if exact { sizes[block] as usize } else { 0 };
        let (mut of_row, mut statements) = (Vec::with_capacity(capacity), Vec::with_capacity(capacity));
        let mut seen = 0;
        for row in block * BLOCK..((block + 1) * BLOCK).min(rows) {
            let range = view.range(row);
            seen += range.len();
            if exact {
                of_row.resize(of_row.len() + range.len(), row as u32);
                statements.extend(range.map(|statement| statement as u32));
            } else {
                statements.extend(range.filter(|&statement| view.accepts(row, statement)).map(|statement| statement as u32));
                of_row.resize(statements.len(), row as u32);
            }
            if seen >= MORSEL {
                (seen, _) = (0, task.check()?);
                task.room(of_row.len() as u64, 8)?;
            }
        }
        Ok((of_row, statements))
    };
    let pieces: Vec<_> = (0..sizes.len()).into_par_iter().with_max_len(1).map(piece).collect::<Result<_, _>>()?;
    Ok(pieces.into_iter().unzip())
}
