//! A space with statements deleted and inserted.

use oxrdf::{GraphNameRef, Quad, QuadRef, TermRef, Triple};

use super::base::Base;
use super::delta::{Changing, Delta};
use super::interner::{Interner, subject_term};
use super::lookup::Lookup;
use super::statements::{Order, Position};
use super::{Id, MAX_NESTING, MAX_TERMS, record};
use crate::{Error, Result};

/// Applies changes to a delta: statements are deleted first, then inserted.
pub(super) fn apply(base: &Base, delta: Option<&Delta>, inserts: &[Quad], deletes: &[Quad]) -> Result<Delta> {
    let mut terms = delta.map(|delta| delta.terms.clone()).unwrap_or_default();
    let mut inserted = Changing::new(delta.map(|delta| &delta.inserted));
    let mut deleted = Changing::new(delta.map(|delta| &delta.deleted));
    for quad in deletes {
        // A statement of a term that there is not is not there either.
        let Some(row) = row_of(Lookup { sorted: &base.dictionary, new: Some(&terms) }, quad.as_ref()) else { continue };
        if !inserted.remove(&row) && holds(base, &row) {
            deleted.insert(row);
        }
    }
    for quad in inserts {
        let row = Growing { base, terms: &mut terms }.row(quad.as_ref())?;
        if !deleted.remove(&row) && !holds(base, &row) {
            inserted.insert(row);
        }
    }
    Ok(Delta { terms, inserted: inserted.finish(), deleted: deleted.finish() })
}

/// Whether the base has a statement.
fn holds(base: &Base, row: &[Id; 4]) -> bool {
    let rows = base.statements.rows(Order::Spo, &row[..3]);
    match rows.column(Position::Graph) {
        [] => !rows.is_empty() && row[3] == 0,
        graphs => graphs.binary_search(&row[3]).is_ok(),
    }
}

/// The ids of a statement, if all its terms have one.
fn row_of(lookup: Lookup<'_>, quad: QuadRef<'_>) -> Option<[Id; 4]> {
    let graph = match quad.graph_name {
        GraphNameRef::DefaultGraph => 0,
        GraphNameRef::NamedNode(node) => lookup.id(node.into())?,
        GraphNameRef::BlankNode(node) => lookup.id(node.into())?,
    };
    Some([lookup.id(subject_term(quad.subject))?, lookup.id(quad.predicate.into())?, lookup.id(quad.object)?, graph])
}

/// Terms that grow.
struct Growing<'a> {
    base: &'a Base,
    terms: &'a mut Interner,
}

impl Growing<'_> {
    fn row(&mut self, quad: QuadRef<'_>) -> Result<[Id; 4]> {
        let graph = match quad.graph_name {
            GraphNameRef::DefaultGraph => 0,
            GraphNameRef::NamedNode(node) => self.id(node.into())?,
            GraphNameRef::BlankNode(node) => self.id(node.into())?,
        };
        Ok([self.id(subject_term(quad.subject))?, self.id(quad.predicate.into())?, self.id(quad.object)?, graph])
    }

    fn id(&mut self, term: TermRef<'_>) -> Result<Id> {
        if let TermRef::Triple(triple) = term {
            return Ok(self.triple(triple, MAX_NESTING)?.0);
        }
        if let Some(id) = (Lookup { sorted: &self.base.dictionary, new: Some(self.terms) }).id(term) {
            return Ok(id);
        }
        let mut bytes = Vec::new();
        record::encode(term, &mut bytes);
        self.add(&bytes)
    }

    fn triple(&mut self, triple: &Triple, allowed: u8) -> Result<(Id, u8)> {
        if allowed == 0 {
            return Err(Error::invalid("a triple term", format!("at most {MAX_NESTING} triple terms inside each other"), "more"));
        }
        let subject = self.id(subject_term(triple.subject.as_ref()))?;
        let predicate = self.id(triple.predicate.as_ref().into())?;
        let (object, depth) = match triple.object.as_ref() {
            TermRef::Triple(inner) => self.triple(inner, allowed - 1)?,
            other => (self.id(other)?, 0),
        };
        let mut bytes = Vec::new();
        record::encode_triple(depth + 1, [subject, predicate, object], &mut bytes);
        let known = self.base.dictionary.find(record::Record(&bytes));
        Ok((known.map_or_else(|| self.add(&bytes), Ok)?, depth + 1))
    }

    fn add(&mut self, record: &[u8]) -> Result<Id> {
        let before = self.base.dictionary.len();
        if before + self.terms.len() >= MAX_TERMS {
            return Err(Error::invalid("terms of an AtomSpace", format!("at most {MAX_TERMS}"), "more"));
        }
        Ok(before + self.terms.intern_record(record)?)
    }
}
