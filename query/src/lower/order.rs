//! In which order the elements of a group are matched: the cheapest of all left-deep orders for small groups, a greedy one for large ones.
//!
//! Selinger et al., "Access Path Selection in a Relational Database Management System", 1979. Atoms of one subject are estimated together
//! ([`super::star`]), in groups for which all orders are looked at.

use crate::lower::cost::Costed;
use crate::lower::star::Stars;
use crate::scope::Variables;

/// Larger groups are put in order greedily.
pub(super) const MOST_FOR_ALL_ORDERS: usize = 11;

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

/// What is put in order.
struct Elements<'a> {
    costed: &'a [Costed],
    stars: &'a Stars<'a>,
}

impl Elements<'_> {
    /// Matches of an element for one row of a state.
    fn matches(&self, state: &State, next: usize) -> f64 {
        match self.stars.growth(state.done, next) {
            Some(growth) => self.costed[next].matches_in_star(growth, &state.bound),
            None => self.costed[next].matches(&state.bound),
        }
    }
}

/// Steps through all elements but searches for texts that are known by then, from rows that bind these variables (none: `rows` is 1).
pub(super) fn order(elements: &[Costed], stars: &Stars<'_>, bound: Variables, rows: f64) -> Vec<Step> {
    let elements = &Elements { costed: elements, stars };
    let start = State { done: 0, bound, rows, cost: 0.0, steps: vec![] };
    if elements.costed.len() <= MOST_FOR_ALL_ORDERS { cheapest(elements, start) } else { greedy(elements, start) }
}

fn cheapest(elements: &Elements<'_>, start: State) -> Vec<Step> {
    let all = (1u64 << elements.costed.len()) - 1;
    let mut best: Vec<Option<State>> = vec![None; 1 << elements.costed.len()];
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

fn greedy(elements: &Elements<'_>, mut state: State) -> Vec<Step> {
    // Sets beyond 64 elements are not counted in bits.
    let mut left: Vec<usize> = (0..elements.costed.len()).collect();
    while !left.is_empty() {
        let ready = left.iter().copied().filter(|&e| elements.costed[e].is_ready(&state.bound));
        let gain = |e: usize| elements.matches(&state, e) * if is_connected(&elements.costed[e], &state.bound) { 1.0 } else { 1e6 };
        let next = ready.map(|e| (gain(e), e)).min_by(|a, b| a.0.total_cmp(&b.0));
        let (_, next) = next.expect("an element whose variable nothing binds: this is a bug");
        let steps = std::mem::take(&mut state.steps);
        state = step(elements, &state, &left, next);
        let taken = state.steps.pop();
        left.retain(|e| *e != next && taken.as_ref().is_none_or(|taken| !taken.contains(e)));
        state.steps = steps;
        state.steps.extend(taken);
    }
    state.steps
}

/// It shares a variable with what is bound, or is the first.
fn is_connected(element: &Costed, bound: &Variables) -> bool {
    bound.is_empty() || element.variables.iter().any(|variable| bound.contains(variable))
}

fn successors(elements: &Elements<'_>, state: &State) -> Vec<State> {
    let left: Vec<usize> = (0..elements.costed.len()).filter(|e| state.done & (1 << e) == 0).collect();
    let ready = left.iter().copied().filter(|&e| elements.costed[e].is_ready(&state.bound));
    // What binds nothing new only takes rows away: it comes first.
    match ready.clone().find(|&e| elements.costed[e].variables.is_subset(&state.bound)) {
        Some(check) => vec![step(elements, state, &left, check)],
        None => ready.map(|e| step(elements, state, &left, e)).collect(),
    }
}

/// The state after the element, and after all atoms that bind the same one new variable.
fn step(elements: &Elements<'_>, state: &State, left: &[usize], first: usize) -> State {
    let costed = elements.costed;
    if costed[first].is_idle(&state.bound) {
        return State { done: state.done | bit(first), ..state.clone() };
    }
    let new: Variables = costed[first].variables.difference(&state.bound).cloned().collect();
    let joins = |e: &usize| {
        let element = &costed[*e];
        *e != first && element.is_atom() && element.variables.difference(&state.bound).eq(&new)
    };
    let mut step = vec![first];
    if new.len() == 1 && costed[first].is_atom() && !state.bound.is_empty() {
        step.extend(left.iter().copied().filter(joins));
    }
    let matches: Vec<f64> = step.iter().map(|e| elements.matches(state, *e)).collect();
    let (fewest, of_fewest) = matches.into_iter().enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default();
    let rows = state.rows * of_fewest;
    // Rows are looked up one by one; what is not connected is gone through for each.
    let connected = is_connected(&costed[first], &state.bound);
    let lookups = if state.bound.is_empty() { 0.0 } else { state.rows * step.len() as f64 };
    let tests: f64 = step.iter().map(|e| costed[*e].tests(&state.bound)).sum::<f64>() * state.rows;
    let cost = state.cost + lookups + tests + rows * if connected { 1.0 } else { 10.0 };
    let mut bound = state.bound.clone();
    bound.extend(new);
    let mut after = State { done: state.done | bit(step[fewest]), bound, rows, cost, steps: state.steps.clone() };
    for other in step.iter().copied().filter(|other| *other != step[fewest]) {
        after.rows *= elements.matches(&after, other).min(1.0);
        after.done |= bit(other);
    }
    after.steps.push(step);
    after
}

/// The bit of an element; those beyond 64 have none.
fn bit(element: usize) -> u64 {
    if element < 64 { 1 << element } else { 0 }
}
