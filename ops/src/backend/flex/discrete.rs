//! Searches and 8-bit integers on the CPU.

use std::sync::Arc;

use burn::tensor::{DType as BurnDType, TensorMetadata};
use burn_flex::{Flex, FlexDevice, FlexTensor};
use hypergraphql_kernels::error::check_len;
use hypergraphql_kernels::knn::KnnConfig;
use hypergraphql_kernels::quantize::CONTRACT;
use hypergraphql_kernels::{KernelError, int8_matmul, knn, quantize};

use super::{tensor, with_element};
use crate::backend::{DiscreteBackend, RelationalBackend};

/// Rows of 8-bit integers on the host.
#[derive(Debug)]
pub struct HostInt8Rows {
    codes: Vec<i8>,
    scales: Vec<f32>,
}

impl DiscreteBackend for Flex {
    type Int8Rows = Arc<HostInt8Rows>;

    fn knn(c: KnnConfig, q: FlexTensor, x: FlexTensor) -> Result<(<Self as RelationalBackend>::Ids, FlexTensor), KernelError> {
        let (q, x) = (q.to_contiguous(), x.to_contiguous());
        with_element!(q, E => {
            let (ids, scores) = knn::host::knn::<E>(c, q.storage(), x.storage());
            Ok((Arc::new(ids), tensor(scores, [c.queries, c.k])))
        })
    }

    fn quantize_rows(x: FlexTensor) -> Result<Self::Int8Rows, KernelError> {
        let x = x.to_contiguous();
        let (codes, scales) = with_element!(x, E => quantize::host::quantize::<E>(x.storage(), x.shape()[0]));
        Ok(Arc::new(HostInt8Rows { codes, scales }))
    }

    fn int8_rows(codes: Vec<i8>, scales: Vec<f32>, width: usize, _: &FlexDevice) -> Result<Self::Int8Rows, KernelError> {
        check_len("quantize", CONTRACT, "q", codes.len(), scales.len().saturating_mul(width))?;
        Ok(Arc::new(HostInt8Rows { codes, scales }))
    }

    fn read_int8_rows(x: &Self::Int8Rows, _: &FlexDevice) -> Result<(Vec<i8>, Vec<f32>), KernelError> {
        Ok((x.codes.clone(), x.scales.clone()))
    }

    fn dequantize_rows(x: &Self::Int8Rows, shape: [usize; 2], dtype: BurnDType, _: &FlexDevice) -> Result<FlexTensor, KernelError> {
        Ok(with_element!(Of(dtype), E => tensor(quantize::host::dequantize::<E>(&x.codes, &x.scales), shape)))
    }

    fn int8_matmul(x: FlexTensor, w: &Self::Int8Rows, outputs: usize) -> Result<FlexTensor, KernelError> {
        let (x, rows) = (x.to_contiguous(), x.shape()[0]);
        with_element!(x, E => Ok(tensor(int8_matmul::host::int8_matmul::<E>(x.storage(), rows, &w.codes, &w.scales), [rows, outputs])))
    }
}

/// A type alone, where there is no tensor of it.
struct Of(BurnDType);

impl Of {
    fn dtype(&self) -> BurnDType {
        self.0
    }
}
