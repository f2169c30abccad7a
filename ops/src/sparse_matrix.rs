//! `SparseMatrix`: a constant sparse matrix on a device, such as sparse node features.

use std::fmt;
use std::sync::Arc;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use hypergraphql_kernels::{CsrPair, KernelError};
use sprs::CsMat;

use crate::backend::HyperBackend;
use crate::error::Result;

/// A sparse matrix `[rows, cols]` with constant values, in both orders on a device. A clone shares everything.
pub struct SparseMatrix<B: HyperBackend> {
    inner: Arc<Parts<B::Sparse, B::Device>>,
}

struct Parts<P, D> {
    pattern: P,
    rows: usize,
    cols: usize,
    nnz: usize,
    device: D,
}

impl<B: HyperBackend> SparseMatrix<B> {
    /// From row-major CSR; values `None` says that all are 1.
    ///
    /// # Errors
    /// Pointers or columns that describe no matrix, values of another length, sizes that 32-bit indices cannot hold.
    pub fn from_csr(ptr: Vec<u32>, col: Vec<u32>, cols: usize, values: Option<Vec<f64>>, device: &B::Device) -> Result<Self> {
        let pair = CsrPair::new(ptr, col, cols, values)?;
        let (rows, cols, nnz) = (pair.rows(), pair.cols(), pair.nnz());
        Ok(Self { inner: Arc::new(Parts { pattern: B::sparse(Arc::new(pair), device), rows, cols, nnz, device: device.clone() }) })
    }

    /// From a matrix of sprs, in either storage order.
    ///
    /// # Errors
    /// Sizes that 32-bit indices cannot hold.
    pub fn from_sprs(matrix: &CsMat<f32>, device: &B::Device) -> Result<Self> {
        let limit = u32::MAX as usize;
        for (what, got) in [("rows", matrix.rows()), ("columns", matrix.cols()), ("entries", matrix.nnz())] {
            if got > limit {
                return Err(KernelError::TooLarge { what, got, limit }.into());
            }
        }
        let by_row = matrix.to_csr();
        let ptr = by_row.proper_indptr().iter().map(|&p| p as u32).collect();
        let col = by_row.indices().iter().map(|&c| c as u32).collect();
        let values = by_row.data().iter().map(|&v| f64::from(v)).collect();
        Self::from_csr(ptr, col, matrix.cols(), Some(values), device)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.inner.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.inner.cols
    }

    /// Number of stored entries.
    pub fn nnz(&self) -> usize {
        self.inner.nnz
    }

    /// Where it lies.
    pub fn device(&self) -> &B::Device {
        &self.inner.device
    }

    pub(crate) fn pattern(&self) -> &B::Sparse {
        &self.inner.pattern
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> SparseMatrix<Autodiff<B, C>> {
    /// The same matrix for tensors without autodiff; nothing is copied.
    pub fn inner(&self) -> SparseMatrix<B> {
        SparseMatrix { inner: self.inner.clone() }
    }
}

impl<B: HyperBackend> Clone for SparseMatrix<B> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<B: HyperBackend> fmt::Debug for SparseMatrix<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { rows, cols, nnz, device, .. } = &*self.inner;
        write!(f, "SparseMatrix([{rows}, {cols}], {nnz} entries, {device:?})")
    }
}
