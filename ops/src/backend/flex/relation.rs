//! Relations of rows on the CPU.

use std::sync::Arc;

use burn::tensor::{DType as BurnDType, TensorMetadata};
use burn_flex::{Flex, FlexDevice, FlexTensor};
use hypergraphql_kernels::relation_linear::host::{relation_linear, relation_linear_backward};
use hypergraphql_kernels::relation_linear::{Products, RelationRows, Wanted};
use hypergraphql_kernels::{DType, KernelError};

use super::{tensor, width, with_element};
use crate::backend::RelationBackend;

impl RelationBackend for Flex {
    type Relations = Arc<RelationRows>;

    fn relations(rows: Arc<RelationRows>, _: &FlexDevice) -> Self::Relations {
        rows
    }

    fn supports_products(products: Products, dtype: DType, _: &FlexDevice) -> Result<(), KernelError> {
        if products != Products::TensorCores {
            return Ok(());
        }
        let (device, dtype) = ("cpu".to_owned(), dtype.name());
        Err(KernelError::Unsupported { device, dtype, use_: "tensor cores", alternative: "the variant simple" })
    }

    fn relation_linear(r: &Self::Relations, x: FlexTensor, w: FlexTensor, _: Products) -> FlexTensor {
        let (x, w, f, o) = (x.to_contiguous(), w.to_contiguous(), width(&x), w.shape()[2]);
        with_element!(x, E => tensor(relation_linear::<E>(r, x.storage(), w.storage(), f, o), [r.rows(), o]))
    }

    fn relation_linear_backward(
        r: &Self::Relations,
        x: FlexTensor,
        w: FlexTensor,
        dy: FlexTensor,
        wanted: Wanted,
        _: Products,
    ) -> (Option<FlexTensor>, Option<FlexTensor>) {
        let (x, w, dy, f, o) = (x.to_contiguous(), w.to_contiguous(), dy.to_contiguous(), width(&x), w.shape()[2]);
        with_element!(x, E => {
            let (dx, dw) = relation_linear_backward::<E>(r, x.storage(), w.storage(), f, o, dy.storage(), wanted);
            (dx.map(|d| tensor(d, [r.rows(), f])), dw.map(|d| tensor(d, [r.relations(), f, o])))
        })
    }
}
