//! `dropout`: zeroes elements by a hash of (seed, step, element).

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::dropout::Mask;

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::error::Result;

/// Zeroes each element with probability `p` and divides the others by 1 − p.
///
/// The mask depends on (seed, step, element) alone, so that a resumed run draws the same ones on every device. p = 0 returns x itself.
///
/// # Shapes
/// x of any shape; result likewise.
///
/// # Errors
/// `p` outside 0 <= p < 1, or a type that the device lacks.
pub fn dropout<B: HyperBackend, const D: usize>(x: Tensor<B, D>, p: f64, seed: u64, step: u64) -> Result<Tensor<B, D>> {
    let mask = Mask::new(p, seed, step)?;
    Arguments::new("dropout", "x of any shape", &x.device(), "x", &x, [None; D])?;
    if p == 0.0 {
        return Ok(x);
    }
    Ok(Tensor::from_primitive(TensorPrimitive::Float(B::dropout(x.into_primitive().tensor(), mask))))
}
