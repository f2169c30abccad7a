//! Ids of the terms that rules name: those of the store and, above them, those that it lacks.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use hypergraphql_framework::store::{AtomSpace, Block, Id, MAX_TERMS};
use oxrdf::{NamedNodeRef, Term};

use super::InferError;

/// Prefixes of the names in the tables of rules.
const PREFIXES: [(&str, &str); 5] = [
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
    ("hq", "https://hypergraphql.org/ns#"),
];

/// Ids above the store's that are never given, so that rules can have predicates of their own.
pub(crate) const HIDDEN: Id = u32::MAX - (1 << 16);

/// The terms of a store and those that its closures add; ids that were given once stay.
pub(crate) struct ClosureTerms {
    space: AtomSpace,
    added: Mutex<Added>,
}

#[derive(Default)]
struct Added {
    ids: HashMap<Term, Id>,
    terms: Vec<Term>,
}

impl ClosureTerms {
    /// Of a store, without others yet.
    pub(crate) fn new(space: &AtomSpace) -> Self {
        Self { space: space.clone(), added: Mutex::default() }
    }

    /// The store.
    pub(crate) fn space(&self) -> &AtomSpace {
        &self.space
    }

    /// The id of a term, a new one if nobody has asked for it before.
    pub(crate) fn intern(&self, term: &Term) -> Result<Id, InferError> {
        if let Some(id) = self.space.id(term) {
            return Ok(id);
        }
        let mut added = self.added();
        if let Some(&id) = added.ids.get(term) {
            return Ok(id);
        }
        // Half of what is left above the store, so that queries can compute values, too.
        let limit = MAX_TERMS - self.space.terms() + (1 << 27);
        if added.terms.len() as u32 >= limit {
            return Err(InferError::TooManyTerms { limit });
        }
        added.terms.push(term.clone());
        let id = self.space.terms() + added.terms.len() as u32;
        added.ids.insert(term.clone(), id);
        Ok(id)
    }

    /// The id of an IRI that is written with one of the prefixes of the tables.
    pub(crate) fn name(&self, curie: &str) -> Result<Id, InferError> {
        let expanded = curie.split_once(':').and_then(|(prefix, local)| {
            let (_, namespace) = PREFIXES.iter().find(|(known, _)| *known == prefix)?;
            Some(format!("{namespace}{local}"))
        });
        let iri = expanded.unwrap_or_else(|| curie.to_owned());
        self.intern(&NamedNodeRef::new_unchecked(&iri).into_owned().into())
    }

    /// The term of an id.
    pub(crate) fn term(&self, id: Id) -> Option<Term> {
        match id.checked_sub(self.space.terms() + 1) {
            Some(place) => self.added().terms.get(place as usize).cloned(),
            None => self.space.term(id),
        }
    }

    /// The terms that the store lacks, in the order of their ids, which follow those of the store.
    pub(crate) fn added_terms(&self) -> Vec<Term> {
        self.added().terms.clone()
    }

    /// How many terms the store lacks.
    pub(crate) fn added_len(&self) -> usize {
        self.added().terms.len()
    }

    /// Whether the term of an id is an IRI.
    pub(crate) fn is_iri(&self, id: Id) -> bool {
        match self.space.block(id) {
            Some(block) => block == Block::Iri,
            None => self.term(id).is_some_and(|term| term.is_named_node()),
        }
    }

    /// Whether the term of an id can be a subject: it is an IRI or a blank node.
    pub(crate) fn is_subject(&self, id: Id) -> bool {
        // Blank nodes and IRIs come first.
        if (1..self.space.block_ids(Block::Iri).end).contains(&id) {
            return true;
        }
        match self.space.block(id) {
            Some(block) => matches!(block, Block::Iri | Block::Blank),
            None => self.term(id).is_some_and(|term| term.is_named_node() || term.is_blank_node()),
        }
    }

    /// A statement as N-Triples.
    pub(crate) fn write(&self, [subject, predicate, object]: [Id; 3]) -> String {
        let text = |id| self.term(id).map_or_else(|| format!("#{id}"), |term| term.to_string());
        format!("{} {} {}", text(subject), text(predicate), text(object))
    }

    fn added(&self) -> MutexGuard<'_, Added> {
        self.added.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
