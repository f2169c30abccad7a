//! Searches and 8-bit integers under Fusion. What gives whole numbers runs at once, since they are no tensors of the stream: the stream is
//! drained first, and floats that come out beside them are put into it as they are.

use burn::tensor::{DType, Shape, TensorMetadata};
use burn_fusion::stream::OperationStreams;
use burn_fusion::{Fusion, FusionBackend, FusionTensor, NoOp, get_client};
use burn_ir::{InitOperationIr, OperationIr};
use hypergraphql_kernels::KernelError;
use hypergraphql_kernels::knn::KnnConfig;

use super::operation::record_one;
use super::{FloatTensor, needed};
use crate::backend::{DiscreteBackend, RelationalBackend};

impl<B: FusionBackend + DiscreteBackend> DiscreteBackend for Fusion<B> {
    type Int8Rows = B::Int8Rows;

    fn knn(c: KnnConfig, q: FloatTensor<B>, x: FloatTensor<B>) -> Result<(<Self as RelationalBackend>::Ids, FloatTensor<B>), KernelError> {
        let device = q.client.device().clone();
        let (ids, scores) = B::knn(c, resolved::<B>(q), resolved::<B>(x))?;
        Ok((ids, registered::<B>(scores, &device)))
    }

    fn quantize_rows(x: FloatTensor<B>) -> Result<Self::Int8Rows, KernelError> {
        B::quantize_rows(resolved::<B>(x))
    }

    fn int8_rows(codes: Vec<i8>, scales: Vec<f32>, width: usize, device: &Self::Device) -> Result<Self::Int8Rows, KernelError> {
        B::int8_rows(codes, scales, width, device)
    }

    fn read_int8_rows(x: &Self::Int8Rows, device: &Self::Device) -> Result<(Vec<i8>, Vec<f32>), KernelError> {
        B::read_int8_rows(x, device)
    }

    fn dequantize_rows(x: &Self::Int8Rows, shape: [usize; 2], dtype: DType, device: &Self::Device) -> Result<FloatTensor<B>, KernelError> {
        Ok(registered::<B>(B::dequantize_rows(x, shape, dtype, device)?, device))
    }

    fn int8_matmul(x: FloatTensor<B>, w: &Self::Int8Rows, outputs: usize) -> Result<FloatTensor<B>, KernelError> {
        let (out, w) = ((Shape::new([x.shape[0], outputs]), x.dtype), w.clone());
        Ok(record_one::<B, _>("hg_int8_matmul", [Some(x)], out, move |[x]| {
            B::int8_matmul(needed(x), &w, outputs).expect("the op checks its arguments before it records; this is a bug")
        }))
    }
}

/// The tensor of the inner backend, after all that it depends on has run.
fn resolved<B: FusionBackend>(x: FloatTensor<B>) -> B::FloatTensorPrimitive {
    x.client.clone().resolve_tensor_float::<B>(x)
}

/// A tensor of the inner backend as one of the stream.
fn registered<B: FusionBackend>(x: B::FloatTensorPrimitive, device: &B::Device) -> FusionTensor<B::FusionRuntime> {
    let client = get_client::<B>(device);
    let (shape, dtype) = (x.shape(), x.dtype());
    let init = InitOperationIr::create(shape, dtype, || client.register_tensor_handle(B::float_tensor_handle(x)));
    let mut tensors = client.register(OperationStreams::default(), OperationIr::Init(init), NoOp::<B>::new());
    tensors.pop().expect("one tensor was registered; this is a bug")
}
