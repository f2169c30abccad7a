//! Triples and quads made of templates and solutions.

use hashbrown::HashMap;
use hypergraphql_query::algebra::{QuadPattern, TermPattern, TriplePattern, Variable};
use oxrdf::{BlankNode, GraphName, NamedNode, NamedOrBlankNode, Quad, Term, Triple};

use crate::executor::{Table, Terms, UNBOUND};

/// The terms of one solution.
pub(super) struct Solution<'a> {
    table: &'a Table,
    terms: &'a Terms,
    row: usize,
    /// Blank nodes that were made for this solution.
    fresh: HashMap<Variable, BlankNode>,
    /// Blank nodes of the data of an update, the same in all its quads.
    labels: HashMap<BlankNode, BlankNode>,
}

impl<'a> Solution<'a> {
    /// A row of a table.
    pub(super) fn new(table: &'a Table, terms: &'a Terms, row: usize) -> Self {
        Self { table, terms, row, fresh: HashMap::new(), labels: HashMap::new() }
    }

    /// The triple of a template; none if it is not well formed.
    pub(super) fn triple(&mut self, pattern: &TriplePattern) -> Option<Triple> {
        let subject = match self.term(&pattern.subject)? {
            Term::NamedNode(node) => NamedOrBlankNode::from(node),
            Term::BlankNode(node) => node.into(),
            Term::Literal(_) | Term::Triple(_) => return None,
        };
        let predicate = named(self.term(&pattern.predicate)?)?;
        Some(Triple::new(subject, predicate, self.term(&pattern.object)?))
    }

    /// The quad of a template; none if it is not well formed.
    pub(super) fn quad(&mut self, pattern: &QuadPattern) -> Option<Quad> {
        let graph = match &pattern.graph {
            None => GraphName::DefaultGraph,
            Some(graph) => named(self.term(graph)?)?.into(),
        };
        Some(self.triple(&pattern.triple)?.in_graph(graph))
    }

    fn term(&mut self, pattern: &TermPattern) -> Option<Term> {
        match pattern {
            TermPattern::Term(Term::BlankNode(label)) => Some(self.labels.entry(label.clone()).or_default().clone().into()),
            TermPattern::Term(term) => Some(term.clone()),
            TermPattern::Triple(inner) => Some(Term::Triple(Box::new(self.triple(inner)?))),
            TermPattern::Variable(variable) => {
                let id = self.table.column(variable).map_or(UNBOUND, |column| column[self.row]);
                match id == UNBOUND && variable.is_hidden() {
                    true => Some(self.fresh.entry(variable.clone()).or_default().clone().into()),
                    false => self.terms.term(id),
                }
            }
        }
    }
}

fn named(term: Term) -> Option<NamedNode> {
    match term {
        Term::NamedNode(node) => Some(node),
        _ => None,
    }
}
