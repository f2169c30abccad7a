//! `linear`: rows times the transpose of a matrix that is stored as PyTorch stores it.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::linear::CONTRACT;

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::error::Result;

/// `y = x Wᵀ`. On the CPU a few rows of x are multiplied by a kernel that is as fast as W can be read; more rows, and devices, take the product of the back end.
///
/// # Shapes
/// x `[N, I]`, weight `[O, I]`; result `[N, O]`.
///
/// # Errors
/// Shapes, types or devices that disagree, or a type that the device lacks.
pub fn linear<B: HyperBackend>(x: Tensor<B, 2>, weight: Tensor<B, 2>) -> Result<Tensor<B, 2>> {
    let device = x.device();
    let [rows, inputs] = x.dims();
    let arguments = Arguments::new("linear", CONTRACT, &device, "x", &x, [None, None])?;
    arguments.check("W", &weight, [None, Some(inputs)])?;
    arguments.room("outputs", [rows, weight.dims()[0]])?;
    Ok(Tensor::from_primitive(TensorPrimitive::Float(B::times_transposed(x.into_primitive().tensor(), weight.into_primitive().tensor())))) // [N, O]
}
