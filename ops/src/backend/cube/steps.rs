//! The steps of a convolution on a device: passes, dense products, the bias.

use std::sync::Arc;

use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{Shape, TensorMetadata};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement};
use hypergraphql_kernels::Direction;
use hypergraphql_kernels::aggregate::{self, Fold, Reduce, Weights};
use hypergraphql_kernels::device::Buf;
use hypergraphql_kernels::hypergraph_conv::{Scales, launch as conv};
use hypergraphql_kernels::relation_linear::Products;
use hypergraphql_kernels::sparse_conv::bsr::{DeviceBlocks, launch::block_product};
use hypergraphql_kernels::sparse_conv::{Order, choose_order};

use super::matrix::Matrix;
use super::{CHECKED, Sparse};
use crate::backend::{Bias, HyperBackend, Operand};

/// The dense step around the passes.
pub(super) trait Dense: HyperBackend {
    /// a `[m, k]` · b `[k, n]`, also where a size is 0.
    fn dense(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl<R: CubeRuntime, F: FloatElement, I: IntElement, BT: BoolElement> Dense for CubeBackend<R, F, I, BT> {
    fn dense(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        let ([m, k], [_, n]) = (a.shape().dims(), b.shape().dims());
        if m * k * n == 0 {
            let (device, dtype) = (a.device.clone(), a.dtype);
            return Self::float_zeros(Shape::new([m, n]), &device, dtype.into());
        }
        Self::float_matmul(a, b)
    }
}

pub(super) fn scale_refs<R: CubeRuntime>(scales: &Scales<Buf<R>>) -> Scales<&Buf<R>> {
    Scales { input: scales.input.as_ref(), middle: scales.middle.as_ref(), output: scales.output.as_ref() }
}

/// First pass of a convolution.
pub(super) fn to_edges<R: CubeRuntime>(s: &Sparse<R>, scales: &Scales<Buf<R>>, x: CubeTensor<R>) -> CubeTensor<R> {
    let x = Matrix::of(x);
    let e = conv::to_edges(s, &scale_refs(scales), &x.buf, x.width).expect(CHECKED);
    x.like(e, s.cols(), x.width)
}

/// Second pass of a convolution, with its bias.
pub(super) fn to_nodes<R, B>(s: &Sparse<R>, scales: &Scales<Buf<R>>, e: CubeTensor<R>, bias: Option<Bias<B>>) -> CubeTensor<R>
where
    R: CubeRuntime,
    B: HyperBackend<Scale = Buf<R>, FloatTensorPrimitive = CubeTensor<R>>,
{
    let e = Matrix::of(e);
    let bias = bias.map(|b| (Matrix::of(b.row).buf, b.scale));
    let folded = bias.as_ref().map(|(row, scale)| (row, scale.as_ref()));
    let y = conv::to_nodes(s, &scale_refs(scales), &e.buf, e.width, folded).expect(CHECKED);
    e.like(y, s.rows(), e.width)
}

/// y `[rows, O]` + c ⊗ bias, where no pass can fold the bias in.
pub(super) fn add_bias<R, B>(s: &Sparse<R>, y: CubeTensor<R>, bias: Option<Bias<B>>) -> CubeTensor<R>
where
    R: CubeRuntime,
    B: HyperBackend<Scale = Buf<R>, FloatTensorPrimitive = CubeTensor<R>>,
{
    let Some(Bias { row, scale }) = bias else { return y };
    let y = Matrix::of(y);
    let sum = conv::add_bias(s, &y.buf, y.width, &Matrix::of(row).buf, scale.as_ref()).expect(CHECKED);
    y.like(sum, y.rows, y.width)
}

/// Σ_r c_r dy_r, `[O]`
pub(super) fn bias_gradient<R: CubeRuntime>(s: &Sparse<R>, dy: CubeTensor<R>, scale: Option<&Buf<R>>) -> CubeTensor<R> {
    let dy = Matrix::of(dy);
    let sum = conv::bias_gradient(s, &dy.buf, dy.width, scale).expect(CHECKED);
    dy.tensor(sum, Shape::new([dy.width]))
}

/// A x (`ToRows`) or A^T x, plus the bias.
pub(super) fn multiply<R, B>(a: &Operand<B>, direction: Direction, x: CubeTensor<R>, bias: Option<CubeTensor<R>>) -> CubeTensor<R>
where
    R: CubeRuntime,
    B: HyperBackend<Sparse = Sparse<R>, Blocks = Arc<DeviceBlocks<R>>>,
{
    let (x, bias) = (Matrix::of(x), bias.map(|b| Matrix::of(b).buf));
    let y = match &a.blocks {
        Some(blocks) => block_product(blocks, direction, &x.buf, x.width, bias.as_ref(), Products::Auto),
        None => {
            let fold = Fold { bias: bias.as_ref().map(|b| (b, None)), ..Fold::default() };
            aggregate::launch::aggregate(&a.pattern, direction, Reduce::Sum, &x.buf, x.width, Weights::Values, fold)
        }
    };
    x.like(y.expect(CHECKED), a.pattern.side(direction).outputs, x.width)
}

/// The cheaper order of a product with a weight `[f, o]`.
pub(super) fn order<R, B>(a: &Operand<B>, direction: Direction, f: usize, o: usize) -> Order
where
    R: CubeRuntime,
    B: HyperBackend<Sparse = Sparse<R>, Blocks = Arc<DeviceBlocks<R>>>,
{
    let side = a.pattern.side(direction);
    a.blocks.as_ref().map_or_else(|| choose_order(side.outputs, side.inputs, a.pattern.nnz(), f, o), |blocks| blocks.order(direction, f, o))
}
