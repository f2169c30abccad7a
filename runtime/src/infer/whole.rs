//! The closure of one graph with all of its predicates, as statements of terms.

use std::sync::Arc;

use hypergraphql_framework::store::{AtomSpace, DerivedStatements, Id};
use hypergraphql_query::algebra::Regime;
use oxrdf::{GraphName, NamedOrBlankNode, Quad, Term};

use super::cache::{ActiveGraph, ClosureCache, Key};
use super::evaluate::Reach;
use super::prepare::watch;
use super::terms::ClosureTerms;
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
}

/// All statements of a graph, asserted and derived.
pub(crate) struct Whole {
    /// Their ids: those of the snapshot and, above them, those of terms that it lacks.
    pub(crate) statements: Arc<DerivedStatements>,
    terms: Arc<ClosureTerms>,
}

impl Whole {
    /// A statement in a graph; `None` if RDF does not allow its subject or predicate.
    pub(crate) fn quad(&self, [subject, predicate, object]: [Id; 3], graph: &GraphName) -> Option<Quad> {
        let subject: NamedOrBlankNode = match self.terms.term(subject)? {
            Term::NamedNode(node) => node.into(),
            Term::BlankNode(node) => node.into(),
            Term::Literal(_) | Term::Triple(_) => return None,
        };
        let Term::NamedNode(predicate) = self.terms.term(predicate)? else { return None };
        Some(Quad::new(subject, predicate, self.terms.term(object)?, graph.clone()))
    }
}

/// The closure of a graph of a snapshot.
///
/// # Errors
/// As [`super::prepare`].
pub(crate) fn closure_of(cache: &ClosureCache, space: &AtomSpace, of: Graph<'_>, limits: &Limits) -> Result<Whole, QueryError> {
    let terms = cache.terms(space);
    let key = Key { regime: of.regime, graph: ActiveGraph::Merge(vec![of.graph]), base: of.base.to_owned() };
    let statements = cache.closure(&terms, key, Reach::All, &watch(limits))?;
    Ok(Whole { statements, terms })
}
