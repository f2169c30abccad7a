//! The statements that a pattern is matched against: those of the store, or those of a closure.

use std::sync::Arc;

use hypergraphql_framework::store::{Adjacency, AtomSpace, Id, Order, Rows};
use hypergraphql_query::graph::Source;
use oxrdf::Term;

use super::dataset::DEFAULT_GRAPH;
use super::graph_check::GraphCheck;
use super::task::Task;
use crate::engine::QueryError;
use crate::infer::{ActiveGraph, Closed, Time};

/// Statements that are searched in sorted orders.
#[derive(Clone, Copy)]
pub(crate) enum Statements<'a> {
    Asserted(&'a AtomSpace),
    Derived(&'a Closed),
}

impl<'a> Statements<'a> {
    /// Those of a source, and which of them are of the graphs: a closure is made of their statements only, and of those of a time.
    pub(crate) fn new(task: &Task<'a, '_>, source: Source, time: Time, graph: GraphCheck) -> Result<(Self, GraphCheck), QueryError> {
        let Source::Closure(regime) = source else { return Ok((Self::Asserted(task.space()), graph)) };
        let active = match &graph {
            GraphCheck::Any => ActiveGraph::Merge(vec![DEFAULT_GRAPH]),
            GraphCheck::One(graph) => ActiveGraph::Merge(vec![*graph]),
            GraphCheck::Merge(graphs) => ActiveGraph::Merge(graphs.clone()),
            GraphCheck::Each(graphs) if graphs.is_empty() => return Ok((Self::Asserted(task.space()), graph)),
            GraphCheck::Each(graphs) => ActiveGraph::Each(graphs.clone()),
        };
        let missing = || task.plan(format!("the closure {regime:?} of {active:?} for {time:?} was not made"));
        let closed = task.session.closures.get(regime, &active, time).ok_or_else(missing)?;
        let graph = if matches!(active, ActiveGraph::Merge(_)) { GraphCheck::Any } else { graph };
        Ok((Self::Derived(closed), graph))
    }

    /// The id of a term in these statements; closures have terms that the store lacks.
    pub(crate) fn id(&self, task: &Task<'_, '_>, term: &Term) -> Result<Option<Id>, QueryError> {
        match self {
            Self::Asserted(space) => Ok(space.id(term)),
            Self::Derived(_) => task.intern(term).map(Some),
        }
    }

    /// As [`AtomSpace::rows`].
    pub(crate) fn rows(&self, order: Order, prefix: &[Id]) -> Rows<'a> {
        match self {
            Self::Asserted(space) => space.rows(order, prefix),
            Self::Derived(closed) => closed.statements.rows(order, prefix),
        }
    }

    /// As [`AtomSpace::adjacency`].
    pub(crate) fn adjacency(&self, order: Order, predicate: Id) -> Option<Arc<Adjacency>> {
        match self {
            Self::Asserted(space) => space.adjacency(order, predicate),
            Self::Derived(closed) => closed.statements.adjacency(order, predicate),
        }
    }
}
