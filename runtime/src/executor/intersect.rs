//! `Intersect`: for every row the values of one variable that several atoms allow. Per row the shortest list of candidates is walked and looked up
//! in the others, which makes the work that of a worst-case-optimal join (Ngo, Ré, Rudra, "Skew strikes back", 2013).

use std::ops::Range;
use std::sync::Arc;

use hypergraphql_query::algebra::Variable;
use hypergraphql_query::graph::{self, Atom, Node, Op};
use rayon::prelude::*;

use super::extend::extend;
use super::gather::{fill, gather, total};
use super::matches::{Matches, View, Wish, lacks, used};
use super::table::{Column, Table};
use super::task::{MORSEL, Task};
use crate::engine::QueryError;

/// Rows that a thread takes at once.
const BLOCK: usize = 1 << 11;

/// Runs the operator.
pub(crate) fn intersect(task: &Task<'_, '_>, node: &Node, variable: &Variable, atoms: &[Atom], input: &Table) -> Result<Table, QueryError> {
    if atoms.iter().any(|atom| lacks(input, &used(atom, input))) {
        return one_by_one(task, node, variable, atoms, input);
    }
    let mut all = vec![];
    for atom in atoms {
        let Some(matches) = Matches::new(task, atom, input, Wish { sorted_by: &[], next: Some(variable) })? else {
            return Ok(Table::empty(&node.schema));
        };
        if !matches.ascends_by(std::slice::from_ref(variable)) {
            return Err(task.plan(format!("{variable} is not the one new variable of each of its atoms")));
        }
        all.push(matches);
    }
    let lists: Vec<List<'_, '_>> = all.iter().map(|matches| List::new(matches, variable, input)).collect();
    let (rows, values) = common(task, &lists, input.rows)?;
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

/// The atoms as joins one after the other, which also serve rows that lack a value.
fn one_by_one(task: &Task<'_, '_>, node: &Node, variable: &Variable, atoms: &[Atom], input: &Table) -> Result<Table, QueryError> {
    let mut table = input.clone();
    let column = |variable: &Variable| graph::Column { variable: variable.clone(), optional: false };
    let mut schema: Vec<graph::Column> = input.variables.iter().map(column).collect();
    schema.push(column(variable));
    for atom in atoms {
        let op = Op::Extend(atom.clone());
        let step = Node { op, inputs: vec![], schema: schema.clone(), sorted_by: vec![], weighted: false, rows: 0.0 };
        table = extend(task, &step, atom, &table)?;
    }
    Ok(table.with_schema(&node.schema))
}

/// Candidates of an atom.
struct List<'a, 's> {
    view: View<'a, 's>,
    values: &'a [u32],
    exact: bool,
}

impl<'a, 's> List<'a, 's> {
    fn new(matches: &'a Matches<'s>, variable: &Variable, input: &'a Table) -> Self {
        let view = matches.view(input);
        let values = matches.free.iter().find(|(free, _)| free == variable).map_or(&[][..], |&(_, position)| view.column(position));
        Self { view, values, exact: matches.is_exact() }
    }

    fn accepts(&self, row: usize, statement: usize) -> bool {
        self.exact || self.view.accepts(row, statement)
    }

    /// Whether a value is in the rest of a row's list, which is cut off before it.
    fn has(&self, row: usize, rest: &mut Range<usize>, value: u32) -> bool {
        rest.start = gallop(self.values, rest.clone(), value);
        let mut same = rest.clone().take_while(|&statement| self.values[statement] == value);
        same.any(|statement| self.accepts(row, statement))
    }
}

/// The first place of an ascending range whose value is not below this one, in steps that double.
#[inline]
fn gallop(values: &[u32], range: Range<usize>, value: u32) -> usize {
    let (mut low, mut step) = (range.start, 1);
    while low + step <= range.end && values[low + step - 1] < value {
        low += step;
        step *= 2;
    }
    let high = (low + step - 1).min(range.end);
    low + values[low..high].partition_point(|&x| x < value)
}

/// Pieces of rows, and the values of each.
type Found = (Vec<Vec<u32>>, Vec<Vec<u32>>);

fn common(task: &Task<'_, '_>, lists: &[List<'_, '_>], rows: usize) -> Result<Found, QueryError> {
    let piece = |block: usize| -> Result<(Vec<u32>, Vec<u32>), QueryError> {
        task.check()?;
        let (mut of_row, mut values) = (vec![], vec![]);
        let mut ranges: Vec<Range<usize>> = vec![0..0; lists.len()];
        let mut seen = 0;
        for row in block * BLOCK..((block + 1) * BLOCK).min(rows) {
            for (range, list) in ranges.iter_mut().zip(lists) {
                *range = list.view.range(row);
            }
            let Some(shortest) = (0..lists.len()).min_by_key(|&list| ranges[list].len()) else { continue };
            seen += ranges[shortest].len();
            for statement in ranges[shortest].clone() {
                let value = lists[shortest].values[statement];
                let others = lists.iter().zip(&mut ranges).enumerate().filter(|(list, _)| *list != shortest);
                if lists[shortest].accepts(row, statement) && others.into_iter().all(|(_, (list, rest))| list.has(row, rest, value)) {
                    of_row.push(row as u32);
                    values.push(value);
                }
            }
            if seen >= MORSEL {
                seen = 0;
                task.check()?;
                task.room(of_row.len() as u64, 8)?;
            }
        }
        Ok((of_row, values))
    };
    let pieces: Vec<_> = (0..rows.div_ceil(BLOCK)).into_par_iter().with_max_len(1).map(piece).collect::<Result<_, _>>()?;
    Ok(pieces.into_iter().unzip())
}

#[cfg(test)]
mod tests {
    use super::gallop;

    #[test]
    fn galloping_finds_the_first_place_not_below() {
        let values = [1, 3, 3, 7, 9, 9, 20];
        for start in 0..=values.len() {
            for end in start..=values.len() {
                for value in 0..22 {
                    let expected = start + values[start..end].partition_point(|&x| x < value);
                    assert_eq!(gallop(&values, start..end, value), expected, "{value} in {start}..{end}");
                }
            }
        }
    }
}
