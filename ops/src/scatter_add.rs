//! `scatter_add`: sums rows into the rows that an index names.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::scatter_add::{CONTRACT, Scatter};

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::error::Result;
use crate::index::Index;

/// Sums rows into the rows that the index names: `y_n = Σ_{i: index_i = n} x_i`. Its gradient is [`gather`](crate::gather).
///
/// # Shapes
/// x `[I, F]`; result `[N, F]`.
///
/// # Errors
/// A shape or device that disagrees with the index, a type that the device lacks, or [`Scatter::Atomic`] on a device that cannot add f32
/// atomically.
pub fn scatter_add<B: HyperBackend>(x: Tensor<B, 2>, index: &Index<B>, scatter: Scatter) -> Result<Tensor<B, 2>> {
    let arguments = Arguments::new("scatter_add", CONTRACT, index.device(), "x", &x, [Some(index.len()), None])?;
    arguments.room_for_sums("sums", [index.rows(), x.dims()[1]])?;
    B::supports_scatter(scatter, index.device())?;
    let y = B::scatter_add(index.pattern(), x.into_primitive().tensor(), scatter);
    Ok(Tensor::from_primitive(TensorPrimitive::Float(y)))
}
