//! Hypergraph layers as Burn modules, one file each; `weights` draws their parameters.

mod all_deep_sets;
mod all_set_transformer;
mod ed_hnn;
mod gat_v2;
mod hgnn;
mod hgnn_plus;
mod hypergraph_attention;
mod hypergraph_conv;
mod kind;
mod layer_norm;
mod linear;
mod masks;
mod mlp;
mod pairs;
pub mod pooling;
mod relational_conv;
mod star_e;
mod star_e_nodes;
mod unigat;
mod unignn;
mod weights;

pub use all_deep_sets::{AllDeepSets, AllDeepSetsConfig};
pub use all_set_transformer::{AllSetTransformer, AllSetTransformerConfig, Pma, PmaConfig};
pub use ed_hnn::{Combine, EdHnn, EdHnnConfig};
pub use gat_v2::{GatV2, GatV2Config};
pub use hgnn::{Hgnn, HgnnConfig};
pub use hgnn_plus::{HgnnPlus, HgnnPlusConfig};
pub use hypergraph_attention::{AttentionMode, HypergraphAttention, HypergraphAttentionConfig};
pub use hypergraph_conv::{HypergraphConv, HypergraphConvConfig};
pub use kind::LayerKind;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use masks::Masks;
pub use mlp::{Mlp, MlpConfig};
pub use pairs::{Pairs, PairsConfig};
pub use relational_conv::{RelationalConv, RelationalConvConfig};
pub use star_e::{Composition, StarE, StarEConfig};
pub use star_e_nodes::{StarENodes, StarENodesConfig};
pub use unigat::{UniGat, UniGatConfig};
pub use unignn::{UniGcn, UniGcnII, UniGcnIIConfig, UniGin, UniGnnConfig, UniSage};
pub use weights::WeightStream;
pub(crate) use weights::zeros;

use burn::module::Param;
use burn::tensor::Tensor;
use hypergraphql_ops::{ConvConfig, HyperBackend, hypergraph_conv};

use crate::error::Result;
use crate::input::{GraphInput, NodeFeatures};
use crate::precision::Precision;

/// Convolves with Θ and a bias, as the three convolutions share it. Sparse features meet Θ first: that product is dense and narrow.
fn convolve<B: HyperBackend>(
    input: &GraphInput<B>,
    theta: &Param<Tensor<B, 2>>,
    bias: Option<&Param<Tensor<B, 1>>>,
    config: ConvConfig,
    precision: Precision,
) -> Result<Tensor<B, 2>> {
    let theta = precision.cast(theta.val()); // [F, O]
    let bias = bias.map(|b| precision.cast(b.val())); // [O]
    let (x, theta) = match &input.features {
        NodeFeatures::Dense(x) => {
            input.features.check_width(theta.dims()[0])?;
            (precision.cast(x.clone()), Some(theta)) // [N, F]
        }
        sparse => (sparse.times(theta)?, None), // [N, O]
    };
    Ok(hypergraph_conv(x, &input.incidence, theta, bias, config)?) // [N, O]
}
