//! Templates of `CONSTRUCT` and updates, and the data of updates.

use std::collections::HashMap;

use oxrdf::{BlankNode, Term};

use super::bgp::{predicate, triple_term};
use super::{Fault, Result, ast};
use crate::algebra::{QuadPattern, TermPattern, TriplePattern, Variable};
use crate::syntax::ast::{BlankLabel, Node, Verb};

/// How blank nodes and variables of triples are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// Blank nodes are hidden variables `.t0` …, fresh for every solution.
    #[default]
    Insert,
    /// No blank nodes.
    Delete,
    /// Blank nodes are terms, no variables.
    InsertData,
    /// Neither.
    DeleteData,
}

/// Blank nodes met so far.
#[derive(Default)]
pub(super) struct Template {
    kind: Kind,
    blanks: HashMap<BlankLabel, usize>,
    /// Number of the first blank node.
    first: usize,
}

impl Template {
    /// Of this kind; blank nodes are numbered from `first` on.
    pub(super) fn new(kind: Kind, first: usize) -> Self {
        Self { kind, blanks: HashMap::new(), first }
    }

    /// The number of the next blank node.
    pub(super) fn next(&self) -> usize {
        self.first + self.blanks.len()
    }

    /// Labels met so far.
    pub(super) fn labels(&self) -> impl Iterator<Item = &BlankLabel> {
        self.blanks.keys()
    }

    pub(super) fn triples(&mut self, triples: &[ast::Triple]) -> Result<Vec<TriplePattern>> {
        triples.iter().map(|triple| self.triple(triple)).collect()
    }

    pub(super) fn quads(&mut self, quads: &[ast::Quad]) -> Result<Vec<QuadPattern>> {
        let quad = |quad: &ast::Quad| -> Result<QuadPattern> {
            let graph = quad.graph.as_ref().map(|graph| self.node(graph)).transpose()?;
            Ok(QuadPattern { triple: self.triple(&quad.triple)?, graph })
        };
        quads.iter().map(quad).collect()
    }

    fn triple(&mut self, triple: &ast::Triple) -> Result<TriplePattern> {
        let subject = self.node(&triple.subject)?;
        let data = matches!(self.kind, Kind::InsertData | Kind::DeleteData);
        if data && !matches!(subject, TermPattern::Term(Term::NamedNode(_) | Term::BlankNode(_))) {
            return Err(Fault::new(triple.subject.span(), "the subject of data is an IRI or a blank node"));
        }
        Ok(TriplePattern { subject, predicate: self.node(predicate(triple)?)?, object: self.node(&triple.object)? })
    }

    fn node(&mut self, node: &Node) -> Result<TermPattern> {
        let data = matches!(self.kind, Kind::InsertData | Kind::DeleteData);
        Ok(match node {
            Node::Variable(variable) if data => {
                let fault = Fault::new(variable.span, format!("?{} is a variable: data have none", variable.name));
                return Err(fault.hint("use INSERT { … } WHERE { … } or DELETE { … } WHERE { … }"));
            }
            Node::Variable(variable) => TermPattern::Variable(Variable::new(variable.name.as_str())),
            Node::Term(term, _) => TermPattern::Term(term.clone()),
            Node::Blank(blank) if matches!(self.kind, Kind::Delete | Kind::DeleteData) => {
                let fault = Fault::new(blank.span, "a blank node cannot be deleted by its label");
                return Err(
                    fault.hint("use a variable in DELETE { … } WHERE { … }; a reifier or annotation without `~ name` is a blank node too")
                );
            }
            Node::Blank(blank) => {
                let next = self.next();
                let number = *self.blanks.entry(blank.label.clone()).or_insert(next);
                if data {
                    TermPattern::Term(BlankNode::new_unchecked(format!("b{number}")).into())
                } else {
                    TermPattern::Variable(Variable::new(format!(".t{number}")))
                }
            }
            Node::Triple(triple) => {
                let subject = self.node(&triple.subject)?;
                let predicate = self.node(predicate(triple)?)?;
                triple_term(TriplePattern { subject, predicate, object: self.node(&triple.object)? })
            }
        })
    }
}

/// The variables of a template, in order.
pub(super) fn variables(triples: &[ast::Triple]) -> Vec<ast::Variable> {
    let mut found = Vec::new();
    triples.iter().for_each(|triple| collect(triple, &mut found));
    found
}

fn collect(triple: &ast::Triple, found: &mut Vec<ast::Variable>) {
    let verb = match &triple.verb {
        Verb::Node(node) => Some(node),
        Verb::Path(_) => None,
    };
    for node in [Some(&triple.subject), verb, Some(&triple.object)].into_iter().flatten() {
        match node {
            Node::Variable(variable) => found.push(variable.clone()),
            Node::Triple(inner) => collect(inner, found),
            Node::Term(..) | Node::Blank(_) => {}
        }
    }
}
