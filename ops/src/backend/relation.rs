//! The rows of relations and the product with a weight for each.

use std::fmt::Debug;
use std::sync::Arc;

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use hypergraphql_kernels::relation_linear::{Products, RelationRows, Wanted};
use hypergraphql_kernels::{DType, KernelError};

/// The part of the narrow waist that knows relations of rows; see `HyperBackend`. Arguments have been checked.
pub trait RelationBackend: Backend {
    /// The rows of every relation, resident on the device; cheap to clone.
    type Relations: Clone + Debug + Send + Sync + 'static;

    /// Uploads the rows of every relation.
    fn relations(rows: Arc<RelationRows>, device: &Self::Device) -> Self::Relations;
    /// Whether the device multiplies arrays of `dtype` so.
    ///
    /// # Errors
    /// Names the device, the type and what it has instead.
    fn supports_products(products: Products, dtype: DType, device: &Self::Device) -> Result<(), KernelError>;
    /// x `[rows, I]`, w `[R, I, O]` -> `[rows, O]`.
    fn relation_linear(r: &Self::Relations, x: FloatTensor<Self>, w: FloatTensor<Self>, products: Products) -> FloatTensor<Self>;
    /// dy `[rows, O]` -> dx `[rows, I]` and dw `[R, I, O]`, as far as they are wanted. `x` is read only for dw, where else any tensor of its
    /// shape will do.
    fn relation_linear_backward(
        r: &Self::Relations,
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        dy: FloatTensor<Self>,
        wanted: Wanted,
        products: Products,
    ) -> (Option<FloatTensor<Self>>, Option<FloatTensor<Self>>);
}
