//! `set_attention`: seeds that attend to the members of each hyperedge, or to the hyperedges of each node.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::Direction;
use hypergraphql_kernels::set_attention::{CONTRACT, SetAttentionConfig};

use crate::arguments::Arguments;
use crate::backend::{HyperBackend, SetInput};
use crate::error::Result;
use crate::incidence::Incidence;

/// Options of [`set_attention`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SetAttentionOptions {
    /// `ToCols`: each hyperedge attends to its member nodes; `ToRows`: each node to its hyperedges.
    pub direction: Direction,
    /// Hd; divides the features.
    pub heads: usize,
    /// Factor of the products; 1 / √C where `None`. AllSet has 1.
    pub scale: Option<f64>,
    /// Slope of the leaky ReLU of the scores below 0: 0.2 in AllSet, 1 for none.
    pub slope: f64,
}

impl Default for SetAttentionOptions {
    /// One head of each hyperedge over its members, scores ⟨Q, K⟩ / √C.
    fn default() -> Self {
        Self { direction: Direction::ToCols, heads: 1, scale: None, slope: 1.0 }
    }
}

/// O_(e,s) = Σ_{v in e} softmax_v( leaky_relu(scale · ⟨Q_s, K_v⟩) ) V_v per head: attention of S seeds over the members of each segment,
/// without any array of incidences times features. An empty segment gives 0; incidence weights are not read.
///
/// Chien et al., "You are AllSet: A Multiset Function Framework for Hypergraph Neural Networks", 2022, arXiv:2106.13264; Lee et al., "Set
/// Transformer", 2019, arXiv:1810.00825.
///
/// # Shapes
/// q `[S, Hd·C]`, k and v `[N, Hd·C]`; result `[M, S, Hd·C]` (N and M exchanged for `ToRows`).
///
/// # Errors
/// Shapes, types or devices that disagree, no seeds, heads that do not divide the features, a scale or slope out of range, or a type that the
/// device lacks.
pub fn set_attention<B: HyperBackend>(
    q: Tensor<B, 2>,
    k: Tensor<B, 2>,
    v: Tensor<B, 2>,
    incidence: &Incidence<B>,
    options: SetAttentionOptions,
) -> Result<Tensor<B, 3>> {
    const OP: &str = "set_attention";
    let SetAttentionOptions { direction, heads, scale, slope } = options;
    let members = match direction {
        Direction::ToCols => incidence.nodes(),
        Direction::ToRows => incidence.hyperedges(),
    };
    let [seeds, width] = q.dims();
    let head_width = width / heads.max(1);
    let scale = scale.unwrap_or_else(|| if head_width == 0 { 1.0 } else { (head_width as f64).sqrt().recip() });
    let config = SetAttentionConfig { direction, seeds, heads, head_width, scale, slope };
    config.check_options()?;
    let arguments = Arguments::new(OP, CONTRACT, incidence.device(), "Q", &q, [Some(seeds), Some(width)])?;
    arguments.check("K", &k, [Some(members), Some(width)])?;
    arguments.check("V", &v, [Some(members), Some(width)])?;
    config.check_heads(width)?;
    let segments = incidence.nodes() + incidence.hyperedges() - members;
    arguments.room("outputs", [segments, seeds, width])?;
    let input = SetInput { q: q.into_primitive().tensor(), k: k.into_primitive().tensor(), v: v.into_primitive().tensor() };
    let output = B::set_attention(incidence.pattern(), config, input);
    Ok(Tensor::from_primitive(TensorPrimitive::Float(output.out))) // [M, S, Hd·C]
}
