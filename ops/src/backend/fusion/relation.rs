//! Relations of rows in Fusion's stream.

use std::sync::Arc;

use burn::tensor::Shape;
use burn_fusion::{Fusion, FusionBackend};
use hypergraphql_kernels::relation_linear::{Products, RelationRows, Wanted};
use hypergraphql_kernels::{DType, KernelError};

use super::operation::{record_one, record_some};
use super::{FloatTensor, meta, needed};
use crate::backend::RelationBackend;

impl<B: FusionBackend + RelationBackend> RelationBackend for Fusion<B> {
    type Relations = B::Relations;

    fn relations(rows: Arc<RelationRows>, device: &Self::Device) -> Self::Relations {
        B::relations(rows, device)
    }

    fn supports_products(products: Products, dtype: DType, device: &Self::Device) -> Result<(), KernelError> {
        B::supports_products(products, dtype, device)
    }

    fn relation_linear(r: &Self::Relations, x: FloatTensor<B>, w: FloatTensor<B>, products: Products) -> FloatTensor<B> {
        let (out, r) = ((Shape::new([x.shape[0], w.shape[2]]), x.dtype), r.clone());
        record_one::<B, _>("hg_relation_linear", [Some(x), Some(w)], out, move |[x, w]| {
            B::relation_linear(&r, needed(x), needed(w), products)
        })
    }

    fn relation_linear_backward(
        r: &Self::Relations,
        x: FloatTensor<B>,
        w: FloatTensor<B>,
        dy: FloatTensor<B>,
        wanted: Wanted,
        products: Products,
    ) -> (Option<FloatTensor<B>>, Option<FloatTensor<B>>) {
        let (like, r) = ([wanted.x.then(|| meta(&x)), wanted.weight.then(|| meta(&w))], r.clone());
        let inputs = [x, w, dy].map(Some);
        let [dx, dw] = record_some::<B, 3, 2>("hg_relation_linear_backward", inputs, like, move |inputs| {
            let [x, w, dy] = inputs.map(needed);
            B::relation_linear_backward(&r, x, w, dy, wanted, products).into()
        });
        (dx, dw)
    }
}
