//! Hypergraph convolution (Bai et al. 2019).

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{BiasPlace, ConvConfig, HyperBackend, Normalisation};

use super::weights::{WeightStream, zeros};
use crate::error::Result;
use crate::input::GraphInput;
use crate::precision::Precision;

/// Sizes of [`HypergraphConv`].
#[derive(Config, Debug, PartialEq)]
pub struct HypergraphConvConfig {
    /// F, features of a node.
    pub features: usize,
    /// O, outputs of a node.
    pub outputs: usize,
    /// Whether there is a bias.
    #[config(default = true)]
    pub bias: bool,
}

impl HypergraphConvConfig {
    /// A layer with Glorot weights from the stream and a bias of zeros.
    ///
    /// # Errors
    /// When a size is 0 or the weight exceeds 2³¹ elements.
    pub fn init<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<HypergraphConv<B>> {
        let theta = weights.glorot([self.features, self.outputs], device)?;
        Ok(HypergraphConv { theta, bias: self.bias.then(|| zeros(self.outputs, device)) })
    }
}

/// Hypergraph convolution of Bai et al. 2019 (arXiv:1901.08150).
///
/// ```text
/// Y = D^-1 H W B^-1 H^T X Θ + b        D_v = Σ_e w_e h_ve,  B_e = Σ_v h_ve,  1/0 = 0
/// ```
///
/// This is the documented form. PyTorch Geometric drops W between the passes (pyg#6918), so the two differ on weighted hyperedges.
/// Costs 2·nnz·min(F, O) + N·F·O multiply-adds; an isolated node gets b.
#[derive(Module, Debug)]
pub struct HypergraphConv<B: Backend> {
    /// Θ `[F, O]`
    pub theta: Param<Tensor<B, 2>>,
    /// b `[O]`
    pub bias: Option<Param<Tensor<B, 1>>>,
}

impl<B: HyperBackend> HypergraphConv<B> {
    /// Applies the layer.
    ///
    /// # Shapes
    /// features `[N, F]` -> `[N, O]`, in the type of `precision`
    ///
    /// # Errors
    /// When the features are not F wide or do not fit the nodes.
    pub fn forward(&self, input: &GraphInput<B>, precision: Precision) -> Result<Tensor<B, 2>> {
        let config = ConvConfig { normalisation: Normalisation::Row, bias: BiasPlace::Output };
        super::convolve(input, &self.theta, self.bias.as_ref(), config, precision) // [N, O]
    }
}
