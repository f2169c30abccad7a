//! Arrays that are shared between threads and snapshots, in memory or mapped from a file.

use std::ops::{Deref, Range};
use std::sync::Arc;

use bytemuck::AnyBitPattern;

use super::Id;
use super::snapshot::Section;

/// Numbers that do not change.
pub(super) enum Array<T> {
    /// In memory.
    Owned(Vec<T>),
    /// In a file; its blocks are verified before they are used.
    Mapped(Section),
}

impl<T: AnyBitPattern> Array<T> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Owned(values) => values.len(),
            Self::Mapped(section) => section.bytes().len() / size_of::<T>(),
        }
    }

    /// A value; none past the end, or where the file is damaged.
    pub(super) fn get(&self, at: usize) -> Option<T> {
        match self {
            Self::Owned(values) => values.get(at).copied(),
            Self::Mapped(_) => self.slice(at..at.checked_add(1)?)?.first().copied(),
        }
    }

    /// Values; none if some lie past the end, or where the file is damaged.
    pub(super) fn slice(&self, range: Range<usize>) -> Option<&[T]> {
        if let Self::Mapped(section) = self {
            let width = size_of::<T>();
            section.verify(range.start.checked_mul(width)?..range.end.checked_mul(width)?)?;
        }
        self.unverified().get(range)
    }

    /// All values, of which those that are used were verified before.
    pub(super) fn unverified(&self) -> &[T] {
        match self {
            Self::Owned(values) => values,
            // Sections begin at multiples of 64 bytes of a mapping, and their length was checked on opening.
            Self::Mapped(section) => bytemuck::try_cast_slice(section.bytes()).unwrap_or_default(),
        }
    }

    /// The first place whose value is not less, among places that are sorted; none where the file is damaged.
    pub(super) fn partition(&self, range: Range<usize>, less: impl Fn(T) -> bool) -> Option<usize> {
        let Range { mut start, mut end } = range;
        let (values, width) = (self.unverified(), size_of::<T>());
        while start < end {
            let middle = start + (end - start) / 2;
            if let Self::Mapped(section) = self {
                section.verify(middle * width..(middle + 1) * width)?;
            }
            if less(*values.get(middle)?) {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        Some(start)
    }
}

impl<T> From<Vec<T>> for Array<T> {
    fn from(values: Vec<T>) -> Self {
        Self::Owned(values)
    }
}

/// A part of a column of ids, without a copy; it keeps what it lies in alive.
#[derive(Clone)]
pub struct Ids {
    array: Arc<Array<Id>>,
    range: Range<usize>,
}

impl Ids {
    /// A part that was verified.
    pub(super) fn new(array: Arc<Array<Id>>, range: Range<usize>) -> Self {
        Self { array, range }
    }
}

impl Deref for Ids {
    type Target = [Id];

    fn deref(&self) -> &[Id] {
        &self.array.unverified()[self.range.clone()]
    }
}

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
