//! Where the matches of an atom lie: an order of the store, a range of it for each row, and what has to be asked of each statement there.

mod slots;
mod view;

use std::ops::Range;
use std::sync::Arc;

use hypergraphql_framework::store::{Adjacency, Id, Position, Rows};
use hypergraphql_query::algebra::{TermPattern, Variable};
use hypergraphql_query::graph::{Atom, GraphScope, Source};

use super::condition::{Condition, conditions};
use super::graph_check::GraphCheck;
use super::incidence::Incidences;
use super::snapshot::{Snapshot, ValidTimes};
use super::source::Statements;
use super::table::{Table, UNBOUND};
use super::task::Task;
use crate::engine::QueryError;
use crate::infer::Time;
pub(crate) use slots::{Slot, Wish};
use slots::{choose, free_places, place, slots};
pub(crate) use view::{View, within};

/// The way to the matches of an atom.
pub(crate) struct Matches<'s> {
    rows: Arc<Rows<'s>>,
    /// Statements of `rows` that a condition leaves.
    all: Range<usize>,
    /// They are statements of the store, not of a closure.
    pub(super) of_store: bool,
    /// By what a range is narrowed, one after the other.
    pub(super) keys: Vec<(Position, Slot)>,
    adjacency: Option<Arc<Adjacency>>,
    pub(super) graph: GraphCheck,
    /// The column that says of which graph a row is.
    pub(super) graph_column: Option<usize>,
    /// Places that have to hold the same.
    pub(super) equal: Vec<(Position, Position)>,
    pub(super) conditions: Vec<(Place, Condition<'s>)>,
    pub(super) incidences: Option<Incidences>,
    /// Where not all statements are there for all rows.
    pub(super) snapshot: Option<Snapshot<'s>>,
    /// Valid times of the statements, if they are wanted and not all are timeless.
    periods: Option<ValidTimes<'s>>,
    /// New variables and where their values stand.
    pub(crate) free: Vec<(Variable, Position)>,
    /// Places of the order behind the constants.
    sequence: Vec<Position>,
}

/// Where the value of a condition's variable stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    Statement(Position),
    Row(usize),
}

impl<'a> Matches<'a> {
    /// The way to the matches of an atom for rows of a table, all of whose values it uses are bound; `None`: there are none.
    pub(crate) fn new(task: &Task<'a, '_>, atom: &Atom, input: &Table, wish: Wish<'_>) -> Result<Option<Self>, QueryError> {
        let Some(graph) = GraphCheck::new(task, &atom.graph) else { return Ok(None) };
        let Some(time) = Time::of(task.space(), atom.as_of.as_ref(), atom.period.is_some())? else { return Ok(None) };
        let (statements, graph) = Statements::new(task, atom.source, time, graph)?;
        let Some(slots) = slots(task, statements, atom, input)? else { return Ok(None) };
        let predicate = if let Slot::Constant(id) = slots[place(Position::Predicate)] { Some(id) } else { None };
        let valid = if atom.as_of.is_some() || atom.period.is_some() { ValidTimes::of(task, statements)? } else { None };
        let snapshot = atom.as_of.as_ref().map(|at| Snapshot::new(task, at, valid, input)).transpose()?;
        if snapshot.as_ref().is_some_and(Snapshot::is_empty) {
            return Ok(None);
        }
        let snapshot = snapshot.filter(|snapshot| !snapshot.has_all(predicate));
        let periods = valid.filter(|periods| atom.period.is_some() && periods.concern(predicate));
        // Without an instant all times are asked for.
        periods.filter(|_| atom.as_of.is_none()).map_or(Ok(()), |periods| periods.check(None))?;
        let graph_column = if let GraphScope::Each(variable) = &atom.graph { input.index(variable) } else { None };
        let conditions = conditions(task, &atom.conditions)?;
        let (order, sequence) = choose(&slots, wish, &conditions);
        let prefix_is_predicate = sequence[0] == Position::Predicate;
        let slot = |position: Position| &slots[place(position)];
        let prefix: Vec<Id> = sequence.iter().map_while(|&p| if let Slot::Constant(id) = slot(p) { Some(*id) } else { None }).collect();
        let behind = &sequence[prefix.len()..];
        let keys = behind.iter().map(|&p| (p, slot(p).clone())).take_while(|(_, slot)| !matches!(slot, Slot::Free(_)));
        let keys: Vec<(Position, Slot)> = keys.collect();
        let sequence = behind[keys.len()..].to_vec();
        let rows = Arc::new(statements.rows(order, &prefix));
        let dense = matches!((&keys[..], &prefix[..]), ([_, ..], [_])) && prefix_is_predicate;
        let adjacency = if dense { statements.adjacency(order, prefix[0]) } else { None };
        let (free, equal) = free_places(&slots, atom, input);
        let all = 0..rows.len();
        let incidences = (atom.source == Source::Incidences).then(|| Incidences::new(task.space()));
        let conditions = conditions.into_iter().map(|(variable, condition)| {
            let statement = free.iter().find(|(v, _)| *v == variable).map(|&(_, p)| Place::Statement(p));
            let place = statement.or_else(|| input.index(&variable).map(Place::Row));
            place.map(|place| (place, condition)).ok_or_else(|| task.plan(format!("a condition on {variable}, which the atom has not")))
        });
        let conditions = conditions.collect::<Result<Vec<_>, _>>()?;
        let of_store = matches!(statements, Statements::Asserted(_));
        let mut matches = Self {
            rows,
            all,
            of_store,
            keys,
            adjacency,
            graph,
            graph_column,
            equal,
            conditions,
            incidences,
            snapshot,
            periods,
            free,
            sequence,
        };
        matches.narrow();
        Ok(Some(matches))
    }

    /// Uses conditions on the first free place where all rows share one range.
    fn narrow(&mut self) {
        let (true, Some(&next)) = (self.keys.is_empty(), self.sequence.first()) else { return };
        let column = self.rows.column(next);
        let mut exact = vec![];
        for (at, (place, condition)) in self.conditions.iter().enumerate() {
            if *place != Place::Statement(next) {
                continue;
            }
            let hull = condition.hull();
            let within = &column[self.all.clone()];
            let (first, last) = (within.partition_point(|&id| id < hull.start), within.partition_point(|&id| id < hull.end));
            self.all = self.all.start + first..self.all.start + last.max(first);
            if condition.is_exact() {
                exact.push(at);
            }
        }
        for at in exact.into_iter().rev() {
            self.conditions.swap_remove(at);
        }
    }

    /// Statements in the chosen order.
    pub(crate) fn rows(&self) -> &Arc<Rows<'a>> {
        &self.rows
    }

    /// The statements that all rows share.
    pub(crate) fn all(&self) -> Range<usize> {
        self.all.clone()
    }

    /// Every statement of a range is a match.
    pub(crate) fn is_exact(&self) -> bool {
        let plain = self.graph.is_any() && self.equal.is_empty() && self.conditions.is_empty();
        plain && self.incidences.is_none() && self.snapshot.is_none()
    }

    /// Whether the statements are timeless, or nobody wants to know.
    pub(crate) fn is_timeless(&self) -> bool {
        self.periods.is_none()
    }

    /// Whether matches come ascending by these variables, as far as they are free and without what is the same in all of them.
    pub(crate) fn ascends_by(&self, variables: &[Variable]) -> bool {
        let mut sequence = self.sequence.iter();
        variables.iter().all(|v| {
            let position = self.free.iter().find(|(free, _)| free == v).map(|(_, p)| p);
            position.is_some() && position == sequence.next()
        })
    }

    /// Where the range of a row is the adjacency of the value in one of its columns: both of them.
    pub(crate) fn direct<'v>(&'v self, input: &'v Table) -> Option<(&'v Adjacency, &'v [u32])> {
        match (&self.adjacency, &self.keys[..]) {
            (Some(adjacency), [(_, Slot::Row(column))]) => Some((adjacency, &input.columns[*column])),
            _ => None,
        }
    }

    /// The columns, for loops.
    pub(crate) fn view<'v>(&'v self, input: &'v Table) -> View<'v, 'a> {
        View {
            matches: self,
            columns: [Position::Subject, Position::Predicate, Position::Object].map(|p| self.rows.column(p)),
            graphs: if self.graph.is_any() { &[] } else { self.rows.column(Position::Graph) },
            input: input.columns.iter().map(|column| &**column).collect(),
        }
    }
}

/// Variables of an atom that a table has.
pub(crate) fn used(atom: &Atom, input: &Table) -> Vec<usize> {
    let triple = &atom.triple;
    let mut used: Vec<usize> = [&triple.subject, &triple.predicate, &triple.object]
        .into_iter()
        .filter_map(|pattern| if let TermPattern::Variable(v) = pattern { input.index(v) } else { None })
        .chain(if let GraphScope::Each(v) = &atom.graph { input.index(v) } else { None })
        .collect();
    used.sort_unstable();
    used.dedup();
    used
}

/// A row has no value in one of these columns.
pub(crate) fn lacks(input: &Table, columns: &[usize]) -> bool {
    columns.iter().any(|&column| input.columns[column].contains(&UNBOUND))
}
