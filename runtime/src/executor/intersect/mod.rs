//! `Intersect`: for every row the values of one variable that several atoms allow. Per row the shortest list of candidates is walked and looked up
//! in the others, which makes the work that of a worst-case-optimal join (Ngo, Ré, Rudra, "Skew strikes back", 2013).
//!
//! A list is looked up by a search that gallops, unless enough has been asked of it to pay for more: a list that rows in a row share is marked
//! ([`run`]), a long one that rows here and there share gets a set ([`set`]).

mod found;
mod list;
mod run;
mod set;
mod walk;

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use hypergraphql_query::algebra::Variable;
use hypergraphql_query::graph::{self, Atom, Node, Op};

use super::extend::{extend, multiplied};
use super::gather::{fill, gather, total};
use super::matches::{Matches, Wish, lacks, used};
use super::table::{Column, Table};
use super::task::{MORSEL, Task};
use crate::engine::QueryError;
use found::{Counts, Found, Sum, Values};
use list::List;
use run::Run;
use walk::Walk;

/// Rows that a thread takes at once.
const BLOCK: usize = 1 << 11;

/// Rows whose lists are brought near before any is walked: few enough for the fastest caches.
const BATCH: usize = 128;

/// Runs the operator.
pub(crate) fn intersect(task: &Task<'_, '_>, node: &Node, variable: &Variable, atoms: &[Atom], input: &Table) -> Result<Table, QueryError> {
    if atoms.iter().any(|atom| atom.period.is_some() || lacks(input, &used(atom, input))) {
        return one_by_one(task, node, variable, atoms, input);
    }
    let mut all = vec![];
    for atom in atoms {
        let Some(matches) = Matches::new(task, atom, input, Wish { sorted_by: &[], next: Some(variable) })? else {
            return Ok(Table::empty(&node.schema));
        };
        if !matches.ascends_by(std::slice::from_ref(variable)) {
            // A graph, whose column no order has first.
            return one_by_one(task, node, variable, atoms, input);
        }
        all.push(matches);
    }
    let lists = all.iter().map(|matches| List::new(task, matches, variable, input)).collect::<Result<Vec<_>, _>>()?;
    if node.weighted && node.schema.is_empty() {
        return summed(task, &lists, input);
    }
    if node.weighted && node.schema.iter().all(|column| column.variable != *variable) {
        task.room(input.rows as u64, 8)?;
        let pieces = pieces(task, &lists, input.rows, Counts::new)?;
        let counts: Vec<Vec<u64>> = pieces.into_iter().map(|piece| piece.counts).collect();
        return multiplied(task, node, input, &counts.concat());
    }
    let pieces = pieces(task, &lists, input.rows, |_| Values::default())?;
    let (rows, values): (Vec<_>, Vec<_>) = pieces.into_iter().map(|piece| (piece.rows, piece.values)).unzip();
    let count = task.rows(total(&rows))?;
    let column = |column: &graph::Column| match input.index(&column.variable) {
        Some(index) => gather(task, &input.columns[index], &rows),
        None if column.variable == *variable => Ok(Column::from(values.concat())),
        None => Err(task.plan(format!("neither its input nor its atoms have {}", column.variable))),
    };
    let columns = node.schema.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let weight = match &input.weight {
        Some(weight) => Some(Arc::new(fill(task, &rows, |row| weight[row as usize])?)),
        None => None,
    };
    Ok(Table { variables: node.schema.iter().map(|column| column.variable.clone()).collect(), columns, weight, rows: count })
}

/// The atoms as joins one after the other, which also serve rows that lack a value, columns of valid times, and variables for which the store has no order.
fn one_by_one(task: &Task<'_, '_>, node: &Node, variable: &Variable, atoms: &[Atom], input: &Table) -> Result<Table, QueryError> {
    let mut table = input.clone();
    let column = |variable: &Variable| graph::Column { variable: variable.clone(), optional: false };
    let mut schema: Vec<graph::Column> = input.variables.iter().map(column).collect();
    schema.push(column(variable));
    for atom in atoms {
        schema.extend(atom.period.as_ref().map(column));
        let op = Op::Extend(atom.clone());
        let step = Node { op, inputs: vec![], schema: schema.clone(), sorted_by: vec![], weighted: false, rows: 0.0 };
        table = extend(task, &step, atom, &table)?;
    }
    Ok(table.with_schema(&node.schema))
}

/// How often a row of no columns is found, which is all that there is to say of it.
fn summed(task: &Task<'_, '_>, lists: &[List<'_, '_>], input: &Table) -> Result<Table, QueryError> {
    let weight = input.weight.as_ref().map(|weight| weight.as_slice());
    let pieces = pieces(task, lists, input.rows, |_| Sum::new(weight))?;
    let all = pieces.iter().try_fold(0u64, |all, piece| all.checked_add(piece.sum?));
    all.map(Table::nothing).ok_or_else(|| task.too_many())
}

/// What is found in each block of rows.
fn pieces<F: Found>(
    task: &Task<'_, '_>,
    lists: &[List<'_, '_>],
    rows: usize,
    new: impl Fn(Range<usize>) -> F + Sync,
) -> Result<Vec<F>, QueryError> {
    // Marks are an array that pays only where there are many rows; blocks hand it on.
    let marks = Mutex::new(vec![]);
    let spare = || marks.lock().unwrap_or_else(PoisonError::into_inner);
    task.morsels(rows, BLOCK, |range| {
        let mut found = new(range.clone());
        let (mut ranges, mut seen): (Vec<Range<usize>>, usize) = (vec![], 0);
        let run = Run::new(lists, rows >= BLOCK, spare().pop());
        let mut walk = Walk::new(task, lists, run);
        for batch in range.clone().step_by(BATCH).map(|from| from..(from + BATCH).min(range.end)) {
            begin(lists, batch.clone(), &mut ranges);
            walk.run.begin_batch();
            for (at, row) in batch.enumerate() {
                seen += walk.row(row, &mut ranges[at * lists.len()..], &mut found);
                if seen >= MORSEL {
                    seen = 0;
                    task.check()?;
                }
            }
        }
        spare().extend(walk.run.end());
        Ok(found)
    })
}

/// The range of each list for each row, row by row. They lie all over memory: where each begins and ends is read here, list by list, in loops short
/// enough that the processor has many of their turns under way at once.
fn begin(lists: &[List<'_, '_>], rows: Range<usize>, ranges: &mut Vec<Range<usize>>) {
    let each = lists.len().max(1);
    ranges.clear();
    ranges.resize(rows.len() * each, 0..0);
    for (at, list) in lists.iter().enumerate() {
        list.ranges(rows.clone(), ranges[at..].iter_mut().step_by(each));
    }
    for (at, list) in lists.iter().enumerate() {
        list.touch(ranges[at..].iter().step_by(each));
    }
}
