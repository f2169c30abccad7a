//! Ops without a gradient refuse tensors that are tracked: a result that silently passes none would be a wrong gradient.

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::tensor::DType;
use burn::tensor::ops::FloatTensor;
use hypergraphql_kernels::KernelError;
use hypergraphql_kernels::knn::KnnConfig;

use super::{Node, constant, tracked};
use crate::backend::{DiscreteBackend, HyperBackend, RelationalBackend};

impl<B: HyperBackend, C: CheckpointStrategy> DiscreteBackend for Autodiff<B, C> {
    type Int8Rows = B::Int8Rows;

    fn knn(c: KnnConfig, q: Node<B, C>, x: Node<B, C>) -> Result<(<Self as RelationalBackend>::Ids, Node<B, C>), KernelError> {
        let (ids, scores) = B::knn(c, untracked::<B, C>("knn", "queries", q)?, untracked::<B, C>("knn", "items", x)?)?;
        Ok((ids, constant::<B, C>(scores)))
    }

    fn quantize_rows(x: Node<B, C>) -> Result<Self::Int8Rows, KernelError> {
        B::quantize_rows(untracked::<B, C>("quantize", "x", x)?)
    }

    fn int8_rows(codes: Vec<i8>, scales: Vec<f32>, width: usize, device: &Self::Device) -> Result<Self::Int8Rows, KernelError> {
        B::int8_rows(codes, scales, width, device)
    }

    fn read_int8_rows(x: &Self::Int8Rows, device: &Self::Device) -> Result<(Vec<i8>, Vec<f32>), KernelError> {
        B::read_int8_rows(x, device)
    }

    fn dequantize_rows(x: &Self::Int8Rows, shape: [usize; 2], dtype: DType, device: &Self::Device) -> Result<Node<B, C>, KernelError> {
        Ok(constant::<B, C>(B::dequantize_rows(x, shape, dtype, device)?))
    }

    fn int8_matmul(x: Node<B, C>, w: &Self::Int8Rows, outputs: usize) -> Result<Node<B, C>, KernelError> {
        Ok(constant::<B, C>(B::int8_matmul(untracked::<B, C>("int8_matmul", "x", x)?, w, outputs)?))
    }
}

fn untracked<B: HyperBackend, C: CheckpointStrategy>(
    op: &'static str,
    argument: &'static str,
    x: Node<B, C>,
) -> Result<FloatTensor<B>, KernelError> {
    if !tracked::<B, C>(&x) {
        return Ok(x.primitive);
    }
    let (got, expected) =
        ("tracked by autodiff".to_owned(), "a tensor without a gradient, as the op has none: use Tensor::detach or Tensor::inner");
    Err(KernelError::Option { op, argument, got, expected })
}
