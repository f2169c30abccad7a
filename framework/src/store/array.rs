//! Arrays that are shared between threads and snapshots.

use std::ops::{Deref, Range};
use std::sync::Arc;

use super::Id;

/// Numbers in memory.
pub(super) struct Array<T>(Vec<T>);

impl<T> Deref for Array<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> From<Vec<T>> for Array<T> {
    fn from(values: Vec<T>) -> Self {
        Self(values)
    }
}

/// A part of a column of ids, without a copy; it keeps what it lies in alive.
#[derive(Clone)]
pub struct Ids {
    array: Arc<Array<Id>>,
    range: Range<usize>,
}

impl Ids {
    pub(super) fn new(array: Arc<Array<Id>>, range: Range<usize>) -> Self {
        Self { array, range }
    }
}

impl Deref for Ids {
    type Target = [Id];

    fn deref(&self) -> &[Id] {
        &self.array[self.range.clone()]
    }
}

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
