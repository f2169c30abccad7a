//! `sparse_conv`: a sparse matrix times a dense one.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::Direction;
use hypergraphql_kernels::aggregate::{Reduce, Weights};
use hypergraphql_kernels::sparse_conv::{CONTRACT, Order, choose_order};

use crate::arguments::Arguments;
use crate::backend::{HyperBackend, Pass};
use crate::error::Result;
use crate::sparse_matrix::SparseMatrix;

/// `Y = A X Θ + bias` with constant sparse A; sparse features times a weight is this with x = weight and no theta.
///
/// Θ is applied before or after the pass over A, whichever costs less.
///
/// # Shapes
/// a [rows, cols], x [cols, F], theta [F, O] (none: O = F), bias [O]; result [rows, O].
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
    // Burn's products and sums panic on empty tensors on some devices.
    let y = match theta {
        Some(_) if a.rows() * f * o == 0 => Tensor::zeros([a.rows(), o], (&x.device(), x.dtype())),
        None => multiply(a, x),
        Some(theta) => match choose_order(a.rows(), a.cols(), a.nnz(), f, o) {
            Order::WeightFirst => multiply(a, x.matmul(theta)),
            Order::PassFirst => multiply(a, x).matmul(theta),
        },
    }; // [rows, O]
    Ok(match bias {
        Some(bias) if a.rows() * o > 0 => y + bias.unsqueeze(),
        _ => y,
    })
}

/// A X
fn multiply<B: HyperBackend>(a: &SparseMatrix<B>, x: Tensor<B, 2>) -> Tensor<B, 2> {
    let pass = Pass { direction: Direction::ToRows, reduce: Reduce::Sum, input_scale: None, output_scale: None };
    Tensor::from_primitive(TensorPrimitive::Float(B::aggregate(a.pattern(), &pass, x.into_primitive().tensor(), Weights::Values)))
}
