//! The closures that a compiled query reads, made before it runs: each with the predicates that the query's patterns name.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use hypergraphql_framework::store::AtomSpace;
use hypergraphql_query::algebra::{Path, Regime, TermPattern};
use hypergraphql_query::graph::{GraphScope, Op, Source, TensorGraph};
use oxrdf::Term;

use super::InferError;
use super::cache::{ActiveGraph, ClosureCache, Key};
use super::evaluate::Reach;
use super::timed::{Closed, Time};
use crate::engine::{OperatorProfile, QueryError};
use crate::executor::{DefaultGraph, Graphs, Limits};

/// What operators are called in errors and profiles while a closure is made.
const OPERATOR: &str = "INFER";

/// The closures of a query.
#[derive(Default)]
pub(crate) struct Closures {
    all: Vec<(Regime, ActiveGraph, Time, Arc<Closed>)>,
    /// Terms that the store lacks; their ids follow the store's in this order.
    pub(crate) terms: Vec<Term>,
    /// How long each took.
    pub(crate) profile: Vec<OperatorProfile>,
}

impl Closures {
    /// The closure of a graph, if the query reads it.
    pub(crate) fn get(&self, regime: Regime, graph: &ActiveGraph, time: Time) -> Option<&Closed> {
        self.all.iter().find(|(r, g, t, _)| *r == regime && g == graph && *t == time).map(|(.., closed)| &**closed)
    }
}

/// Of what closures are made.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Those that there are.
    pub(crate) cache: &'a ClosureCache,
    /// The snapshot.
    pub(crate) space: &'a AtomSpace,
    /// The query's graphs.
    pub(crate) graphs: &'a Graphs,
    /// The namespace of the store's own names.
    pub(crate) base: &'a str,
    /// Time and memory.
    pub(crate) limits: &'a Limits,
}

/// Makes the closures that a query reads.
///
/// # Errors
/// When a graph is inconsistent, a rule of the store cannot be applied, or limits are passed.
pub(crate) fn prepare(graph: &TensorGraph, context: Context<'_>) -> Result<Closures, QueryError> {
    let mut wanted = vec![];
    collect(graph, context, &mut wanted)?;
    let mut closures = Closures::default();
    if wanted.is_empty() {
        return Ok(closures);
    }
    let terms = context.cache.terms(context.space);
    let watch = watch(context.limits);
    for Wanted { regime, graph, time, predicates } in wanted {
        let begin = Instant::now();
        let reach = match predicates {
            None => Reach::All,
            Some(names) => Reach::Predicates(names.iter().map(|name| terms.intern(name)).collect::<Result<BTreeSet<_>, _>>()?),
        };
        let key = Key { regime, graph: graph.clone(), base: context.base.to_owned(), time };
        let closed = context.cache.closure(&terms, key, reach, &watch)?;
        let statements = &closed.statements;
        closures.profile.push(OperatorProfile {
            operator: format!("{OPERATOR} {regime:?}"),
            detail: String::new(),
            inputs: vec![],
            within: None,
            expected: statements.len() as f64,
            rows: statements.len() as u64,
            time: begin.elapsed(),
            bytes: 12 * statements.len() as u64,
            runs: 1,
            device: "cpu".to_owned(),
        });
        closures.all.push((regime, graph, time, closed));
    }
    closures.terms = terms.added_terms();
    Ok(closures)
}

/// What stops a closure that passes the limits.
pub(super) fn watch(limits: &Limits) -> impl Fn(u64) -> Result<(), InferError> + Sync {
    |bytes| {
        let checked = limits.check(OPERATOR).and_then(|()| limits.room(OPERATOR, bytes));
        checked.map_err(|error| InferError::Stopped(Box::new(error)))
    }
}

/// A closure and the predicates that are asked of it; `None`: all.
struct Wanted {
    regime: Regime,
    graph: ActiveGraph,
    time: Time,
    predicates: Option<Vec<Term>>,
}

fn collect(graph: &TensorGraph, context: Context<'_>, wanted: &mut Vec<Wanted>) -> Result<(), QueryError> {
    for node in &graph.nodes {
        let atoms = match &node.op {
            Op::Scan(atom) | Op::Extend(atom) => std::slice::from_ref(atom),
            Op::Intersect(_, atoms) => atoms,
            Op::Path { path, graph, source: Source::Closure(regime), as_of, .. } => {
                let Some(time) = Time::of(context.space, as_of.as_ref(), false)? else { continue };
                let graphs = active(context, graph, true);
                graphs.into_iter().for_each(|graph| add(wanted, (*regime, graph, time), of_path(path)));
                continue;
            }
            Op::Exists { query, .. } | Op::EachGraph(_, query) | Op::ForEach(_, query) => {
                collect(query, context, wanted)?;
                continue;
            }
            _ => continue,
        };
        for atom in atoms {
            let Source::Closure(regime) = atom.source else { continue };
            let Some(time) = Time::of(context.space, atom.as_of.as_ref(), atom.period.is_some())? else { continue };
            let predicates = match &atom.triple.predicate {
                TermPattern::Term(name) => Some(vec![name.clone()]),
                _ => None,
            };
            active(context, &atom.graph, false).into_iter().for_each(|graph| add(wanted, (regime, graph, time), predicates.clone()));
        }
    }
    Ok(())
}

fn add(wanted: &mut Vec<Wanted>, (regime, graph, time): (Regime, ActiveGraph, Time), predicates: Option<Vec<Term>>) {
    match wanted.iter_mut().find(|known| known.regime == regime && known.graph == graph && known.time == time) {
        Some(known) => match (&mut known.predicates, predicates) {
            (Some(known), Some(more)) => known.extend(more),
            (known, _) => *known = None,
        },
        None => wanted.push(Wanted { regime, graph, time, predicates }),
    }
}

/// The graphs of a scope; paths are followed in one named graph after the other.
fn active(context: Context<'_>, scope: &GraphScope, is_path: bool) -> Vec<ActiveGraph> {
    let named = || context.graphs.named.iter().map(|graph| ActiveGraph::Merge(vec![*graph])).collect();
    match scope {
        GraphScope::Default => match &context.graphs.default {
            DefaultGraph::Store => vec![ActiveGraph::Merge(vec![0])],
            DefaultGraph::Merge(graphs) => vec![ActiveGraph::Merge(graphs.clone())],
        },
        GraphScope::Named(name) => {
            let known = context.space.id(name).filter(|id| context.graphs.named.contains(id));
            known.map(|id| ActiveGraph::Merge(vec![id])).into_iter().collect()
        }
        GraphScope::Active => named(),
        GraphScope::Each(_) if is_path => named(),
        GraphScope::Each(_) => vec![ActiveGraph::Each(context.graphs.named.clone())],
    }
}

/// The predicates of a path; `None`: all, because of a negated set, or because every node of the graph has a way of no steps.
fn of_path(path: &Path) -> Option<Vec<Term>> {
    let mut names = vec![];
    (!is_empty_possible(path) && predicates(path, &mut names)).then_some(names)
}

fn is_empty_possible(path: &Path) -> bool {
    match path {
        Path::Predicate(_) | Path::NegatedSet(_) => false,
        Path::ZeroOrMore(_) | Path::ZeroOrOne(_) => true,
        Path::Inverse(inner) | Path::OneOrMore(inner) => is_empty_possible(inner),
        Path::Sequence(one, other) => is_empty_possible(one) && is_empty_possible(other),
        Path::Alternative(one, other) => is_empty_possible(one) || is_empty_possible(other),
    }
}

/// Collects the predicates of a path; `false` if there is a negated set.
fn predicates(path: &Path, names: &mut Vec<Term>) -> bool {
    match path {
        Path::Predicate(name) => {
            names.push(name.clone().into());
            true
        }
        Path::NegatedSet(_) => false,
        Path::Inverse(inner) | Path::OneOrMore(inner) | Path::ZeroOrMore(inner) | Path::ZeroOrOne(inner) => predicates(inner, names),
        Path::Sequence(one, other) | Path::Alternative(one, other) => predicates(one, names) && predicates(other, names),
    }
}
