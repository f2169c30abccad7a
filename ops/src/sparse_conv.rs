//! `sparse_conv`: a sparse matrix times a dense one.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::sparse_conv::CONTRACT;

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::error::Result;
use crate::sparse_matrix::SparseMatrix;

/// `Y = A X Θ + bias` with constant sparse A; sparse features times a weight is this with x = weight and no theta.
///
/// Θ is applied before or after the pass over A, whichever costs less. By the entries of A or by dense blocks, as [`SparseMatrix::with_kernel`],
/// [`KernelConfig::install`](crate::KernelConfig::install) or the measurements of `hgql tune kernels` say; else by blocks where they are dense enough
/// ([`SparseMatrix::with_block_rule`]). A zero of a block times an infinity or NaN of x is NaN, where by entries it does not count.
///
/// # Shapes
/// a `[rows, cols]`, x `[cols, F]`, theta `[F, O]` (none: O = F), bias `[O]`; result `[rows, O]`.
///
/// # Errors
/// Shapes, types or devices that disagree, a type that the device lacks, or more numbers in blocks than 32-bit indices can tell apart.
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
    arguments.room("outputs", [a.rows().max(a.cols()), o])?;
    arguments.room("sums", [a.rows(), f.min(o)])?;
    let inner = |t: Tensor<B, 2>| t.into_primitive().tensor();
    let bias = bias.map(|b| b.into_primitive().tensor());
    let y = B::sparse_conv(&a.operand(arguments.dtype(), f.min(o))?, inner(x), theta.map(inner), bias); // [rows, O]
    Ok(Tensor::from_primitive(TensorPrimitive::Float(y)))
}
