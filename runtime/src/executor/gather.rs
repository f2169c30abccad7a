//! Rows of a table by their places.

use std::sync::Arc;

use rayon::prelude::*;

use super::table::{Column, Table, UNBOUND};
use super::task::{MORSEL, Scope, Session, Task};
use crate::engine::QueryError;

/// A row that is none: all its values are unbound.
pub(crate) const NO_ROW: u32 = u32::MAX;

/// Total length of pieces.
pub(crate) fn total(pieces: &[Vec<u32>]) -> u64 {
    pieces.iter().map(|piece| piece.len() as u64).sum()
}

/// `source[place]` for the places in the pieces, in order; [`NO_ROW`] gives [`UNBOUND`].
pub(crate) fn gather(task: &Task<'_, '_>, source: &[u32], pieces: &[Vec<u32>]) -> Result<Column, QueryError> {
    fill(task, pieces, |place| source.get(place as usize).copied().unwrap_or(UNBOUND)).map(Into::into)
}

/// `value(place)` for the places in the pieces, in order.
pub(crate) fn fill<T: Copy + Default + Send>(
    task: &Task<'_, '_>,
    pieces: &[Vec<u32>],
    value: impl Fn(u32) -> T + Sync,
) -> Result<Vec<T>, QueryError> {
    let rows = task.rows(total(pieces))?;
    task.room(rows as u64, size_of::<T>() as u64)?;
    task.check()?;
    let mut out = vec![T::default(); rows];
    let mut rest = out.as_mut_slice();
    let mut parts = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let (part, after) = rest.split_at_mut(piece.len());
        parts.push((part, piece));
        rest = after;
    }
    let copy = |(part, piece): (&mut [T], &Vec<u32>)| part.iter_mut().zip(piece).for_each(|(to, &place)| *to = value(place));
    match rows <= MORSEL {
        true => parts.into_iter().for_each(copy),
        false => parts.into_par_iter().try_for_each(|part| task.check().map(|()| copy(part)))?,
    }
    Ok(out)
}

/// The rows at these places, with their weights.
pub(crate) fn rows(task: &Task<'_, '_>, table: &Table, pieces: &[Vec<u32>]) -> Result<Table, QueryError> {
    let columns = table.columns.iter().map(|column| gather(task, column, pieces)).collect::<Result<Vec<_>, _>>()?;
    let weight = match &table.weight {
        Some(weight) => Some(Arc::new(fill(task, pieces, |row| weight[row as usize])?)),
        None => None,
    };
    Ok(Table { variables: table.variables.clone(), columns, weight, rows: task.rows(total(pieces))? })
}

/// The rows that are kept, with their weights; the table itself if that is all of them.
pub(crate) fn kept(task: &Task<'_, '_>, table: Table, keep: impl Fn(usize) -> bool + Sync) -> Result<Table, QueryError> {
    let pieces = task.morsels(table.rows, MORSEL, |range| Ok(range.filter(|&row| keep(row)).map(|row| row as u32).collect()))?;
    match total(&pieces) == table.rows as u64 {
        true => Ok(table),
        false => rows(task, &table, &pieces),
    }
}

/// Tables one after the other, all with the columns of the first; a column that one lacks is unbound there.
pub(crate) fn concat(task: &Task<'_, '_>, tables: Vec<Table>) -> Result<Table, QueryError> {
    let mut filled = tables.iter().filter(|table| table.rows > 0);
    let Some(first) = tables.first() else { return Ok(Table::empty(&[])) };
    if let (Some(only), None) = (filled.next(), filled.next())
        && only.variables == first.variables
    {
        return Ok(only.clone());
    }
    let rows = task.rows(tables.iter().map(|table| table.rows as u64).sum())?;
    task.room(rows as u64, 4 * first.variables.len() as u64)?;
    let mut columns = vec![];
    for variable in &first.variables {
        task.check()?;
        let mut ids: Vec<u32> = Vec::with_capacity(rows);
        for table in &tables {
            match table.column(variable) {
                Some(column) => ids.extend_from_slice(column),
                None => ids.resize(ids.len() + table.rows, UNBOUND),
            }
        }
        columns.push(ids.into());
    }
    let weighted = tables.iter().any(|table| table.weight.is_some());
    let weights = || Arc::new(tables.iter().flat_map(|table| (0..table.rows).map(|row| table.weight(row))).collect());
    Ok(Table { variables: first.variables.clone(), columns, weight: weighted.then(weights), rows })
}

/// Each row as often as its weight says.
pub(crate) fn expanded(session: &Session<'_>, table: Table) -> Result<Table, QueryError> {
    let task = Task { session, operator: "the answer", scope: &Scope::default(), first_solution: 0 };
    let Some(weight) = table.weight.clone() else { return Ok(table) };
    let total = weight.iter().fold(0u64, |sum, &weight| sum.saturating_add(weight));
    task.rows(total)?;
    task.room(total, 4 + 4 * table.columns.len() as u64)?;
    let places = weight.iter().zip(0u32..).flat_map(|(&weight, row)| std::iter::repeat_n(row, weight as usize)).collect();
    rows(&task, &Table { weight: None, ..table }, &[places])
}
