//! `Relations`: which relation each row of a matrix has, on a device.

use std::fmt;
use std::sync::Arc;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use hypergraphql_kernels::relation_linear::RelationRows;

use crate::backend::HyperBackend;
use crate::error::Result;
use crate::kernel_config::RelationKernel;

/// The relation of each row of a matrix, with the order that sorts the rows by it; uploaded once. A clone shares everything.
pub struct Relations<B: HyperBackend> {
    inner: Arc<Parts<B::Relations, B::Device>>,
    kernel: RelationKernel,
}

struct Parts<P, D> {
    rows: P,
    len: usize,
    relations: usize,
    device: D,
}

impl<B: HyperBackend> Relations<B> {
    /// From the relation of each row, in any order: O(rows + relations). Rows that are sorted already are never copied.
    ///
    /// # Errors
    /// A relation `>= relations`, sizes that 32-bit indices cannot hold.
    pub fn new(ids: &[u32], relations: usize, device: &B::Device) -> Result<Self> {
        B::supports_size("relations of rows", ids.len(), 4, device)?;
        let rows = B::relations(Arc::new(RelationRows::new(ids, relations)?), device);
        let inner = Arc::new(Parts { rows, len: ids.len(), relations, device: device.clone() });
        Ok(Self { inner, kernel: RelationKernel::Auto })
    }

    /// The same relations, over which `relation_linear` runs as `kernel` says.
    #[must_use]
    pub fn with_kernel(self, kernel: RelationKernel) -> Self {
        Self { kernel, ..self }
    }

    /// How `relation_linear` runs over them.
    pub fn kernel(&self) -> RelationKernel {
        self.kernel
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.inner.len
    }

    /// R, the number of relations.
    pub fn relations(&self) -> usize {
        self.inner.relations
    }

    /// Where they lie.
    pub fn device(&self) -> &B::Device {
        &self.inner.device
    }

    pub(crate) fn of_rows(&self) -> &B::Relations {
        &self.inner.rows
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> Relations<Autodiff<B, C>> {
    /// The same relations for tensors without autodiff; nothing is copied.
    pub fn inner(&self) -> Relations<B> {
        Relations { inner: self.inner.clone(), kernel: self.kernel }
    }
}

impl<B: HyperBackend> Clone for Relations<B> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), kernel: self.kernel }
    }
}

impl<B: HyperBackend> fmt::Debug for Relations<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { len, relations, device, .. } = &*self.inner;
        write!(f, "Relations({len} rows, {relations} relations, {device:?})")
    }
}
