//! Valid time of statements: those of a snapshot, and the periods of each.

use hypergraphql_framework::store::{Id, Instant, PeriodSet, Periods};
use hypergraphql_query::algebra::Expression;
use hypergraphql_query::graph::Source;

use super::instants::Instants;
use super::table::Table;
use super::task::Task;
use crate::engine::QueryError;

/// The statements that are valid at the instant of a row, or timeless.
pub(crate) struct Snapshot<'s> {
    periods: Option<&'s Periods>,
    at: Instants,
}

impl<'s> Snapshot<'s> {
    /// The snapshots at the values of an expression; where it has none, there are no statements.
    pub(crate) fn new(task: &Task<'s, '_>, as_of: &Expression, source: Source, input: &Table) -> Result<Self, QueryError> {
        Ok(Self { periods: periods(task, source)?, at: Instants::of(task, as_of, input)? })
    }

    /// The snapshot at an instant, for all rows.
    pub(crate) fn at(task: &Task<'s, '_>, at: Instant, source: Source) -> Result<Self, QueryError> {
        Ok(Self { periods: periods(task, source)?, at: Instants::One(Some(at)) })
    }

    /// Whether there are no statements for any row.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.at, Instants::One(None))
    }

    /// Whether all statements of a predicate are there for all rows; none: those of all predicates.
    pub(crate) fn has_all(&self, predicate: Option<Id>) -> bool {
        matches!(self.at, Instants::One(Some(_))) && !concerned(self.periods, predicate)
    }

    /// Whether a statement (subject, predicate, object, graph) is there for a row.
    #[inline]
    pub(crate) fn has(&self, row: usize, statement: [Id; 4]) -> bool {
        let Some(at) = self.at.at(row) else { return false };
        let valid = |periods: &Periods| periods.statement(statement).is_none_or(|set| set.contains(at));
        self.periods.is_none_or(valid)
    }
}

/// Whether statements of a predicate, or of some predicate, may have a valid time.
pub(crate) fn concerned(periods: Option<&Periods>, predicate: Option<Id>) -> bool {
    periods.is_some_and(|periods| predicate.is_none_or(|predicate| periods.concern(predicate)))
}

/// The valid times of statements; none if all are timeless.
pub(crate) fn periods<'s>(task: &Task<'s, '_>, source: Source) -> Result<Option<&'s Periods>, QueryError> {
    let periods = task.space().periods()?;
    match source {
        _ if periods.is_empty() => Ok(None),
        // What is derived from timeless statements only is timeless; otherwise premises would have to be known.
        Source::Closure(_) => {
            let what = "the valid time of derived statements (INFER together with TEMPORAL on a store with periods)";
            Err(QueryError::NotAvailable { operator: task.operator.to_owned(), what })
        }
        Source::Asserted | Source::Incidences => Ok(Some(periods)),
    }
}

/// The instants at which one of some statements is valid; none if one of them is timeless.
pub(crate) fn any_of(mut statements: impl Iterator<Item = Option<PeriodSet>>) -> Option<PeriodSet> {
    let first = statements.next()??;
    let mut rest = statements.peekable();
    if rest.peek().is_none() {
        return Some(first);
    }
    let mut all = first.periods().to_vec();
    for set in rest {
        all.extend_from_slice(set?.periods());
    }
    Some(PeriodSet::union(all))
}
