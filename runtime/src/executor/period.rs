//! `Period`: the valid time of rows, and what `TEMPORAL` asks of it.

use hashbrown::HashMap;
use hypergraphql_framework::store::{Id, Instant, Period, PeriodSet};
use hypergraphql_query::algebra::{Temporal, Variable};
use hypergraphql_query::graph::Node;
use oxrdf::Term;

use super::gather::kept;
use super::instants::Instants;
use super::period_sets::TIMELESS;
use super::table::{Column, Table, UNBOUND};
use super::task::{MORSEL, Task};
use crate::engine::QueryError;

/// A constraint with its operands as instants of the rows.
enum Constraint {
    Between(Instants, Instants),
    Before(Instants),
    After(Instants),
    During(Instants, Instants),
    Overlaps(Instants, Instants),
}

/// Runs the operator. Rows whose statements are all timeless, or never hold together, meet no constraint.
pub(crate) fn period(
    task: &Task<'_, '_>,
    node: &Node,
    periods: &[Variable],
    constraint: &Temporal,
    input: Table,
) -> Result<Table, QueryError> {
    let checked = Constraint::new(task, constraint, &input)?;
    let sets = valid_times(task, periods, &input)?;
    task.room(input.rows as u64, size_of::<Option<Instant>>() as u64)?;
    let first = |row: usize| checked.first(row, &task.session.periods.get(sets[row])?);
    let found = task.morsels(input.rows, MORSEL, |rows| Ok(rows.map(first).collect::<Vec<_>>()))?.concat();
    let table = match constraint {
        Temporal::Between(variable, ..) => {
            let column = instants(task, &found)?;
            input.with_column(variable, column)
        }
        _ => input,
    };
    Ok(kept(task, table, |row| found[row].is_some())?.with_schema(&node.schema))
}

/// The number of the valid time of each row.
fn valid_times(task: &Task<'_, '_>, periods: &[Variable], input: &Table) -> Result<Vec<u32>, QueryError> {
    task.room(input.rows as u64, 4)?;
    let column = |variable: &Variable| input.column(variable).ok_or_else(|| task.plan(format!("its input has no {variable}")));
    let columns = periods.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let mut sets = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        if row % MORSEL == 0 {
            task.check()?;
            task.room(task.session.periods.bytes(), 1)?;
        }
        sets.push(columns.iter().fold(TIMELESS, |set, column| task.session.periods.intersection(set, column[row])));
    }
    Ok(sets)
}

/// Ids of instants, as dateTimes in Z.
fn instants(task: &Task<'_, '_>, found: &[Option<Instant>]) -> Result<Column, QueryError> {
    let (mut ids, mut known): (Vec<Id>, HashMap<Instant, Id>) = (Vec::with_capacity(found.len()), HashMap::new());
    for instant in found {
        ids.push(match instant {
            None => UNBOUND,
            Some(instant) => match known.get(instant) {
                Some(&id) => id,
                None => {
                    let id = task.intern(&Term::from(instant.to_literal()))?;
                    known.insert(*instant, id);
                    id
                }
            },
        });
    }
    Ok(ids.into())
}

impl Constraint {
    fn new(task: &Task<'_, '_>, constraint: &Temporal, input: &Table) -> Result<Self, QueryError> {
        let of = |expression| Instants::of(task, expression, input);
        Ok(match constraint {
            Temporal::Between(_, from, to) => Self::Between(of(from)?, of(to)?),
            Temporal::Before(at) => Self::Before(of(at)?),
            Temporal::After(at) => Self::After(of(at)?),
            Temporal::During(from, to) => Self::During(of(from)?, of(to)?),
            Temporal::Overlaps(from, to) => Self::Overlaps(of(from)?, of(to)?),
            Temporal::AsOf(_) => return Err(task.plan("AS OF is asked of statements, not of rows")),
        })
    }

    /// An instant that shows that the constraint is met, for `BETWEEN` the first in its range; none if it is not met, or an operand is no instant.
    fn first(&self, row: usize, valid: &PeriodSet) -> Option<Instant> {
        let periods = valid.periods();
        let (begin, end) = (periods.first()?.from, periods.last()?.to);
        match self {
            Self::Between(from, to) => {
                let (from, to) = (from.at(row)?, to.at(row)?);
                first_from(periods, from).filter(|first| *first <= to)
            }
            Self::Before(at) => at.at(row).filter(|at| end.is_some_and(|end| end <= *at)),
            Self::After(at) => at.at(row).filter(|at| begin.is_some_and(|begin| begin >= *at)),
            Self::During(from, to) => {
                let (from, to) = (from.at(row)?, to.at(row)?);
                begin.filter(|begin| *begin >= from && end.is_some_and(|end| end <= to))
            }
            Self::Overlaps(from, to) => {
                let (from, to) = (from.at(row)?, to.at(row)?);
                first_from(periods, from).filter(|first| *first < to)
            }
        }
    }
}

/// The first instant of the periods that is not before this one.
fn first_from(periods: &[Period], from: Instant) -> Option<Instant> {
    let last = periods.iter().find(|period| period.to.is_none_or(|to| from < to))?;
    Some(last.from.map_or(from, |begin| begin.max(from)))
}
