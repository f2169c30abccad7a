//! Searches and 8-bit integers on devices.

use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType as BurnDType, Shape};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement};
use hypergraphql_kernels::knn::KnnConfig;
use hypergraphql_kernels::quantize::launch::Int8Rows;
use hypergraphql_kernels::{KernelError, int8_matmul, knn, quantize};

use super::CHECKED;
use super::matrix::Matrix;
use crate::backend::{DiscreteBackend, RelationalBackend};
use crate::dtype::kernel_dtype;

impl<R: CubeRuntime, F: FloatElement, I: IntElement, BT: BoolElement> DiscreteBackend for CubeBackend<R, F, I, BT> {
    type Int8Rows = Int8Rows<R>;

    fn knn(
        c: KnnConfig,
        q: FloatTensor<Self>,
        x: FloatTensor<Self>,
    ) -> Result<(<Self as RelationalBackend>::Ids, FloatTensor<Self>), KernelError> {
        let (q, x) = (Matrix::of(q), Matrix::of(x));
        let (ids, scores) = knn::launch::knn(&q.client, c, &q.buf, &x.buf)?;
        Ok((ids, q.like(scores, c.queries, c.k)))
    }

    fn quantize_rows(x: FloatTensor<Self>) -> Result<Self::Int8Rows, KernelError> {
        let x = Matrix::of(x);
        quantize::launch::quantize(&x.client, &x.buf, x.rows)
    }

    fn int8_rows(codes: Vec<i8>, scales: Vec<f32>, width: usize, device: &Self::Device) -> Result<Self::Int8Rows, KernelError> {
        Int8Rows::upload(&R::client(device), &codes, &scales, width)
    }

    fn read_int8_rows(x: &Self::Int8Rows, device: &Self::Device) -> Result<(Vec<i8>, Vec<f32>), KernelError> {
        x.read(&R::client(device))
    }

    fn dequantize_rows(
        x: &Self::Int8Rows,
        shape: [usize; 2],
        dtype: BurnDType,
        device: &Self::Device,
    ) -> Result<FloatTensor<Self>, KernelError> {
        let client = R::client(device);
        let out = quantize::launch::dequantize(&client, x, kernel_dtype(dtype).expect(CHECKED))?;
        Ok(CubeTensor::new_contiguous(client, device.clone(), Shape::new(shape), out.into_handle(), dtype))
    }

    fn int8_matmul(x: FloatTensor<Self>, w: &Self::Int8Rows, outputs: usize) -> Result<FloatTensor<Self>, KernelError> {
        let x = Matrix::of(x);
        let y = int8_matmul::launch::int8_matmul(&x.client, &x.buf, x.rows, w)?;
        Ok(x.like(y, x.rows, outputs))
    }
}
