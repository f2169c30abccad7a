//! The closure of one graph with all of its predicates.

use std::sync::Arc;

use hypergraphql_framework::store::{AtomSpace, DerivedStatements, Id};
use hypergraphql_query::algebra::Regime;
use oxrdf::Term;

use super::cache::{ActiveGraph, ClosureCache, Key};
use super::evaluate::Reach;
use super::prepare::watch;
use super::terms::ClosureTerms;
use super::timed::{Closed, Time, Times};
use crate::engine::QueryError;
use crate::executor::Limits;

/// Which closure.
pub(crate) struct Graph<'a> {
    /// The rules.
    pub(crate) regime: Regime,
    /// The graph; 0 is the default graph.
    pub(crate) graph: Id,
    /// The namespace of the store's own names.
    pub(crate) base: &'a str,
    /// Which of its statements.
    pub(crate) time: Time,
}

/// All statements of a graph, asserted and derived.
pub(crate) struct Whole {
    /// With ids of the snapshot and, above them, of terms that it lacks.
    closed: Arc<Closed>,
    terms: Arc<ClosureTerms>,
}

impl Whole {
    /// The statements.
    pub(crate) fn statements(&self) -> &DerivedStatements {
        &self.closed.statements
    }

    /// When they hold, if that was asked for.
    pub(crate) fn times(&self) -> Option<&Times> {
        self.closed.times.as_ref()
    }

    /// The term of an id.
    pub(crate) fn term(&self, id: Id) -> Option<Term> {
        self.terms.term(id)
    }
}

/// The closure of a graph of a snapshot.
///
/// # Errors
/// As [`super::prepare`].
pub(crate) fn closure_of(cache: &ClosureCache, space: &AtomSpace, of: Graph<'_>, limits: &Limits) -> Result<Whole, QueryError> {
    let terms = cache.terms(space);
    let key = Key { regime: of.regime, graph: ActiveGraph::Merge(vec![of.graph]), base: of.base.to_owned(), time: of.time };
    let closed = cache.closure(&terms, key, Reach::All, &watch(limits))?;
    Ok(Whole { closed, terms })
}
