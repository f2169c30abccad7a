//! `sparse_conv`: a sparse matrix times a dense one.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::sparse_conv::CONTRACT;

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::error::Result;
use crate::sparse_matrix::SparseMatrix;

/// `Y = A X Θ + bias` with constant sparse A; sparse features times a weight is this with x = weight and no theta.
///
/// Θ is applied before or after the pass over A, whichever costs less.
///
/// # Shapes
/// a `[rows, cols]`, x `[cols, F]`, theta `[F, O]` (none: O = F), bias `[O]`; result `[rows, O]`.
///
/// # Errors
/// Shapes, types or devices that disagree, or a type that the device lacks.
pub fn sparse_conv<B: HyperBackend>(
    a: &SparseMatrix<B>,
    x: Tensor<B, 2>,
    theta: Option<Tensor<B, 2>>,
    bias: Option<Tensor<B, 1>>,
) -> Result<Tensor<B, 2>> {
    let [_, f] = x.dims();
    let o = theta.as_ref().map_or(f, |t| t.dims()[1]);
    let arguments = Arguments::new("sparse_conv", CONTRACT, a.device(), "X", &x, [Some(a.cols()), None])?;
    arguments.check_some("theta", theta.as_ref(), [Some(f), None])?;
    arguments.check_some("bias", bias.as_ref(), [Some(o)])?;
    let inner = |t: Tensor<B, 2>| t.into_primitive().tensor();
    let bias = bias.map(|b| b.into_primitive().tensor());
    let y = B::sparse_conv(a.pattern(), inner(x), theta.map(inner), bias); // [rows, O]
    Ok(Tensor::from_primitive(TensorPrimitive::Float(y)))
}
