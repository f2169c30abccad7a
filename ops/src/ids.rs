//! `Ids`: an array of indices on a device.

use std::fmt;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;

use crate::backend::HyperBackend;
use crate::error::{OpError, Result};

/// Indices `[n]` of 32 bits on a device: the columns of a relation. A clone shares them.
pub struct Ids<B: HyperBackend> {
    pub(crate) inner: B::Ids,
    pub(crate) device: B::Device,
}

impl<B: HyperBackend> Ids<B> {
    /// Uploads indices.
    pub fn new(values: Vec<u32>, device: &B::Device) -> Self {
        Self { inner: B::ids(values, device), device: device.clone() }
    }

    /// n
    pub fn len(&self) -> usize {
        B::ids_len(&self.inner)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where they lie.
    pub fn device(&self) -> &B::Device {
        &self.device
    }

    /// The indices; waits for the device.
    ///
    /// # Errors
    /// A read that fails.
    pub fn read(&self) -> Result<Vec<u32>> {
        Ok(B::read_ids(&self.inner, &self.device)?)
    }

    pub(crate) fn on(&self, inner: B::Ids) -> Self {
        Self { inner, device: self.device.clone() }
    }

    pub(crate) fn both(&self, (a, b): (B::Ids, B::Ids)) -> (Self, Self) {
        (self.on(a), self.on(b))
    }

    /// Checks that `other` lies on the same device.
    pub(crate) fn check(&self, op: &'static str, argument: &'static str, other: &Self) -> Result<()> {
        if self.device == other.device {
            return Ok(());
        }
        Err(OpError::Device { op, argument, expected: format!("{:?}", self.device), got: format!("{:?}", other.device) })
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> Ids<Autodiff<B, C>> {
    /// The same indices for ops without autodiff; nothing is copied.
    pub fn inner(&self) -> Ids<B> {
        Ids { inner: self.inner.clone(), device: self.device.clone() }
    }
}

impl<B: HyperBackend> Clone for Ids<B> {
    fn clone(&self) -> Self {
        self.on(self.inner.clone())
    }
}

impl<B: HyperBackend> fmt::Debug for Ids<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ids({}, {:?})", self.len(), self.device)
    }
}
