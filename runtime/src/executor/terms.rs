//! Ids of terms and their decoded values: those of the store, and above them those that the query computes. Equal ids are equal terms, whatever made
//! them.

use std::sync::{Mutex, OnceLock, PoisonError};

use hashbrown::HashMap;
use hypergraphql_framework::store::{AtomSpace, Id};
use hypergraphql_query::expr::Value;
use oxrdf::Term;

use super::table::UNBOUND;
use crate::engine::QueryError;

/// Values of the store that are made room for at once.
const PAGE: usize = 256;

/// Computed values in the first level; each level has twice as many as the one before.
const FIRST: usize = 1024;

/// Levels that hold all ids there are.
const LEVELS: usize = 23;

type Page = Box<[OnceLock<Value>]>;

/// The terms of a query.
pub(crate) struct Terms {
    space: AtomSpace,
    /// Decoded values of the store, by page; each is decoded when it is first asked for.
    stored: Vec<OnceLock<Page>>,
    /// Values that the query computed.
    computed: [OnceLock<Page>; LEVELS],
    ids: Mutex<Ids>,
}

/// Ids of values that were asked for, and how many of them are new.
#[derive(Default)]
struct Ids {
    known: HashMap<Value, Id>,
    computed: u32,
}

impl Terms {
    /// Those of a store, and no other yet.
    pub(crate) fn new(space: AtomSpace) -> Self {
        let stored = (0..=space.terms() as usize / PAGE).map(|_| OnceLock::new()).collect();
        Self { space, stored, computed: std::array::from_fn(|_| OnceLock::new()), ids: Mutex::default() }
    }

    /// The store.
    pub(crate) fn space(&self) -> &AtomSpace {
        &self.space
    }

    /// The decoded value of an id.
    #[inline]
    pub(crate) fn get(&self, id: Id) -> Option<&Value> {
        if id > self.space.terms() {
            let (level, place) = level((id - self.space.terms() - 1) as usize);
            return self.computed.get(level)?.get()?.get(place)?.get();
        }
        let page = self.stored[id as usize / PAGE].get_or_init(|| page(PAGE));
        let value = &page[id as usize % PAGE];
        match value.get() {
            Some(value) => Some(value),
            None => {
                let read = Value::from(&self.space.term(id)?);
                Some(value.get_or_init(|| read))
            }
        }
    }

    /// The decoded value of an id, as one's own.
    pub(crate) fn value(&self, id: Id) -> Option<Value> {
        self.get(id).cloned()
    }

    /// The term of an id.
    pub(crate) fn term(&self, id: Id) -> Option<Term> {
        match id > self.space.terms() {
            true if id == UNBOUND => None,
            true => self.get(id).map(Value::term),
            false => self.space.term(id),
        }
    }

    /// The id of a term.
    pub(crate) fn intern(&self, term: &Term) -> Result<Id, QueryError> {
        match self.space.id(term) {
            Some(id) => Ok(id),
            None => self.computed_id(&Value::from(term), None),
        }
    }

    /// The id of a value.
    pub(crate) fn intern_value(&self, value: &Value) -> Result<Id, QueryError> {
        if let Some(&id) = self.ids.lock().unwrap_or_else(PoisonError::into_inner).known.get(value) {
            return Ok(id);
        }
        self.computed_id(value, self.space.id(&value.term()))
    }

    /// The id that a value has here already, or else the store's, or else a new one.
    fn computed_id(&self, value: &Value, stored: Option<Id>) -> Result<Id, QueryError> {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&id) = ids.known.get(value) {
            return Ok(id);
        }
        let id = match stored {
            Some(id) => id,
            None => {
                let limit = UNBOUND - self.space.terms() - 1;
                if ids.computed == limit {
                    return Err(QueryError::TooManyTerms { limit: limit.into() });
                }
                let (level, place) = level(ids.computed as usize);
                self.computed[level].get_or_init(|| page(FIRST << level))[place].get_or_init(|| value.clone());
                ids.computed += 1;
                self.space.terms() + ids.computed
            }
        };
        ids.known.insert(value.clone(), id);
        Ok(id)
    }
}

/// Level and place of a computed value.
#[inline]
fn level(index: usize) -> (usize, usize) {
    let level = (index / FIRST + 1).ilog2() as usize;
    (level, index - FIRST * ((1 << level) - 1))
}

fn page(len: usize) -> Page {
    (0..len).map(|_| OnceLock::new()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_each_other_without_gaps() {
        let mut expected = (0, 0);
        for index in 0..100_000 {
            assert_eq!(level(index), expected, "{index}");
            expected = if expected.1 + 1 == FIRST << expected.0 { (expected.0 + 1, 0) } else { (expected.0, expected.1 + 1) };
        }
        assert!(level(u32::MAX as usize).0 < LEVELS);
    }
}
