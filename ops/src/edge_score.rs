//! `edge_score`: attention logits per incidence.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::edge_score::CONTRACT;

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::error::Result;
use crate::incidence::Incidence;

/// Attention logits `s_(v,e) = leaky_relu(a_v + b_e, slope)` per incidence and head.
///
/// # Shapes
/// a `[N, Hd]`, b `[M, Hd]`; result `[Z, Hd]` in node-major order.
///
/// # Errors
/// Shapes, types or devices that disagree, or a type that the device lacks.
pub fn edge_score<B: HyperBackend>(a: Tensor<B, 2>, b: Tensor<B, 2>, incidence: &Incidence<B>, slope: f64) -> Result<Tensor<B, 2>> {
    let [_, heads] = a.dims();
    let arguments = Arguments::new("edge_score", CONTRACT, incidence.device(), "a", &a, [Some(incidence.nodes()), None])?;
    arguments.check("b", &b, [Some(incidence.hyperedges()), Some(heads)])?;
    arguments.room("outputs", [incidence.nnz(), heads])?;
    let s = B::edge_score(incidence.pattern(), a.into_primitive().tensor(), b.into_primitive().tensor(), slope);
    Ok(Tensor::from_primitive(TensorPrimitive::Float(s)))
}
