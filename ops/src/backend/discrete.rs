//! The ops from floats to whole numbers and back: searches and 8-bit integers. They have no gradient.

use std::fmt::Debug;

use burn::tensor::DType;
use burn::tensor::ops::FloatTensor;
use hypergraphql_kernels::KernelError;
use hypergraphql_kernels::knn::KnnConfig;

use super::relational::RelationalBackend;

type Result<T> = std::result::Result<T, KernelError>;

/// The part of the narrow waist between floats and whole numbers; see `HyperBackend`. Shapes have been checked.
pub trait DiscreteBackend: RelationalBackend {
    /// Rows of 8-bit integers with a scale each, resident on the device; cheap to clone.
    type Int8Rows: Clone + Debug + Send + Sync + 'static;

    /// q `[Q, D]`, x `[N, D]` -> items `[Q·k]` and scores `[Q, k]` in the type of sums.
    ///
    /// # Errors
    /// A tracked tensor, a k that the device has no room for, sizes over 32 bits.
    fn knn(c: KnnConfig, q: FloatTensor<Self>, x: FloatTensor<Self>) -> Result<(Self::Ids, FloatTensor<Self>)>;

    /// x `[rows, F]` -> q and scales.
    ///
    /// # Errors
    /// A tracked tensor, sizes over 32 bits.
    fn quantize_rows(x: FloatTensor<Self>) -> Result<Self::Int8Rows>;
    /// Uploads q `[rows, F]` and scales `[rows]`.
    ///
    /// # Errors
    /// Another number of q than rows·F.
    fn int8_rows(codes: Vec<i8>, scales: Vec<f32>, width: usize, device: &Self::Device) -> Result<Self::Int8Rows>;
    /// q `[rows, F]` and scales `[rows]`; waits for the device.
    ///
    /// # Errors
    /// A read that fails.
    fn read_int8_rows(x: &Self::Int8Rows, device: &Self::Device) -> Result<(Vec<i8>, Vec<f32>)>;
    /// `[rows, F]` in `dtype`.
    ///
    /// # Errors
    /// Sizes over 32 bits.
    fn dequantize_rows(x: &Self::Int8Rows, shape: [usize; 2], dtype: DType, device: &Self::Device) -> Result<FloatTensor<Self>>;
    /// x `[T, K]`, w `[O, K]` -> `[T, O]`.
    ///
    /// # Errors
    /// A tracked tensor, sizes over 32 bits.
    fn int8_matmul(x: FloatTensor<Self>, w: &Self::Int8Rows, outputs: usize) -> Result<FloatTensor<Self>>;
}
