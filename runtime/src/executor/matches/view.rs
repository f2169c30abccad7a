//! Matches as loops look at them.

use std::ops::Range;

use hypergraphql_framework::store::{Id, PeriodSet, Position};

use super::super::dataset::DEFAULT_GRAPH;
use super::super::gather::{fill, total};
use super::super::graph_check::GraphCheck;
use super::super::period_sets::TIMELESS;
use super::super::snapshot::{ValidTimes, any_of};
use super::super::table::Column;
use super::super::task::Task;
use super::slots::{Slot, place};
use super::{Matches, Place};
use crate::engine::QueryError;

/// Columns of statements and of rows as plain slices.
pub(crate) struct View<'a, 's> {
    pub(super) matches: &'a Matches<'s>,
    pub(super) columns: [&'a [u32]; 3],
    pub(super) graphs: &'a [u32],
    pub(super) input: Vec<&'a [u32]>,
}

impl<'a> View<'a, '_> {
    /// A place of the statements.
    pub(crate) fn column(&self, position: Position) -> &'a [u32] {
        match position {
            Position::Graph => self.graphs,
            _ => self.columns[place(position)],
        }
    }

    /// The statements among which a row's matches are: all of them if [`Matches::is_exact`].
    #[inline]
    pub(crate) fn range(&self, row: usize) -> Range<usize> {
        let mut range = self.matches.all.clone();
        for (at, (position, slot)) in self.matches.keys.iter().enumerate() {
            let id = match slot {
                Slot::Constant(id) => *id,
                Slot::Row(column) => self.input[*column][row],
                Slot::Free(_) => return range,
            };
            range = match (&self.matches.adjacency, at) {
                (Some(adjacency), 0) => adjacency.range(id),
                _ => within(self.column(*position), range, id),
            };
        }
        range
    }

    /// Whether a statement of a row's range is a match.
    #[inline]
    pub(crate) fn accepts(&self, row: usize, statement: usize) -> bool {
        let matches = self.matches;
        let there = |statement| matches.snapshot.as_ref().is_none_or(|snapshot| snapshot.has(row, self.statement(statement)));
        matches.graph.allows(&self.columns, self.graphs, statement, there)
            && matches.graph_column.is_none_or(|column| self.input[column][row] == self.graphs[statement])
            && matches.equal.iter().all(|&(a, b)| self.column(a)[statement] == self.column(b)[statement])
            && matches.conditions.iter().all(|(place, condition)| match place {
                Place::Statement(position) => condition.holds(self.column(*position)[statement]),
                Place::Row(column) => condition.holds(self.input[*column][row]),
            })
            && matches.incidences.as_ref().is_none_or(|incidences| incidences.has(self.columns[1][statement]))
    }

    /// The numbers of the valid times of statements.
    pub(crate) fn valid_times(&self, task: &Task<'_, '_>, statements: &[Vec<u32>]) -> Result<Column, QueryError> {
        let Some(periods) = self.matches.periods else {
            return Ok(Column::constant(TIMELESS, total(statements) as usize));
        };
        let sets = &task.session.periods;
        let column = fill(task, statements, |statement| sets.number(self.valid_time(periods, statement as usize)))?;
        task.room(sets.bytes(), 1)?;
        Ok(column.into())
    }

    /// The valid time of a match; in a merge of graphs that of the triple in all of them.
    fn valid_time(&self, periods: ValidTimes<'_>, statement: usize) -> Option<PeriodSet> {
        if !matches!(self.matches.graph, GraphCheck::Merge(_)) {
            return periods.statement(self.statement(statement));
        }
        // A match is the first of its triple.
        let same = |other: &usize| self.columns.iter().all(|column| column.get(*other) == column.get(statement));
        let of = |statement: usize| self.matches.graph.has_graph(self.graphs[statement]).then(|| self.statement(statement));
        any_of((statement..).take_while(same).filter_map(of).map(|row| periods.statement(row)))
    }

    /// A statement with its graph.
    fn statement(&self, statement: usize) -> [Id; 4] {
        let [subject, predicate, object] = self.columns.map(|column| column[statement]);
        [subject, predicate, object, self.graphs.get(statement).copied().unwrap_or(DEFAULT_GRAPH)]
    }
}

/// Part of a range in which an ascending column holds this id.
#[inline]
pub(crate) fn within(column: &[u32], range: Range<usize>, id: Id) -> Range<usize> {
    let part = &column[range.clone()];
    let first = part.partition_point(|&x| x < id);
    let last = first + part[first..].partition_point(|&x| x <= id);
    range.start + first..range.start + last
}
