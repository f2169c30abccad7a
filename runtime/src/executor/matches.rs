//! Where the matches of an atom lie: an order of the store, a range of it for each row, and what has to be asked of each statement there.

use std::ops::Range;
use std::sync::Arc;

use hypergraphql_framework::store::{Adjacency, Id, Order, PeriodSet, Position, Rows};
use hypergraphql_query::algebra::{TermPattern, Variable};
use hypergraphql_query::graph::{Atom, GraphScope, Source};

use super::condition::{Condition, conditions};
use super::dataset::DEFAULT_GRAPH;
use super::gather::{fill, total};
use super::graph_check::GraphCheck;
use super::incidence::Incidences;
use super::period_sets::TIMELESS;
use super::snapshot::{Snapshot, ValidTimes, any_of};
use super::source::Statements;
use super::table::{Column, Table, UNBOUND};
use super::task::Task;
use crate::engine::QueryError;
use crate::infer::Time;

/// The orders of the store, the cheapest to search first.
const ORDERS: [(Order, [Position; 3]); 4] = [
    (Order::Pso, [Position::Predicate, Position::Subject, Position::Object]),
    (Order::Pos, [Position::Predicate, Position::Object, Position::Subject]),
    (Order::Spo, [Position::Subject, Position::Predicate, Position::Object]),
    (Order::Osp, [Position::Object, Position::Subject, Position::Predicate]),
];

/// What stands at a place of an atom.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Slot {
    Constant(Id),
    /// The value of a column of the row.
    Row(usize),
    Free(Variable),
}

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

/// What a caller would like of an order.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wish<'a> {
    /// Free variables in whose order the matches should come.
    pub(crate) sorted_by: &'a [Variable],
    /// The free variable that has to come right behind what is bound.
    pub(crate) next: Option<&'a Variable>,
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

/// Columns of statements and of rows as plain slices.
pub(crate) struct View<'a, 's> {
    matches: &'a Matches<'s>,
    columns: [&'a [u32]; 3],
    graphs: &'a [u32],
    input: Vec<&'a [u32]>,
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

/// Place of subject, predicate and object in arrays.
const fn place(position: Position) -> usize {
    match position {
        Position::Subject => 0,
        Position::Predicate => 1,
        Position::Object | Position::Graph => 2,
    }
}

/// What stands where in the atom; `None` where a constant is no term of the store.
fn slots(task: &Task<'_, '_>, statements: Statements<'_>, atom: &Atom, input: &Table) -> Result<Option<[Slot; 3]>, QueryError> {
    let triple = &atom.triple;
    let mut slots = vec![];
    for pattern in [&triple.subject, &triple.predicate, &triple.object] {
        slots.push(match pattern {
            TermPattern::Variable(variable) => input.index(variable).map_or_else(|| Slot::Free(variable.clone()), Slot::Row),
            TermPattern::Term(term) => match statements.id(task, term)? {
                Some(id) => Slot::Constant(id),
                None => return Ok(None),
            },
            TermPattern::Triple(_) => return Err(task.plan("a triple term with variables stands in an atom")),
        });
    }
    Ok(slots.try_into().ok())
}

/// The order in which what is bound comes first, constants before values of rows; then what is wished for.
fn choose<'s>(slots: &[Slot; 3], wish: Wish<'_>, conditions: &[(Variable, Condition<'s>)]) -> (Order, Vec<Position>) {
    let slot = |position: Position| &slots[place(position)];
    let free = |position: Position| if let Slot::Free(v) = slot(position) { Some(v) } else { None };
    let bound = slots.iter().filter(|slot| !matches!(slot, Slot::Free(_))).count();
    let constants = |sequence: &[Position; 3]| sequence.iter().take_while(|&&p| matches!(slot(p), Slot::Constant(_))).count();
    let score = |sequence: &[Position; 3]| {
        let behind: Vec<&Variable> = sequence[bound..].iter().filter_map(|&p| free(p)).collect();
        let next = wish.next.is_some_and(|next| behind.first() == Some(&next));
        let sorted = behind.iter().zip(wish.sorted_by).take_while(|(a, b)| *a == b).count();
        let narrowed = behind.first().is_some_and(|&v| conditions.iter().any(|(of, condition)| of == v && condition.is_narrow()));
        (next, constants(sequence), sorted, narrowed)
    };
    let possible = ORDERS.iter().filter(|(_, sequence)| sequence[..bound].iter().all(|&p| free(p).is_none()));
    // The first of the best.
    let best = possible.rev().max_by_key(|(_, sequence)| score(sequence)).unwrap_or(&ORDERS[0]);
    (best.0, best.1.to_vec())
}

/// New variables with the first place of each, and the pairs of places that hold the same.
fn free_places(slots: &[Slot; 3], atom: &Atom, input: &Table) -> (Vec<(Variable, Position)>, Vec<(Position, Position)>) {
    let (mut free, mut equal): (Vec<(Variable, Position)>, _) = (vec![], vec![]);
    let places = [Position::Subject, Position::Predicate, Position::Object];
    let mut found: Vec<(Variable, Position)> =
        slots.iter().zip(places).filter_map(|(slot, p)| if let Slot::Free(v) = slot { Some((v.clone(), p)) } else { None }).collect();
    if let GraphScope::Each(variable) = &atom.graph
        && input.index(variable).is_none()
    {
        found.push((variable.clone(), Position::Graph));
    }
    for (variable, position) in found {
        match free.iter().find(|(v, _)| *v == variable) {
            Some(&(_, first)) => equal.push((first, position)),
            None => free.push((variable, position)),
        }
    }
    (free, equal)
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
