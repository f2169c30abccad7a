//! Collects terms and statements of several threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::Result;
use crate::store::interner::Interner;
use crate::store::sharded::Sharded;
use crate::store::{AtomSpace, Id, Order, Position, Rows, record};

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

    /// Adds all statements of a space.
    pub(in crate::store) fn add_space(&self, space: &AtomSpace) -> Result<()> {
        let (mut local, lookup, rows) = (self.local(""), space.lookup(), space.rows(Order::Spo, &[]));
        let used = used(space, &rows);
        let mut ids = vec![0; used.len()];
        let mut bytes = Vec::new();
        for id in (1..=lookup.len()).filter(|id| used[*id as usize]) {
            let Some(record) = lookup.record(id) else { continue };
            ids[id as usize] = match record.triple() {
                None => local.intern_record(record.0)?,
                Some((depth, components)) => {
                    bytes.clear();
                    record::encode_triple(depth, components.map(|component| ids.get(component as usize).copied().unwrap_or(0)), &mut bytes);
                    local.intern_record(&bytes)?
                }
            };
        }
        let id = |id: Id| ids.get(id as usize).copied().unwrap_or(0);
        let statements = (0..rows.len()).map(|at| rows.row(at).map(id)).collect();
        self.add(&local, statements)?;
        // What is damaged read as nothing.
        space.health()
    }

    /// Statements so far, repeated ones counted again.
    pub(in crate::store) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Sorts everything; `text`: with an index of texts.
    pub(in crate::store) fn finish(self, text: bool) -> Result<AtomSpace> {
        let parts = self.parts.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut statements = Vec::with_capacity(parts.iter().map(Vec::len).sum());
        // Part by part, so that each is given back before the next is copied.
        parts.into_iter().for_each(|part| statements.extend_from_slice(&part));
        AtomSpace::build(&self.terms.into_terms(), statements, text)
    }
}

/// Which ids stand for terms of statements, or for components of their triple terms.
fn used(space: &AtomSpace, rows: &Rows<'_>) -> Vec<bool> {
    let mut used = vec![false; space.terms() as usize + 1];
    for position in [Position::Subject, Position::Predicate, Position::Object, Position::Graph] {
        for id in rows.column(position) {
            used.get_mut(*id as usize).into_iter().for_each(|used| *used = true);
        }
    }
    // Components have smaller ids.
    for id in (1..=space.terms()).rev() {
        if let Some((_, components)) = used[id as usize].then(|| space.lookup().record(id)?.triple()).flatten() {
            for component in components {
                used.get_mut(component as usize).into_iter().for_each(|used| *used = true);
            }
        }
    }
    used
}

impl AtomSpace {
    /// The same statements without changes on top: all terms in order again, with other ids; with an index of texts if there was one.
    ///
    /// # Errors
    /// When a file of the space is damaged.
    pub fn compacted(&self) -> Result<Self> {
        if self.delta().is_none() {
            return self.verify().map(|()| self.clone());
        }
        self.rebuilt(self.base().text.is_some())
    }

    /// The same statements, sorted anew; `text`: with an index of texts.
    pub(in crate::store) fn rebuilt(&self, text: bool) -> Result<Self> {
        let builder = Builder::default();
        builder.add_space(self)?;
        builder.finish(text)
    }
}
