//! Gives terms provisional ids while statements are read.

use hashbrown::{DefaultHashBuilder, HashTable};
use oxrdf::{GraphNameRef, NamedOrBlankNodeRef, QuadRef, TermRef, Triple};
use std::hash::BuildHasher;

use super::record::{self, Record};
use super::{Id, MAX_NESTING, MAX_TERMS};
use crate::{Error, Result};

/// Lengths inside of records are of 32 bits.
const MAX_TERM: usize = 1 << 31;

/// Distinct terms in the order in which they were met; ids count from 1.
#[derive(Clone, Default)]
pub(super) struct Interner {
    hasher: DefaultHashBuilder,
    table: HashTable<Id>,
    bytes: Vec<u8>,
    /// Where each record ends.
    ends: Vec<u64>,
    scratch: Vec<u8>,
    /// Put before the labels of blank nodes.
    scope: String,
}

impl Interner {
    pub(super) fn with_hasher(hasher: DefaultHashBuilder) -> Self {
        Self { hasher, ..Self::default() }
    }

    /// Sets what the labels of blank nodes from here on are prefixed with, so that those of several files stay apart.
    pub(super) fn set_scope(&mut self, scope: &str) {
        scope.clone_into(&mut self.scope);
    }

    pub(super) fn hash(&self, record: &[u8]) -> u64 {
        self.hasher.hash_one(record)
    }

    pub(super) fn len(&self) -> u32 {
        self.ends.len() as u32
    }

    /// The record of a provisional id.
    pub(super) fn record(&self, id: Id) -> Record<'_> {
        Record(record_of(&self.bytes, &self.ends, id))
    }

    /// The id of a record that was met before.
    pub(super) fn find(&self, record: &[u8]) -> Option<Id> {
        self.table.find(self.hash(record), |id| record_of(&self.bytes, &self.ends, *id) == record).copied()
    }

    /// The id of a record, a new one if it was not met before.
    pub(super) fn intern_record(&mut self, record: &[u8]) -> Result<Id> {
        self.intern_hashed(self.hash(record), record)
    }

    /// As [`Interner::intern_record`], with its hash.
    pub(super) fn intern_hashed(&mut self, hash: u64, record: &[u8]) -> Result<Id> {
        let (bytes, ends) = (&self.bytes, &self.ends);
        if let Some(id) = self.table.find(hash, |id| record_of(bytes, ends, *id) == record) {
            return Ok(*id);
        }
        if self.len() >= MAX_TERMS {
            return Err(Error::invalid("terms of an AtomSpace", format!("at most {MAX_TERMS}"), "more"));
        }
        if record.len() > MAX_TERM {
            return Err(Error::invalid("a term", format!("at most {MAX_TERM} bytes"), record.len().to_string()));
        }
        self.bytes.extend_from_slice(record);
        self.ends.push(self.bytes.len() as u64);
        let id = self.len();
        let (hasher, bytes, ends) = (&self.hasher, &self.bytes, &self.ends);
        self.table.insert_unique(hash, id, |id| hasher.hash_one(record_of(bytes, ends, *id)));
        Ok(id)
    }

    /// The id of a term, a new one if it was not met before.
    pub(super) fn intern(&mut self, term: TermRef<'_>) -> Result<Id> {
        if let TermRef::Triple(triple) = term {
            return Ok(self.intern_triple(triple, MAX_NESTING)?.0);
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        match term {
            TermRef::BlankNode(node) if !self.scope.is_empty() => {
                record::encode_blank(&self.scope, &mut scratch);
                scratch.extend_from_slice(node.as_str().as_bytes());
            }
            other => record::encode(other, &mut scratch),
        }
        let id = self.intern_record(&scratch);
        self.scratch = scratch;
        id
    }

    /// The id of a triple term, and how deep triple terms are nested in it.
    fn intern_triple(&mut self, triple: &Triple, allowed: u8) -> Result<(Id, u8)> {
        if allowed == 0 {
            return Err(Error::invalid("a triple term", format!("at most {MAX_NESTING} triple terms inside each other"), "more"));
        }
        let subject = self.intern(subject_term(triple.subject.as_ref()))?;
        let predicate = self.intern(triple.predicate.as_ref().into())?;
        let (object, depth) = match triple.object.as_ref() {
            TermRef::Triple(inner) => self.intern_triple(inner, allowed - 1)?,
            other => (self.intern(other)?, 0),
        };
        let mut bytes = Vec::with_capacity(16);
        record::encode_triple(depth + 1, [subject, predicate, object], &mut bytes);
        Ok((self.intern_record(&bytes)?, depth + 1))
    }

    /// The ids of a statement: subject, predicate, object, graph.
    pub(super) fn intern_quad(&mut self, quad: QuadRef<'_>) -> Result<[Id; 4]> {
        let graph = match quad.graph_name {
            GraphNameRef::DefaultGraph => 0,
            GraphNameRef::NamedNode(node) => self.intern(node.into())?,
            GraphNameRef::BlankNode(node) => self.intern(node.into())?,
        };
        Ok([self.intern(subject_term(quad.subject))?, self.intern(quad.predicate.into())?, self.intern(quad.object)?, graph])
    }
}

/// A subject as a term.
pub(super) fn subject_term(subject: NamedOrBlankNodeRef<'_>) -> TermRef<'_> {
    match subject {
        NamedOrBlankNodeRef::NamedNode(node) => node.into(),
        NamedOrBlankNodeRef::BlankNode(node) => node.into(),
    }
}

fn record_of<'a>(bytes: &'a [u8], ends: &[u64], id: Id) -> &'a [u8] {
    let at = id as usize - 1;
    let start = if at == 0 { 0 } else { ends[at - 1] as usize };
    &bytes[start..ends[at] as usize]
}
