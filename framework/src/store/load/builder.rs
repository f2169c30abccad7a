//! Collects terms and statements of several threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::Result;
use crate::store::interner::Interner;
use crate::store::sharded::Sharded;
use crate::store::{AtomSpace, Id};

/// Statements with provisional ids, and the terms that these stand for.
#[derive(Default)]
pub(in crate::store) struct Builder {
    terms: Sharded,
    parts: Mutex<Vec<Vec<[Id; 4]>>>,
    statements: AtomicU64,
}

impl Builder {
    /// An interner for a part.
    pub(in crate::store) fn local(&self, scope: &str) -> Interner {
        let mut local = self.terms.local();
        local.set_scope(scope);
        local
    }

    /// Adds statements with ids of an interner that [`Builder::local`] made.
    pub(in crate::store) fn add(&self, local: &Interner, mut statements: Vec<[Id; 4]>) -> Result<()> {
        let ids = self.terms.merge(local)?;
        statements.iter_mut().for_each(|statement| *statement = statement.map(|id| ids[id as usize]));
        self.statements.fetch_add(statements.len() as u64, Ordering::Relaxed);
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).push(statements);
        Ok(())
    }

    /// Statements so far, repeated ones counted again.
    pub(in crate::store) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Sorts everything.
    pub(in crate::store) fn finish(self) -> Result<AtomSpace> {
        let parts = self.parts.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut statements = Vec::with_capacity(parts.iter().map(Vec::len).sum());
        // Part by part, so that each is given back before the next is copied.
        parts.into_iter().for_each(|part| statements.extend_from_slice(&part));
        AtomSpace::build(&self.terms.into_terms(), statements)
    }
}
