//! `relation_linear`: every row times the weight of its relation.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::relation_linear::{CONTRACT, Products};

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::error::Result;
use crate::kernel_config::{KernelConfig, RelationKernel};
use crate::relations::Relations;

/// `y_i = x_i · W[rel_i]`, one grouped matrix product.
///
/// On tensor cores where the device has them for the type, unless [`Relations::with_kernel`], [`KernelConfig::install`] or the measurements of
/// `hgql tune kernels` say otherwise.
///
/// Schlichtkrull et al., "Modeling Relational Data with Graph Convolutional Networks", 2018, arXiv:1703.06103.
///
/// # Shapes
/// x `[rows, I]`, weight `[R, I, O]`; result `[rows, O]`.
///
/// # Errors
/// Shapes, types or devices that disagree, a type that the device lacks, or tensor cores that it lacks where they are
/// asked for.
pub fn relation_linear<B: HyperBackend>(x: Tensor<B, 2>, weight: Tensor<B, 3>, relations: &Relations<B>) -> Result<Tensor<B, 2>> {
    let arguments = Arguments::new("relation_linear", CONTRACT, relations.device(), "x", &x, [Some(relations.rows()), None])?;
    arguments.check("W", &weight, [Some(relations.relations()), Some(x.dims()[1]), None])?;
    let [rows, inputs] = x.dims();
    let sizes = [rows, relations.relations(), inputs, weight.dims()[2]];
    arguments.room("outputs", [rows, weight.dims()[2]])?;
    let products = match KernelConfig::relation::<B>(relations.kernel(), relations.device(), arguments.dtype().name(), sizes) {
        RelationKernel::Auto => Products::Auto,
        RelationKernel::Simple => Products::Simple,
        RelationKernel::TensorCore => Products::TensorCores,
    };
    B::supports_products(products, arguments.dtype(), relations.device())?;
    let y = B::relation_linear(relations.of_rows(), x.into_primitive().tensor(), weight.into_primitive().tensor(), products);
    Ok(Tensor::from_primitive(TensorPrimitive::Float(y))) // [rows, O]
}
