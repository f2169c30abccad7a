//! What has to be asked of each statement of a range, as flags.

use hypergraphql_framework::store::Position;
use hypergraphql_kernels::mark::Test;
use hypergraphql_kernels::relations::Column;

use super::super::graph_check::GraphCheck;
use super::super::matches::{Matches, Place};
use super::super::table;
use super::Failure;
use super::columns::{Both, DeviceTable};
use super::on::On;
use super::values::flags;

/// Pairs of a row and a statement.
pub(super) struct Candidates<'c> {
    /// The table of the rows, and which of them each pair has; none for the matches of an atom alone.
    pub(super) rows: Option<(&'c DeviceTable, &'c Column)>,
    /// Which statement each pair has; none: each statement once.
    pub(super) statements: Option<&'c Column>,
}

/// A column of the statements that matches are among.
pub(super) fn statements(on: &On<'_, '_>, matches: &Matches<'_>, position: Position) -> Result<Column, Failure> {
    Both::of_host(table::Column::Stored(matches.rows().shared(position), matches.all())).device(on)
}

/// Whether flags can say which statements are matches.
pub(super) fn are_possible(matches: &Matches<'_>) -> bool {
    let has_graphs = matches.graph.is_any() || matches.rows().is_empty() || !matches.rows().column(Position::Graph).is_empty();
    // In a merge of graphs, a triple that several have counts once.
    has_graphs && !matches!(matches.graph, GraphCheck::Merge(_)) && matches.snapshot.is_none() && matches.is_timeless()
}

/// Which candidates are matches; none: all of them.
pub(super) fn accepted(on: &On<'_, '_>, matches: &Matches<'_>, of: &Candidates<'_>) -> Result<Option<Column>, Failure> {
    let value = |position: Position| -> Result<Column, Failure> {
        let all = statements(on, matches, position)?;
        of.statements.map_or(Ok(all.clone()), |places| on.take(&all, places))
    };
    let row = |column: usize| -> Result<Column, Failure> {
        let Some((table, rows)) = of.rows else { return Err(on.task.plan("a check on rows that are not there").into()) };
        on.take(&table.columns[column].device(on)?, rows)
    };
    let mut all = vec![];
    match &matches.graph {
        GraphCheck::Any => {}
        GraphCheck::One(graph) => all.push(on.within(&value(Position::Graph)?, *graph..*graph + 1)?),
        check => all.push(flags(on, &value(Position::Graph)?, |graph| check.has_graph(graph))?),
    }
    if let Some(column) = matches.graph_column {
        all.push(on.pairs(&value(Position::Graph)?, &row(column)?, Test::Equal)?);
    }
    for &(first, second) in &matches.equal {
        all.push(on.pairs(&value(first)?, &value(second)?, Test::Equal)?);
    }
    for (place, condition) in &matches.conditions {
        all.push(match place {
            // Statements of a closure may have ids that the store has not.
            Place::Statement(position) if condition.is_exact() && matches.of_store => on.within(&value(*position)?, condition.hull())?,
            Place::Statement(position) => flags(on, &value(*position)?, |id| condition.holds(id))?,
            Place::Row(column) => flags(on, &row(*column)?, |id| condition.holds(id))?,
        });
    }
    if let Some(incidences) = &matches.incidences {
        all.push(flags(on, &value(Position::Predicate)?, |predicate| incidences.has(predicate))?);
    }
    let mut both: Option<Column> = None;
    for flags in all {
        both = Some(match both {
            Some(before) => on.pairs(&before, &flags, Test::Both)?,
            None => flags,
        });
    }
    Ok(both)
}
