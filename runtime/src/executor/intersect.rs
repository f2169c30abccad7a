//! `Intersect`: for every row the values of one variable that several atoms allow. Per row the shortest list of candidates is walked and looked up
//! in the others, which makes the work that of a worst-case-optimal join (Ngo, Ré, Rudra, "Skew strikes back", 2013).

use std::ops::Range;
use std::sync::Arc;

use hypergraphql_query::algebra::Variable;
use hypergraphql_query::graph::{self, Atom, Node, Op};

use super::extend::{extend, multiplied};
use super::gather::{fill, gather, total};
use super::matches::{Matches, View, Wish, lacks, used};
use super::table::{Column, Table};
use super::task::{MORSEL, Task};
use crate::engine::QueryError;

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
    let lists: Vec<List<'_, '_>> = all.iter().map(|matches| List::new(matches, variable, input)).collect();
    if node.weighted && node.schema.iter().all(|column| column.variable != *variable) {
        return multiplied(task, node, input, &counts(task, &lists, input.rows)?);
    }
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

/// How many values all lists of each row have.
fn counts(task: &Task<'_, '_>, lists: &[List<'_, '_>], rows: usize) -> Result<Vec<u64>, QueryError> {
    let pieces = pieces(task, lists, rows, |found: &mut Vec<u64>, first, row, _| {
        found.resize(row - first + 1, 0);
        found[row - first] += 1;
    })?;
    let mut counts = Vec::with_capacity(rows);
    for (block, mut piece) in pieces.into_iter().enumerate() {
        piece.resize(BLOCK.min(rows - block * BLOCK), 0);
        counts.append(&mut piece);
    }
    Ok(counts)
}

/// Pieces of rows, and the values that all lists of each have.
fn common(task: &Task<'_, '_>, lists: &[List<'_, '_>], rows: usize) -> Result<(Vec<Vec<u32>>, Vec<Vec<u32>>), QueryError> {
    let pieces = pieces(task, lists, rows, |found: &mut (Vec<u32>, Vec<u32>), _, row, value| {
        found.0.push(row as u32);
        found.1.push(value);
    })?;
    task.rows(pieces.iter().map(|(rows, _)| rows.len() as u64).sum())?;
    Ok(pieces.into_iter().unzip())
}

/// Calls `add` with what was found, the first row of the block, a row and a value that all its lists have; one result for each block of rows.
fn pieces<T: Default + Send>(
    task: &Task<'_, '_>,
    lists: &[List<'_, '_>],
    rows: usize,
    add: impl Fn(&mut T, usize, usize, u32) + Sync,
) -> Result<Vec<T>, QueryError> {
    task.morsels(rows, BLOCK, |range| {
        let mut found = T::default();
        let mut ranges: Vec<Range<usize>> = vec![];
        let (first, mut seen) = (range.start, 0);
        for batch in range.clone().step_by(BATCH).map(|from| from..(from + BATCH).min(range.end)) {
            begin(lists, batch.clone(), &mut ranges);
            for (row, ranges) in batch.zip(ranges.chunks_exact_mut(lists.len().max(1))) {
                let Some(shortest) = (0..lists.len()).min_by_key(|&list| ranges[list].len()) else { continue };
                let candidates = ranges[shortest].clone();
                seen += candidates.len();
                for statement in candidates {
                    let value = lists[shortest].values[statement];
                    let all = lists[shortest].accepts(row, statement)
                        && (0..lists.len()).all(|list| list == shortest || lists[list].has(row, &mut ranges[list], value));
                    if all {
                        add(&mut found, first, row, value);
                    }
                }
                if seen >= MORSEL {
                    seen = 0;
                    task.check()?;
                }
            }
        }
        Ok(found)
    })
}

/// The range of each list for each row, row by row. They lie all over memory: where each begins is read here, in loops whose turns do not wait for
/// each other, so that the processor has many of them under way at once.
fn begin(lists: &[List<'_, '_>], rows: Range<usize>, ranges: &mut Vec<Range<usize>>) {
    ranges.clear();
    for row in rows {
        ranges.extend(lists.iter().map(|list| list.view.range(row)));
    }
    let firsts = |ranges: &[Range<usize>]| -> u32 {
        let of = |(list, range): (&List<'_, '_>, &Range<usize>)| list.values.get(range.start).copied().unwrap_or(0);
        lists.iter().zip(ranges).map(of).fold(0, u32::wrapping_add)
    };
    std::hint::black_box(ranges.chunks_exact(lists.len().max(1)).map(firsts).fold(0, u32::wrapping_add));
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
