//! The layers that a classifier can be made of.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::HyperBackend;

use crate::error::Result;
use crate::input::GraphInput;
use crate::layers::{Hgnn, HgnnPlus, HypergraphAttention, HypergraphConv, LayerKind};
use crate::precision::Precision;

/// One layer of a classifier; a new layer is one variant here.
#[derive(Module, Debug)]
pub enum Layer<B: Backend> {
    /// Feng et al. 2019.
    Hgnn(Hgnn<B>),
    /// Gao et al. 2022.
    HgnnPlus(HgnnPlus<B>),
    /// Bai et al. 2019.
    Conv(HypergraphConv<B>),
    /// Bai et al. 2019, with attention.
    Attention(HypergraphAttention<B>),
}

impl<B: Backend> Layer<B> {
    /// The name of the layer.
    pub fn kind(&self) -> LayerKind {
        match self {
            Self::Hgnn(_) => LayerKind::Hgnn,
            Self::HgnnPlus(_) => LayerKind::HgnnPlus,
            Self::Conv(_) => LayerKind::Conv,
            Self::Attention(_) => LayerKind::Attention,
        }
    }
}

impl<B: HyperBackend> Layer<B> {
    /// Applies the layer.
    ///
    /// # Errors
    /// When the input does not fit it.
    pub fn forward(&self, input: &GraphInput<B>, precision: Precision) -> Result<Tensor<B, 2>> {
        match self {
            Self::Hgnn(l) => l.forward(input, precision),
            Self::HgnnPlus(l) => l.forward(input, precision),
            Self::Conv(l) => l.forward(input, precision),
            Self::Attention(l) => l.forward(input, precision),
        }
    }
}
