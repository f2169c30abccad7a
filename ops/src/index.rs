//! `Index`: rows of a matrix, on a device.

use std::fmt;
use std::sync::Arc;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use hypergraphql_kernels::gather::index_pattern;

use crate::arguments::supports_pattern;
use crate::backend::HyperBackend;
use crate::error::Result;

/// An index `[I]` of rows of a matrix with `rows` rows, with its sorted transpose. A clone shares everything.
pub struct Index<B: HyperBackend> {
    inner: Arc<IndexParts<B::Sparse, B::Device>>,
}

/// Independent of autodiff, so that `inner` shares it.
pub(crate) struct IndexParts<P, D> {
    pattern: P,
    len: usize,
    rows: usize,
    device: D,
}

impl<B: HyperBackend> Index<B> {
    /// Uploads an index over `n` rows; repeats are allowed.
    ///
    /// # Errors
    /// An index `>= n`.
    pub fn new(index: &[u32], n: usize, device: &B::Device) -> Result<Self> {
        let pair = index_pattern(index.to_vec(), n)?;
        supports_pattern::<B>(&pair, device)?;
        Ok(Self {
            inner: Arc::new(IndexParts { pattern: B::sparse(Arc::new(pair), device), len: index.len(), rows: n, device: device.clone() }),
        })
    }

    pub(crate) fn of(inner: Arc<IndexParts<B::Sparse, B::Device>>) -> Self {
        Self { inner }
    }

    pub(crate) fn parts(self) -> Arc<IndexParts<B::Sparse, B::Device>> {
        self.inner
    }

    /// I, the number of indices.
    pub fn len(&self) -> usize {
        self.inner.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.inner.len == 0
    }

    /// N, the number of rows that the index may name.
    pub fn rows(&self) -> usize {
        self.inner.rows
    }

    /// Where it lies.
    pub fn device(&self) -> &B::Device {
        &self.inner.device
    }

    pub(crate) fn pattern(&self) -> &B::Sparse {
        &self.inner.pattern
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> Index<Autodiff<B, C>> {
    /// The same index for tensors without autodiff; nothing is copied.
    pub fn inner(&self) -> Index<B> {
        Index { inner: self.inner.clone() }
    }
}

impl<B: HyperBackend> Clone for Index<B> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<B: HyperBackend> fmt::Debug for Index<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IndexParts { len, rows, device, .. } = &*self.inner;
        write!(f, "Index({len} of {rows} rows, {device:?})")
    }
}
