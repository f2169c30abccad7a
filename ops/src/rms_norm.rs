//! `rms_norm`: divides by the root mean square over the last dimension.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::rms_norm::check_epsilon;

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::error::Result;

/// y = weight · x / sqrt(mean x² + epsilon), the mean over the last dimension; sums in f32 (f64 for f64).
///
/// Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.
///
/// # Shapes
/// x `[…, F]`, weight `[F]`; result like x.
///
/// # Errors
/// Shapes, types or devices that disagree, an epsilon that is not a positive number, or a type that the device lacks.
pub fn rms_norm<B: HyperBackend, const D: usize>(x: Tensor<B, D>, weight: Tensor<B, 1>, epsilon: f64) -> Result<Tensor<B, D>> {
    check_epsilon(epsilon)?;
    let device = x.device();
    let arguments = Arguments::new("rms_norm", "x [.., F], weight [F]", &device, "x", &x, [None; D])?;
    arguments.check("weight", &weight, [x.dims().last().copied()])?;
    let y = B::rms_norm(x.into_primitive().tensor(), weight.into_primitive().tensor(), epsilon);
    Ok(Tensor::from_primitive(TensorPrimitive::Float(y)))
}
