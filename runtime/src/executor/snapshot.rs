//! Valid time of statements: those of a snapshot, and the periods of each.

use hypergraphql_framework::store::{Id, Instant, PeriodSet, Periods};
use hypergraphql_query::algebra::Expression;

use super::instants::Instants;
use super::source::Statements;
use super::table::Table;
use super::task::Task;
use crate::engine::QueryError;
use crate::infer::Times;

/// The valid times of statements, of which some have one.
#[derive(Clone, Copy)]
pub(crate) enum ValidTimes<'s> {
    /// Of the store.
    Store(&'s Periods),
    /// Of a closure.
    Closure(&'s Times),
}

impl<'s> ValidTimes<'s> {
    /// Those of the statements that a pattern is matched against; none if all are there whenever they are asked for.
    ///
    /// # Errors
    /// When the store's cannot be read.
    pub(crate) fn of(task: &Task<'s, '_>, statements: Statements<'s>) -> Result<Option<Self>, QueryError> {
        Ok(match statements {
            Statements::Derived(closed) => closed.times.as_ref().map(Self::Closure),
            Statements::Asserted(_) => Some(task.space().periods()?).filter(|periods| !periods.is_empty()).map(Self::Store),
        })
    }

    /// The valid time of a statement; none if it is timeless.
    pub(crate) fn statement(self, row: [Id; 4]) -> Option<PeriodSet> {
        match self {
            Self::Store(periods) => periods.statement(row),
            Self::Closure(times) => times.statement(row),
        }
    }

    /// Whether statements of a predicate, or of some predicate, may have a valid time.
    pub(crate) fn concern(self, predicate: Option<Id>) -> bool {
        match self {
            Self::Store(periods) => predicate.is_none_or(|predicate| periods.concern(predicate)),
            Self::Closure(times) => times.concern(predicate),
        }
    }

    /// That the statements do not contradict each other at an instant; none: at any.
    ///
    /// # Errors
    /// [`crate::infer::InferError::Inconsistent`].
    pub(crate) fn check(self, at: Option<Instant>) -> Result<(), QueryError> {
        match self {
            Self::Store(_) => Ok(()),
            Self::Closure(times) => Ok(times.check(at)?),
        }
    }
}

/// The statements that are valid at the instant of a row, or timeless.
pub(crate) struct Snapshot<'s> {
    periods: Option<ValidTimes<'s>>,
    at: Instants,
}

impl<'s> Snapshot<'s> {
    /// The snapshots at the values of an expression; where it has none, there are no statements.
    ///
    /// # Errors
    /// As the expression, and when the statements contradict each other at one of the instants.
    pub(crate) fn new(task: &Task<'s, '_>, as_of: &Expression, periods: Option<ValidTimes<'s>>, input: &Table) -> Result<Self, QueryError> {
        let at = Instants::of(task, as_of, input)?;
        if let Some(periods) = periods {
            at.iter().try_for_each(|at| periods.check(Some(at)))?;
        }
        Ok(Self { periods, at })
    }

    /// The snapshot at an instant, for all rows.
    ///
    /// # Errors
    /// When the statements contradict each other then.
    pub(crate) fn at(at: Instant, periods: Option<ValidTimes<'s>>) -> Result<Self, QueryError> {
        periods.map_or(Ok(()), |periods| periods.check(Some(at)))?;
        Ok(Self { periods, at: Instants::One(Some(at)) })
    }

    /// Whether there are no statements for any row.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.at, Instants::One(None))
    }

    /// Whether all statements of a predicate are there for all rows; none: those of all predicates.
    pub(crate) fn has_all(&self, predicate: Option<Id>) -> bool {
        matches!(self.at, Instants::One(Some(_))) && !self.periods.is_some_and(|periods| periods.concern(predicate))
    }

    /// Whether a statement (subject, predicate, object, graph) is there for a row.
    #[inline]
    pub(crate) fn has(&self, row: usize, statement: [Id; 4]) -> bool {
        let Some(at) = self.at.at(row) else { return false };
        let valid = |periods: ValidTimes<'_>| periods.statement(statement).is_none_or(|set| set.contains(at));
        self.periods.is_none_or(valid)
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
