//! A network that gives every node a class: layers with normalisation, ReLU and dropout between them.

mod config;
mod layer;

pub use config::{NodeClassifierConfig, Norm};
pub use layer::Layer;

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{HyperBackend, dropout};

use crate::error::Result;
use crate::input::GraphInput;
use crate::layers::LayerNorm;
use crate::precision::Precision;

/// Which dropout masks a training step draws; a resumed run draws the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropoutSeed {
    /// Seed of the run.
    pub seed: u64,
    /// Number of the step.
    pub step: u64,
}

/// A classifier of nodes: hidden layers, each followed by its normalisation if it has one, ReLU and dropout, then an output layer without them, the protocol of
/// AllSet's comparison (Chien et al. 2022, arXiv:2106.13264).
#[derive(Module, Debug)]
pub struct NodeClassifier<B: Backend> {
    /// All layers but the last.
    pub hidden: Vec<Layer<B>>,
    /// One per hidden layer, or none.
    pub norms: Vec<LayerNorm<B>>,
    /// The last layer, as wide as there are classes.
    pub output: Layer<B>,
    /// Probability of dropping an activation between layers in training.
    pub dropout: f64,
}

impl<B: HyperBackend> NodeClassifier<B> {
    /// Logits of every node. Hidden layers are in the type of `precision`, layer norms and the output layer in f32 (f64); `dropout` is
    /// `None` outside training.
    ///
    /// # Shapes
    /// features `[N, F]` -> `[N, classes]` in f32 (f64 for [`Precision::F64`])
    ///
    /// # Errors
    /// When the input does not fit the first layer, or the device lacks the precision.
    pub fn forward(&self, input: &GraphInput<B>, precision: Precision, dropout: Option<DropoutSeed>) -> Result<Tensor<B, 2>> {
        let mut input = input.clone();
        for (i, layer) in self.hidden.iter().enumerate() {
            let x = layer.forward(&input, precision)?; // [N, hidden]
            let x = match self.norms.get(i) {
                Some(norm) => norm.forward(x, precision),
                None => x,
            };
            // What the output layer reads is not rounded again.
            let kept = if i + 1 == self.hidden.len() { precision.wide() } else { precision };
            input = input.hidden(self.drop_out(kept.cast(relu(x)), i, dropout)?);
        }
        self.output.forward(&input.cast(precision.wide()), precision.wide()) // [N, classes]
    }

    fn drop_out(&self, x: Tensor<B, 2>, layer: usize, seed: Option<DropoutSeed>) -> Result<Tensor<B, 2>> {
        match seed {
            Some(DropoutSeed { seed, step }) if self.dropout > 0.0 => Ok(dropout(x, self.dropout, seed_of_layer(seed, layer), step)?),
            _ => Ok(x),
        }
    }
}

/// Layers of one step draw from different seeds, an odd constant apart.
fn seed_of_layer(seed: u64, layer: usize) -> u64 {
    seed.wrapping_add((layer as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
