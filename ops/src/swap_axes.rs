//! `swap_axes`: tokens and heads change places.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::swap_axes::CONTRACT;

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::error::Result;

/// `y_(s,b,a,d) = x_(s,a,b,d)`: what Burn's `swap_dims(1, 2)` gives, but on the CPU with its elements in their new order, copied by all threads; there a view
/// with these axes is put in order element by element when something needs it.
///
/// # Shapes
/// x `[S, A, B, D]` -> `[S, B, A, D]`
///
/// # Errors
/// A type that the device lacks.
pub fn swap_axes<B: HyperBackend>(x: Tensor<B, 4>) -> Result<Tensor<B, 4>> {
    let device = x.device();
    Arguments::new("swap_axes", CONTRACT, &device, "x", &x, [None; 4])?;
    Ok(Tensor::from_primitive(TensorPrimitive::Float(B::swap_axes(x.into_primitive().tensor()))))
}
