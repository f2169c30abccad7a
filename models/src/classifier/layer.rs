//! The layers that a classifier can be made of.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::HyperBackend;

use crate::error::Result;
use crate::input::GraphInput;
use crate::layers::{
    AllDeepSets, AllSetTransformer, EdHnn, GatV2, Hgnn, HgnnPlus, HypergraphAttention, HypergraphConv, LayerKind, Masks, RelationalConv,
    StarENodes, UniGat, UniGcn, UniGcnII, UniGin, UniSage,
};
use crate::pair_graph::FeaturedPairs;
use crate::precision::Precision;

/// One layer of a classifier; a new layer is one variant here.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "a network has few layers, and Burn derives no modules in boxes")]
pub enum Layer<B: Backend> {
    /// Feng et al. 2019.
    Hgnn(Hgnn<B>),
    /// Gao et al. 2022.
    HgnnPlus(HgnnPlus<B>),
    /// Bai et al. 2019.
    Conv(HypergraphConv<B>),
    /// Bai et al. 2019, with attention.
    Attention(HypergraphAttention<B>),
    /// Huang and Yang 2021.
    UniGcn(UniGcn<B>),
    /// Huang and Yang 2021.
    UniGin(UniGin<B>),
    /// Huang and Yang 2021.
    UniSage(UniSage<B>),
    /// Huang and Yang 2021, with attention.
    UniGat(UniGat<B>),
    /// Huang and Yang 2021, deep.
    UniGcnII(UniGcnII<B>),
    /// Chien et al. 2022.
    AllDeepSets(AllDeepSets<B>),
    /// Chien et al. 2022, with attention.
    AllSetTransformer(AllSetTransformer<B>),
    /// Wang et al. 2023.
    EdHnn(EdHnn<B>),
    /// Brody et al. 2022, on the clique expansion.
    GatV2(GatV2<B>),
    /// After Schlichtkrull et al. 2018.
    Relational(RelationalConv<B>),
    /// Galkin et al. 2020.
    StarE(StarENodes<B>),
}

impl<B: Backend> Layer<B> {
    /// The name of the layer.
    pub fn kind(&self) -> LayerKind {
        match self {
            Self::Hgnn(_) => LayerKind::Hgnn,
            Self::HgnnPlus(_) => LayerKind::HgnnPlus,
            Self::Conv(_) => LayerKind::Conv,
            Self::Attention(_) => LayerKind::Attention,
            Self::UniGcn(_) => LayerKind::Unigcn,
            Self::UniGin(_) => LayerKind::Unigin,
            Self::UniSage(_) => LayerKind::Unisage,
            Self::UniGat(_) => LayerKind::Unigat,
            Self::UniGcnII(_) => LayerKind::Unigcnii,
            Self::AllDeepSets(_) => LayerKind::AllDeepSets,
            Self::AllSetTransformer(_) => LayerKind::AllSetTransformer,
            Self::EdHnn(_) => LayerKind::EdHnn,
            Self::GatV2(_) => LayerKind::GatV2,
            Self::Relational(_) => LayerKind::Relational,
            Self::StarE(_) => LayerKind::StarE,
        }
    }
}

impl<B: HyperBackend> Layer<B> {
    /// Applies the layer; `masks` are those of the dropout inside it.
    ///
    /// # Errors
    /// When the input does not fit it.
    pub fn forward(&self, input: &GraphInput<B>, precision: Precision, masks: &Masks) -> Result<Tensor<B, 2>> {
        match self {
            Self::Hgnn(l) => l.forward(input, precision),
            Self::HgnnPlus(l) => l.forward(input, precision),
            Self::Conv(l) => l.forward(input, precision),
            Self::Attention(l) => l.forward(input, precision),
            Self::UniGcn(l) => l.forward(input, precision),
            Self::UniGin(l) => l.forward(input, precision),
            Self::UniSage(l) => l.forward(input, precision),
            Self::UniGat(l) => l.forward(input, precision),
            Self::UniGcnII(l) => l.forward(input, precision),
            Self::AllDeepSets(l) => l.forward(input, precision, masks),
            Self::AllSetTransformer(l) => l.forward(input, precision, masks),
            Self::EdHnn(l) => l.forward(input, precision, masks),
            Self::GatV2(l) => {
                let FeaturedPairs { graph, features } = input.pairs()?;
                l.forward(&input.features, graph, Some(features.clone()), precision)
            }
            Self::Relational(l) => l.forward(&input.features, input.typed()?, precision),
            Self::StarE(l) => l.forward(input, precision, masks),
        }
    }
}
