//! `SparseMatrix`: a constant sparse matrix on a device, such as sparse node features.

use std::fmt;
use std::sync::{Arc, OnceLock};

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use hypergraphql_kernels::dropout::Mask;
use hypergraphql_kernels::sparse_conv::bsr::{BlockRule, Blocking, Bsr};
use hypergraphql_kernels::{CsrPair, DType, Direction, KernelError};
use sprs::CsMat;

use crate::arguments::supports_pattern;
use crate::backend::{HyperBackend, Operand};
use crate::error::Result;
use crate::kernel_config::{GraphConvKernel, KernelConfig};

/// A sparse matrix `[rows, cols]` with constant values, in both orders on a device. A clone shares everything.
///
/// `sparse_conv` multiplies by its entries or by dense blocks, as [`Self::with_kernel`] says. Blocks are made from the entries, which stay in the memory
/// of the host, at the first product that needs them.
pub struct SparseMatrix<B: HyperBackend> {
    inner: Arc<Parts<B::Sparse, B::Blocks, B::Device>>,
    kernel: GraphConvKernel,
}

struct Parts<P, K, D> {
    pair: Arc<CsrPair>,
    pattern: P,
    rule: BlockRule,
    blocking: Blocking,
    blocks: OnceLock<K>,
    device: D,
}

impl<B: HyperBackend> SparseMatrix<B> {
    /// From row-major CSR; values `None` says that all are 1.
    ///
    /// # Errors
    /// Pointers or columns that describe no matrix, values of another length, sizes that 32-bit indices cannot hold.
    pub fn from_csr(ptr: Vec<u32>, col: Vec<u32>, cols: usize, values: Option<Vec<f64>>, device: &B::Device) -> Result<Self> {
        let pair = Arc::new(CsrPair::new(ptr, col, cols, values)?);
        supports_pattern::<B>(&pair, device)?;
        let pattern = B::sparse(pair.clone(), device);
        Ok(Self::of(pair, pattern, BlockRule::default(), device.clone(), GraphConvKernel::Auto))
    }

    fn of(pair: Arc<CsrPair>, pattern: B::Sparse, rule: BlockRule, device: B::Device, kernel: GraphConvKernel) -> Self {
        let blocking = rule.choose(&pair);
        Self { inner: Arc::new(Parts { pair, pattern, rule, blocking, blocks: OnceLock::new(), device }), kernel }
    }

    /// A matrix of other entries, on the same device and multiplied in the same way.
    fn alike(&self, pair: CsrPair) -> Self {
        let Parts { rule, device, .. } = &*self.inner;
        let pair = Arc::new(pair);
        Self::of(pair.clone(), B::sparse(pair, device), *rule, device.clone(), self.kernel)
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

    /// The matrix of these rows, in this order. They are cut on the host, where the entries stay, in time proportional to them and the columns, and uploaded.
    ///
    /// # Errors
    /// A row that is not there.
    pub fn select_rows(&self, rows: &[u32]) -> Result<Self> {
        let pair = &self.inner.pair;
        let view = pair.view(Direction::ToRows);
        if let Some(row) = rows.iter().find(|&&r| r as usize >= view.rows()) {
            return Err(
                KernelError::Option { op: "select_rows", argument: "rows", got: row.to_string(), expected: "rows of the matrix" }.into()
            );
        }
        let mut ptr = vec![0];
        let mut entries = Vec::new();
        for &row in rows {
            entries.extend(view.range(row as usize));
            ptr.push(u32::try_from(entries.len()).map_err(|_| KernelError::TooLarge {
                what: "entries",
                got: entries.len(),
                limit: u32::MAX as usize,
            })?);
        }
        let col = entries.iter().map(|&k| view.col[k]).collect();
        let values = view.values.map(|values| entries.iter().map(|&k| values[k]).collect());
        Ok(self.alike(CsrPair::new(ptr, col, pair.cols(), values)?))
    }

    /// Dropout of the entries: each is left out with probability p, by the hash of (seed, step, its number in row-major order) that
    /// [`dropout`](crate::dropout) takes, and those that stay are divided by 1 − p. Cut on the host and uploaded, as [`select_rows`](Self::select_rows) is.
    ///
    /// # Errors
    /// `p` outside 0 <= p < 1.
    pub fn drop_out(&self, p: f64, seed: u64, step: u64) -> Result<Self> {
        let mask = Mask::new(p, seed, step)?;
        let pair = &self.inner.pair;
        let view = pair.view(Direction::ToRows);
        let (mut ptr, mut col, mut values) = (Vec::with_capacity(view.rows() + 1), vec![], vec![]);
        ptr.push(0);
        for row in 0..view.rows() {
            for entry in view.range(row).filter(|&entry| mask.keeps(entry as u64)) {
                col.push(view.col[entry]);
                values.push(view.values.map_or(1.0, |values| values[entry]) * mask.scale);
            }
            ptr.push(col.len() as u32);
        }
        Ok(self.alike(CsrPair::new(ptr, col, pair.cols(), Some(values))?))
    }

    /// The same matrix, by which `sparse_conv` multiplies as `kernel` says.
    #[must_use]
    pub fn with_kernel(self, kernel: GraphConvKernel) -> Self {
        Self { kernel, ..self }
    }

    /// The same matrix, whose blocks have the size and must have the density that `rule` says.
    #[must_use]
    pub fn with_block_rule(self, rule: BlockRule) -> Self {
        let Parts { pair, pattern, device, .. } = &*self.inner;
        Self::of(pair.clone(), pattern.clone(), rule, device.clone(), self.kernel)
    }

    /// How `sparse_conv` multiplies by it.
    pub fn kernel(&self) -> GraphConvKernel {
        self.kernel
    }

    /// The size and the number of the blocks that products by blocks use.
    pub fn blocking(&self) -> Blocking {
        self.inner.blocking
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.inner.pair.rows()
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.inner.pair.cols()
    }

    /// Number of stored entries.
    pub fn nnz(&self) -> usize {
        self.inner.pair.nnz()
    }

    /// Where it lies.
    pub fn device(&self) -> &B::Device {
        &self.inner.device
    }

    /// What products with `width` features in `dtype` use.
    pub(crate) fn operand(&self, dtype: DType, width: usize) -> Result<Operand<B>> {
        let Parts { pattern, rule, blocking, device, .. } = &*self.inner;
        let first = if rule.takes(blocking) { GraphConvKernel::Bsr } else { GraphConvKernel::Csr };
        let sizes = [self.rows(), self.nnz(), blocking.stored(), width];
        let kernel = KernelConfig::graph_conv::<B>(self.kernel, first, device, dtype.name(), sizes);
        let blocks = if kernel == GraphConvKernel::Bsr { Some(self.blocks()?) } else { None };
        Ok(Operand { pattern: pattern.clone(), blocks })
    }

    fn blocks(&self) -> Result<B::Blocks> {
        let Parts { pair, blocking, blocks, device, .. } = &*self.inner;
        if let Some(blocks) = blocks.get() {
            return Ok(blocks.clone());
        }
        B::supports_size("numbers in blocks", blocking.stored(), 4, device)?;
        let made = B::blocks(Arc::new(Bsr::new(pair.clone(), blocking.size)?), device);
        Ok(blocks.get_or_init(|| made).clone())
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> SparseMatrix<Autodiff<B, C>> {
    /// The same matrix for tensors without autodiff; nothing is copied.
    pub fn inner(&self) -> SparseMatrix<B> {
        SparseMatrix { inner: self.inner.clone(), kernel: self.kernel }
    }
}

impl<B: HyperBackend> Clone for SparseMatrix<B> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), kernel: self.kernel }
    }
}

impl<B: HyperBackend> fmt::Debug for SparseMatrix<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, cols, nnz, device) = (self.rows(), self.cols(), self.nnz(), self.device());
        write!(f, "SparseMatrix([{rows}, {cols}], {nnz} entries, {device:?})")
    }
}

#[cfg(all(test, feature = "cpu"))]
mod tests {
    use hypergraphql_kernels::sparse_conv::bsr::BlockSize;

    use super::*;
    use crate::{Cpu, CpuDevice};

    /// 96 × 96: three blocks of 32 × 32 on the diagonal, of whose places one in `one_in` is an entry.
    fn diagonal(one_in: usize) -> SparseMatrix<Cpu> {
        let (mut ptr, mut col) = (vec![0], vec![]);
        for r in 0..96 {
            col.extend((r / 32 * 32..r / 32 * 32 + 32).filter(|c| (r + c) % one_in == 0).map(|c| c as u32));
            ptr.push(col.len() as u32);
        }
        SparseMatrix::from_csr(ptr, col, 96, None, &CpuDevice::default()).unwrap()
    }

    fn in_blocks(matrix: &SparseMatrix<Cpu>) -> bool {
        matrix.operand(DType::F64, 7).unwrap().blocks.is_some()
    }

    #[test]
    fn dropout_of_entries_is_that_of_a_tensor_of_them() {
        use burn::tensor::{Tensor, TensorData};
        let device = CpuDevice::default();
        // Rows 1 and 3 are empty.
        let (ptr, col, values) = (vec![0, 3, 3, 8, 8], vec![0, 2, 4, 0, 1, 2, 3, 4], vec![1.0, -2.0, 3.0, 0.5, 4.0, -5.0, 6.0, 7.0]);
        let eye = Tensor::<Cpu, 2>::eye(5, &device).cast(burn::tensor::DType::F64);
        let dense = |a: &SparseMatrix<Cpu>| crate::sparse_conv(a, eye.clone(), None, None).unwrap().into_data().to_vec::<f64>().unwrap();
        for given in [Some(values.clone()), None] {
            let a = SparseMatrix::from_csr(ptr.clone(), col.clone(), 5, given.clone(), &device).unwrap();
            let entries = given.unwrap_or(vec![1.0; 8]);
            for step in 0..20 {
                let x = Tensor::<Cpu, 1>::from_data(TensorData::new(entries.clone(), [8]), (&device, burn::tensor::DType::F64));
                let kept = crate::dropout(x, 0.4, 7, step).unwrap().into_data().to_vec::<f64>().unwrap();
                let mut expected = vec![0.0; 20];
                for (entry, value) in kept.iter().enumerate() {
                    let row = if entry < 3 { 0 } else { 2 };
                    expected[row * 5 + col[entry] as usize] = *value;
                }
                let dropped = a.drop_out(0.4, 7, step).unwrap();
                assert_eq!(dense(&dropped), expected);
                assert_eq!(dropped.nnz(), kept.iter().filter(|&&value| value != 0.0).count(), "what is dropped is not multiplied");
            }
            assert_eq!(dense(&a.drop_out(0.0, 7, 1).unwrap()), dense(&a));
            assert!(a.drop_out(1.0, 7, 1).is_err());
        }
    }

    #[test]
    fn blocks_are_used_where_they_are_dense_or_asked_for() {
        let (full, thin) = (diagonal(1), diagonal(31));
        assert_eq!((full.blocking().size, full.blocking().density()), (BlockSize::B32, 1.0));
        assert!(in_blocks(&full) && !in_blocks(&thin));
        assert!(!in_blocks(&full.clone().with_kernel(GraphConvKernel::Csr)));
        assert!(in_blocks(&thin.clone().with_kernel(GraphConvKernel::Bsr)));
        assert!(in_blocks(&thin.clone().with_block_rule(BlockRule { density_threshold: 0.01, ..BlockRule::default() })));
        let small =
            full.with_kernel(GraphConvKernel::Bsr).with_block_rule(BlockRule { size: Some(BlockSize::B16), ..BlockRule::default() });
        assert_eq!((small.blocking().size, small.blocking().blocks, small.kernel()), (BlockSize::B16, 12, GraphConvKernel::Bsr));
        assert!(in_blocks(&small));
    }
}
