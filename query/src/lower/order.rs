//! In which order the elements of a group are matched: the cheapest of all left-deep orders for small groups, a greedy one for large ones.
//!
//! Selinger et al., "Access Path Selection in a Relational Database Management System", 1979.

use crate::lower::cost::Costed;
use crate::scope::Variables;

/// Larger groups are put in order greedily.
const MOST_FOR_ALL_ORDERS: usize = 11;

/// Elements matched together: one, or several atoms that all bind the same one new variable.
pub(super) type Step = Vec<usize>;

#[derive(Clone)]
struct State {
    done: u64,
    bound: Variables,
    rows: f64,
    cost: f64,
    steps: Vec<Step>,
}

/// Steps through all elements, from rows that bind these variables (none: `rows` is 1).
pub(super) fn order(elements: &[Costed], bound: Variables, rows: f64) -> Vec<Step> {
    let start = State { done: 0, bound, rows, cost: 0.0, steps: vec![] };
    if elements.len() <= MOST_FOR_ALL_ORDERS { cheapest(elements, start) } else { greedy(elements, start) }
}

fn cheapest(elements: &[Costed], start: State) -> Vec<Step> {
    let all = (1u64 << elements.len()) - 1;
    let mut best: Vec<Option<State>> = vec![None; 1 << elements.len()];
    best[0] = Some(start);
    for done in 0..all {
        // Only larger sets come from this one.
        let Some(state) = best[done as usize].take() else { continue };
        for next in successors(elements, &state) {
            let place = &mut best[next.done as usize];
            if place.as_ref().is_none_or(|other| next.cost < other.cost) {
                *place = Some(next);
            }
        }
    }
    best[all as usize].take().map(|state| state.steps).expect("some order reaches all elements: this is a bug")
}

fn greedy(elements: &[Costed], mut state: State) -> Vec<Step> {
    // Sets beyond 64 elements are not counted in bits.
    let mut left: Vec<usize> = (0..elements.len()).collect();
    while !left.is_empty() {
        let ready = left.iter().copied().filter(|&e| elements[e].is_ready(&state.bound));
        let gain = |e: usize| elements[e].matches(&state.bound) * if is_connected(&elements[e], &state.bound) { 1.0 } else { 1e6 };
        let next = ready.map(|e| (gain(e), e)).min_by(|a, b| a.0.total_cmp(&b.0));
        let (_, next) = next.expect("an element whose variable nothing binds: this is a bug");
        let steps = std::mem::take(&mut state.steps);
        state = step(elements, &state, &left, next);
        let taken = state.steps.pop().unwrap_or_default();
        left.retain(|e| !taken.contains(e));
        state.steps = steps;
        state.steps.push(taken);
    }
    state.steps
}

/// It shares a variable with what is bound, or is the first.
fn is_connected(element: &Costed, bound: &Variables) -> bool {
    bound.is_empty() || element.variables.iter().any(|variable| bound.contains(variable))
}

fn successors(elements: &[Costed], state: &State) -> Vec<State> {
    let left: Vec<usize> = (0..elements.len()).filter(|e| state.done & (1 << e) == 0).collect();
    let ready = left.iter().copied().filter(|&e| elements[e].is_ready(&state.bound));
    // What binds nothing new only takes rows away: it comes first.
    match ready.clone().find(|&e| elements[e].variables.is_subset(&state.bound)) {
        Some(check) => vec![step(elements, state, &left, check)],
        None => ready.map(|e| step(elements, state, &left, e)).collect(),
    }
}

/// The state after the element, and after all atoms that bind the same one new variable.
fn step(elements: &[Costed], state: &State, left: &[usize], first: usize) -> State {
    let new: Variables = elements[first].variables.difference(&state.bound).cloned().collect();
    let joins = |e: &usize| {
        let element = &elements[*e];
        *e != first && element.is_atom() && element.variables.difference(&state.bound).eq(&new)
    };
    let mut step = vec![first];
    if new.len() == 1 && elements[first].is_atom() && !state.bound.is_empty() {
        step.extend(left.iter().copied().filter(joins));
    }
    let mut bound = state.bound.clone();
    bound.extend(new);
    let fewest = step.iter().copied().min_by(|a, b| elements[*a].matches(&state.bound).total_cmp(&elements[*b].matches(&state.bound)));
    let fewest = fewest.unwrap_or(first);
    let mut rows = state.rows * elements[fewest].matches(&state.bound);
    // Rows are looked up one by one; what is not connected is gone through for each.
    let connected = is_connected(&elements[first], &state.bound);
    let lookups = if state.bound.is_empty() { 0.0 } else { state.rows * step.len() as f64 };
    let cost = state.cost + lookups + rows * if connected { 1.0 } else { 10.0 };
    for other in step.iter().filter(|other| **other != fewest) {
        rows *= elements[*other].matches(&bound).min(1.0);
    }
    let done = step.iter().filter(|e| **e < 64).fold(state.done, |done, e| done | 1 << e);
    let mut steps = state.steps.clone();
    steps.push(step);
    State { done, bound, rows, cost, steps }
}
