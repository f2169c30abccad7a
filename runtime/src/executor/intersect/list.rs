//! The candidates of an atom.

use std::ops::Range;

use hypergraphql_framework::store::Adjacency;
use hypergraphql_query::algebra::Variable;

use super::super::matches::{Matches, View};
use super::super::table::Table;
use super::super::task::Task;
use super::set::Sets;
use crate::engine::QueryError;

/// Candidates of an atom: for each row a range of ascending values.
pub(super) struct List<'a, 's> {
    view: View<'a, 's>,
    /// Where ranges are found by one column of the rows alone.
    direct: Option<(&'a Adjacency, &'a [u32])>,
    pub(super) values: &'a [u32],
    /// Every candidate is a match.
    pub(super) exact: bool,
    /// Of ranges that are long and asked for by many rows.
    pub(super) sets: Sets,
}

impl<'a, 's> List<'a, 's> {
    pub(super) fn new(task: &Task<'_, '_>, matches: &'a Matches<'s>, variable: &Variable, input: &'a Table) -> Result<Self, QueryError> {
        let view = matches.view(input);
        let values = matches.free.iter().find(|(free, _)| free == variable).map_or(&[][..], |&(_, position)| view.column(position));
        let exact = matches.is_exact();
        let sets = if exact { Sets::new(task, values.len(), input.rows)? } else { Sets::none() };
        Ok(Self { view, direct: matches.direct(input), values, exact, sets })
    }

    /// Where the candidates of rows are.
    pub(super) fn ranges<'r>(&self, rows: Range<usize>, ranges: impl Iterator<Item = &'r mut Range<usize>>) {
        match self.direct {
            Some((adjacency, column)) => adjacency.ranges(&column[rows], ranges),
            None => rows.zip(ranges).for_each(|(row, range)| *range = self.view.range(row)),
        }
    }

    /// Reads where candidates begin and end.
    pub(super) fn touch<'r>(&self, ranges: impl Iterator<Item = &'r Range<usize>>) {
        let value = |at: usize| self.values.get(at).copied().unwrap_or(0);
        let ends = |range: &Range<usize>| value(range.start) ^ value(range.end.wrapping_sub(1));
        std::hint::black_box(ranges.map(ends).fold(0, |all, ends| all ^ ends));
    }

    /// Whether a candidate of a row is a match.
    #[inline]
    pub(super) fn accepts(&self, row: usize, statement: usize) -> bool {
        self.exact || self.view.accepts(row, statement)
    }

    /// Whether a value is in the rest of a row's list, which is cut off before it.
    #[inline]
    pub(super) fn has(&self, row: usize, rest: &mut Range<usize>, value: u32) -> bool {
        rest.start = gallop(self.values, rest.clone(), value);
        if self.exact {
            return rest.start < rest.end && self.values[rest.start] == value;
        }
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
