//! `segment_softmax`: softmax over the incidences of each node or hyperedge.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::Direction;
use hypergraphql_kernels::segment_softmax::CONTRACT;

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::error::Result;
use crate::incidence::Incidence;

/// Softmax over the incidences of each node (`ToRows`) or of each hyperedge (`ToCols`), per head.
///
/// # Shapes
/// s `[Z, Hd]` in node-major order; result likewise.
///
/// # Errors
/// A shape or device that disagrees with the incidence, or a type that the device lacks.
pub fn segment_softmax<B: HyperBackend>(s: Tensor<B, 2>, incidence: &Incidence<B>, direction: Direction) -> Result<Tensor<B, 2>> {
    Arguments::new("segment_softmax", CONTRACT, incidence.device(), "s", &s, [Some(incidence.nnz()), None])?;
    let p = B::segment_softmax(incidence.pattern(), direction, s.into_primitive().tensor());
    Ok(Tensor::from_primitive(TensorPrimitive::Float(p)))
}
