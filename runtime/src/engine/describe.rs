//! `DESCRIBE`: the concise bounded description of resources (P. Stickler, W3C member submission, 2005), with the reifiers of RDF 1.2.

use hashbrown::HashSet;
use hypergraphql_framework::store::{Block, Id, Order};
use hypergraphql_query::algebra::TermPattern;
use oxrdf::vocab::rdf;
use oxrdf::{NamedOrBlankNode, Term, Triple};

use super::QueryError;
use crate::executor::{Session, Table, UNBOUND, default_graph};

/// The statements about the resources in the default graph, those about the blank nodes that they lead to, and those about their reifiers.
pub(super) fn describe(session: &Session<'_>, of: &[TermPattern], solutions: &Table) -> Result<Vec<Triple>, QueryError> {
    let (mut todo, mut seen) = (resources(session, of, solutions), HashSet::new());
    todo.reverse();
    let (mut triples, mut known) = (vec![], HashSet::new());
    let reifies = session.space.id(rdf::REIFIES);
    while let Some(resource) = todo.pop() {
        if !seen.insert(resource) {
            continue;
        }
        session.limits.check("Describe")?;
        for [subject, predicate, object] in default_graph(session, Order::Spo, &[resource]) {
            let Some(triple) = triple(session, [subject, predicate, object]) else { continue };
            if session.space.block(object) == Some(Block::Blank) {
                todo.push(object);
            }
            let statement = Term::Triple(Box::new(triple));
            if let (Some(reifies), Some(id)) = (reifies, session.space.id(&statement)) {
                todo.extend(default_graph(session, Order::Pos, &[reifies, id]).into_iter().map(|[reifier, ..]| reifier));
            }
            let Term::Triple(triple) = statement else { continue };
            if known.insert(triple.clone()) {
                triples.push(*triple);
            }
        }
    }
    Ok(triples)
}

/// The resources that are described, each once.
fn resources(session: &Session<'_>, of: &[TermPattern], solutions: &Table) -> Vec<Id> {
    let mut ids = vec![];
    for pattern in of {
        match pattern {
            TermPattern::Term(term) => ids.extend(session.space.id(term)),
            TermPattern::Variable(variable) => ids.extend(solutions.column(variable).iter().flat_map(|column| column.iter().copied())),
            TermPattern::Triple(_) => {}
        }
    }
    let mut seen = HashSet::new();
    ids.retain(|&id| id != UNBOUND && id <= session.space.terms() && seen.insert(id));
    ids
}

fn triple(session: &Session<'_>, [subject, predicate, object]: [Id; 3]) -> Option<Triple> {
    let subject = match session.space.term(subject)? {
        Term::NamedNode(node) => NamedOrBlankNode::from(node),
        Term::BlankNode(node) => node.into(),
        Term::Literal(_) | Term::Triple(_) => return None,
    };
    let predicate = match session.space.term(predicate)? {
        Term::NamedNode(node) => node,
        _ => return None,
    };
    Some(Triple::new(subject, predicate, session.space.term(object)?))
}
