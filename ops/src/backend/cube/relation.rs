//! Relations of rows on a device.

use std::sync::Arc;

use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement};
use hypergraphql_kernels::relation_linear::launch::{relation_linear, relation_linear_backward};
use hypergraphql_kernels::relation_linear::{DeviceRelations, Products, RelationRows, Wanted};
use hypergraphql_kernels::{DType, KernelError};

use super::CHECKED;
use super::matrix::Matrix;
use crate::backend::RelationBackend;

impl<R, F, I, BT> RelationBackend for CubeBackend<R, F, I, BT>
where
    R: CubeRuntime,
    F: FloatElement,
    I: IntElement,
    BT: BoolElement,
{
    type Relations = Arc<DeviceRelations<R>>;

    fn relations(rows: Arc<RelationRows>, device: &Self::Device) -> Self::Relations {
        Arc::new(DeviceRelations::upload(&R::client(device), &rows))
    }

    fn supports_products(products: Products, dtype: DType, device: &Self::Device) -> Result<(), KernelError> {
        products.on_tensor_cores(&R::client(device), dtype).map(drop)
    }

    fn relation_linear(r: &Self::Relations, x: FloatTensor<Self>, w: FloatTensor<Self>, products: Products) -> FloatTensor<Self> {
        let [_, f, o] = w.shape().dims();
        let (x, w) = (Matrix::of(x), Matrix::of(w));
        let y = relation_linear(r, &x.buf, &w.buf, f, o, products).expect(CHECKED);
        x.like(y, r.rows(), o)
    }

    fn relation_linear_backward(
        r: &Self::Relations,
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        dy: FloatTensor<Self>,
        wanted: Wanted,
        products: Products,
    ) -> (Option<FloatTensor<Self>>, Option<FloatTensor<Self>>) {
        let [_, f, o] = w.shape().dims();
        let (x, w, dy) = (Matrix::of(x), Matrix::of(w), Matrix::of(dy));
        let (dx, dw) = relation_linear_backward(r, &x.buf, &w.buf, f, o, &dy.buf, wanted, products).expect(CHECKED);
        (dx.map(|d| x.like(d, r.rows(), f)), dw.map(|d| x.tensor(d, Shape::new([r.relations(), f, o]))))
    }
}
