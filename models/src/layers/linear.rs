//! A linear map with a bias.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::HyperBackend;

use super::weights::WeightStream;
use crate::error::Result;
use crate::input::NodeFeatures;
use crate::precision::Precision;

/// `y = x W + b`, at first uniform in (−1/√I, 1/√I), as PyTorch's `Linear`.
#[derive(Module, Debug)]
pub struct Linear<B: Backend> {
    /// W `[I, O]`
    pub weight: Param<Tensor<B, 2>>,
    /// b `[O]`
    pub bias: Param<Tensor<B, 1>>,
}

impl<B: Backend> Linear<B> {
    /// From I inputs to O outputs.
    ///
    /// # Errors
    /// When a size is 0 or the weight exceeds 2³¹ elements.
    pub fn new(inputs: usize, outputs: usize, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        let bound = (inputs.max(1) as f64).sqrt().recip();
        Ok(Self { weight: weights.uniform([inputs, outputs], bound, device)?, bias: weights.uniform([outputs], bound, device)? })
    }
}

impl<B: HyperBackend> Linear<B> {
    /// Applies the map.
    ///
    /// # Shapes
    /// x `[N, I]` -> `[N, O]`, in the type of `precision`
    ///
    /// # Errors
    /// When x is not I wide.
    pub fn forward(&self, x: &NodeFeatures<B>, precision: Precision) -> Result<Tensor<B, 2>> {
        let y = x.times(precision.cast(self.weight.val()))?; // [N, O]
        // Burn's broadcast panics on empty tensors on some devices.
        if y.dims()[0] == 0 {
            return Ok(y);
        }
        Ok(y + precision.cast(self.bias.val()).unsqueeze())
    }
}
