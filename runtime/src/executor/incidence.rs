//! Which statements are incidences of hyperedges.

use hypergraphql_framework::store::{AtomSpace, Id, Order, Position};
use oxrdf::NamedNodeRef;
use oxrdf::vocab::rdf;

use super::matches::within;

const HYPEREDGE: &str = "https://hypergraphql.org/ns#Hyperedge";

/// Predicates of hyperedges that make no incidence, besides rdf:type.
const NONE: [&str; 6] = [
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies",
    "https://hypergraphql.org/ns#relation",
    "https://hypergraphql.org/ns#validFrom",
    "https://hypergraphql.org/ns#validTo",
    "https://hypergraphql.org/ns#strength",
    "https://hypergraphql.org/ns#confidence",
];

/// The hyperedges of a store and the predicates that make no incidence.
pub(crate) struct Incidences {
    hyperedges: Vec<Id>,
    others: Vec<Id>,
}

impl Incidences {
    /// Those of a store; a node is a hyperedge in all graphs if it is one in some.
    pub(crate) fn new(space: &AtomSpace) -> Self {
        let id = |iri: &str| space.id(NamedNodeRef::new_unchecked(iri));
        let class = [space.id(rdf::TYPE), id(HYPEREDGE)];
        let mut hyperedges = match class {
            [Some(a), Some(class)] => space.rows(Order::Pos, &[a, class]).column(Position::Subject).to_vec(),
            _ => vec![],
        };
        hyperedges.dedup();
        let others = NONE.iter().filter_map(|iri| id(iri)).chain(class[0]).collect();
        Self { hyperedges, others }
    }

    /// Whether a statement of this subject and predicate is an incidence.
    #[inline]
    pub(crate) fn has(&self, subject: Id, predicate: Id) -> bool {
        !self.others.contains(&predicate) && !within(&self.hyperedges, 0..self.hyperedges.len(), subject).is_empty()
    }
}
