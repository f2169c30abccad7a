//! What stands where in an atom, and the order of the store in which it is looked for.

use hypergraphql_framework::store::{Id, Order, Position};
use hypergraphql_query::algebra::{TermPattern, Variable};
use hypergraphql_query::graph::{Atom, GraphScope};

use super::super::condition::Condition;
use super::super::source::Statements;
use super::super::table::Table;
use super::super::task::Task;
use crate::engine::QueryError;

/// The orders of the store, the cheapest to search first.
const ORDERS: [(Order, [Position; 3]); 4] = [
    (Order::Pso, [Position::Predicate, Position::Subject, Position::Object]),
    (Order::Pos, [Position::Predicate, Position::Object, Position::Subject]),
    (Order::Spo, [Position::Subject, Position::Predicate, Position::Object]),
    (Order::Osp, [Position::Object, Position::Subject, Position::Predicate]),
];

/// What stands at a place of an atom.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Slot {
    Constant(Id),
    /// The value of a column of the row.
    Row(usize),
    Free(Variable),
}

/// What a caller would like of an order.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wish<'a> {
    /// Free variables in whose order the matches should come.
    pub(crate) sorted_by: &'a [Variable],
    /// The free variable that has to come right behind what is bound.
    pub(crate) next: Option<&'a Variable>,
}

/// Place of subject, predicate and object in arrays.
pub(super) const fn place(position: Position) -> usize {
    match position {
        Position::Subject => 0,
        Position::Predicate => 1,
        Position::Object | Position::Graph => 2,
    }
}

/// What stands where in the atom; `None` where a constant is no term of the store.
pub(super) fn slots(task: &Task<'_, '_>, statements: Statements<'_>, atom: &Atom, input: &Table) -> Result<Option<[Slot; 3]>, QueryError> {
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
pub(super) fn choose<'s>(slots: &[Slot; 3], wish: Wish<'_>, conditions: &[(Variable, Condition<'s>)]) -> (Order, Vec<Position>) {
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
pub(super) fn free_places(slots: &[Slot; 3], atom: &Atom, input: &Table) -> (Vec<(Variable, Position)>, Vec<(Position, Position)>) {
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
