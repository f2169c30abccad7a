//! From terms to ids and back, over the terms of a base and those of changes.

use oxrdf::{Term, TermRef, Triple};

use super::block::{self, Block};
use super::dictionary::Dictionary;
use super::interner::{Interner, subject_term};
use super::record::{self, Record};
use super::{Id, MAX_NESTING};

/// Terms of a base, and new ones whose ids follow.
#[derive(Clone, Copy)]
pub(super) struct Lookup<'a> {
    pub(super) sorted: &'a Dictionary,
    pub(super) new: Option<&'a Interner>,
}

impl<'a> Lookup<'a> {
    /// How many terms there are.
    pub(super) fn len(self) -> u32 {
        self.sorted.len() + self.new.map_or(0, Interner::len)
    }

    /// The record of an id.
    pub(super) fn record(self, id: Id) -> Option<Record<'a>> {
        match id.checked_sub(self.sorted.len() + 1) {
            None => self.sorted.record(id),
            Some(at) => self.new.filter(|new| at < new.len()).map(|new| new.record(at + 1)),
        }
    }

    /// The id of a record whose components have ids of this numbering.
    fn find(self, record: Record<'_>) -> Option<Id> {
        let new = || self.new.and_then(|new| new.find(record.0)).map(|id| id + self.sorted.len());
        self.sorted.find(record).or_else(new)
    }

    /// The kind of an id's term.
    pub(super) fn block(self, id: Id) -> Option<Block> {
        match id {
            0 => None,
            id if id <= self.sorted.len() => Some(self.sorted.block(id)),
            id => self.record(id).map(|record| block::classify(record).0),
        }
    }

    /// The term of an id; none for 0 and ids that are not given.
    pub(super) fn term(self, id: Id) -> Option<Term> {
        self.nested_term(id, MAX_NESTING)
    }

    /// A file could claim a triple term inside itself.
    fn nested_term(self, id: Id, allowed: u8) -> Option<Term> {
        self.record(id)?.term(&|component| self.nested_term(component, allowed.checked_sub(1)?))
    }

    /// The id of a term, if it has one.
    pub(super) fn id(self, term: TermRef<'_>) -> Option<Id> {
        let mut bytes = Vec::new();
        match term {
            TermRef::Triple(triple) => return self.triple(triple, MAX_NESTING).map(|(id, _)| id),
            simple => record::encode(simple, &mut bytes),
        }
        self.find(Record(&bytes))
    }

    /// The id of a triple term, and how deep triple terms are nested in it.
    fn triple(self, triple: &Triple, allowed: u8) -> Option<(Id, u8)> {
        let allowed = allowed.checked_sub(1)?;
        let (object, depth) = match triple.object.as_ref() {
            TermRef::Triple(inner) => self.triple(inner, allowed)?,
            other => (self.id(other)?, 0),
        };
        let ids = [self.id(subject_term(triple.subject.as_ref()))?, self.id(triple.predicate.as_ref().into())?, object];
        let mut bytes = Vec::new();
        record::encode_triple(depth + 1, ids, &mut bytes);
        Some((self.find(Record(&bytes))?, depth + 1))
    }
}
