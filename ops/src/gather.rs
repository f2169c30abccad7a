//! `gather`: rows of a matrix by index.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::gather::CONTRACT;

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::error::Result;
use crate::index::Index;

/// The rows that the index names: `y_i = x_(index_i)`. Its gradient is the deterministic [`scatter_add`](crate::scatter_add).
///
/// # Shapes
/// x `[N, F]`; result `[I, F]`.
///
/// # Errors
/// A shape or device that disagrees with the index, or a type that the device lacks.
pub fn gather<B: HyperBackend>(x: Tensor<B, 2>, index: &Index<B>) -> Result<Tensor<B, 2>> {
    let arguments = Arguments::new("gather", CONTRACT, index.device(), "x", &x, [Some(index.rows()), None])?;
    arguments.room("outputs", [index.len(), x.dims()[1]])?;
    let y = B::gather(index.pattern(), x.into_primitive().tensor());
    Ok(Tensor::from_primitive(TensorPrimitive::Float(y)))
}
