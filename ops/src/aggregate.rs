//! `aggregate`: one pass over the incidences.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::Direction;
use hypergraphql_kernels::aggregate::{CONTRACT, Reduce, Weights};

use crate::arguments::Arguments;
use crate::backend::{HyperBackend, Pass};
use crate::error::Result;
use crate::incidence::Incidence;

/// Combines the rows of each node's hyperedges (`ToRows`) or of each hyperedge's members (`ToCols`): `y_r = op_{k in row r} w_k x_col(k)`.
///
/// Weights `None` means the incidence weights of the hypergraph, or 1 where it has none. An empty row gives 0. The gradient of max and
/// min goes to the first entry that attains the extremum.
///
/// # Shapes
/// x `[M, F]` (`ToRows`) or `[N, F]` (`ToCols`), weights `[Z]` in node-major order; result `[N, F]` or `[M, F]`.
///
/// # Errors
/// Shapes, types or devices that disagree, or a type that the device lacks.
pub fn aggregate<B: HyperBackend>(
    x: Tensor<B, 2>,
    incidence: &Incidence<B>,
    direction: Direction,
    reduce: Reduce,
    weights: Option<Tensor<B, 1>>,
) -> Result<Tensor<B, 2>> {
    let inputs = match direction {
        Direction::ToRows => incidence.hyperedges(),
        Direction::ToCols => incidence.nodes(),
    };
    let arguments = Arguments::new("aggregate", CONTRACT, incidence.device(), "x", &x, [Some(inputs), None])?;
    arguments.check_some("w", weights.as_ref(), [Some(incidence.nnz())])?;
    let outputs = incidence.nodes() + incidence.hyperedges() - inputs;
    arguments.room("outputs", [outputs, x.dims()[1]])?;
    let weights = weights.map_or(Weights::Values, |w| Weights::Entries(w.into_primitive().tensor()));
    let pass = Pass { direction, reduce, input_scale: None, output_scale: None };
    let y = B::aggregate(incidence.pattern(), &pass, x.into_primitive().tensor(), weights);
    Ok(Tensor::from_primitive(TensorPrimitive::Float(y)))
}
