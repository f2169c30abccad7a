//! `hypergraph_attention`: scores, softmax and both passes in one.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::KernelError;
use hypergraphql_kernels::hypergraph_attention::{AttentionConfig, CONTRACT};

use crate::arguments::Arguments;
use crate::backend::{Attention, AttentionInput, HyperBackend};
use crate::error::Result;
use crate::incidence::Incidence;

/// Multi-head hypergraph attention without any `[Z, Hd, C]` (Bai et al. 2019, arXiv:1901.08150):
///
/// ```text
/// p_(v,e) = softmax of leaky_relu(a_v + b_e),  Y_e = w_e/B_e Σ_{v in e} p_(v,e) x_v,  O_v = 1/D_v Σ_{e of v} p_(v,e) Y_e
/// ```
///
/// per head; the softmax runs over the members of each hyperedge (`normalise = ToCols`) or the hyperedges of each node (`ToRows`).
///
/// # Shapes
/// x `[N, Hd·C]` with heads side by side, a `[N, Hd]`, b `[M, Hd]`; result `[N, Hd·C]`.
///
/// # Errors
/// Shapes, types or devices that disagree, no heads, or a type that the device lacks.
pub fn hypergraph_attention<B: HyperBackend>(
    x: Tensor<B, 2>,
    a: Tensor<B, 2>,
    b: Tensor<B, 2>,
    incidence: &Incidence<B>,
    config: AttentionConfig,
) -> Result<Tensor<B, 2>> {
    const OP: &str = "hypergraph_attention";
    let (n, heads) = (incidence.nodes(), config.heads);
    if heads == 0 {
        return Err(KernelError::Option { op: OP, argument: "heads", got: "0".to_owned(), expected: ">= 1" }.into());
    }
    let width = heads.saturating_mul(config.head_width);
    let arguments = Arguments::new(OP, CONTRACT, incidence.device(), "x", &x, [Some(n), Some(width)])?;
    arguments.check("a", &a, [Some(n), Some(heads)])?;
    arguments.check("b", &b, [Some(incidence.hyperedges()), Some(heads)])?;
    arguments.room("features of hyperedges", [incidence.hyperedges(), width])?;
    let scales = incidence.scales();
    let attention = Attention { config, row_scale: Some(scales.node_inverse.clone()), col_scale: Some(scales.edge_weight_inverse.clone()) };
    let input = AttentionInput { x: x.into_primitive().tensor(), a: a.into_primitive().tensor(), b: b.into_primitive().tensor() };
    let output = B::hypergraph_attention(incidence.pattern(), &attention, input);
    Ok(Tensor::from_primitive(TensorPrimitive::Float(output.out))) // [N, Hd·C]
}
