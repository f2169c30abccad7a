//! `swiglu`: the gated activation of transformer blocks.

use burn::tensor::{Tensor, TensorPrimitive};

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::error::Result;

/// y = gate · σ(gate) · up, element by element, in one pass; computed in f32 (f64 for f64).
///
/// Shazeer, "GLU Variants Improve Transformer", 2020.
///
/// # Shapes
/// gate and up of any one shape; result likewise.
///
/// # Errors
/// Shapes, types or devices that disagree, or a type that the device lacks.
pub fn swiglu<B: HyperBackend, const D: usize>(gate: Tensor<B, D>, up: Tensor<B, D>) -> Result<Tensor<B, D>> {
    let device = gate.device();
    let arguments = Arguments::new("swiglu", "gate and up of one shape", &device, "gate", &gate, [None; D])?;
    arguments.check("up", &up, gate.dims().map(Some))?;
    Ok(Tensor::from_primitive(TensorPrimitive::Float(B::swiglu(gate.into_primitive().tensor(), up.into_primitive().tensor()))))
}
