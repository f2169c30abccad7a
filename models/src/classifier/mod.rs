//! A network that gives every node a class: layers with normalisation, ReLU and dropout between them.

mod config;
mod layer;

pub use config::{NodeClassifierConfig, Norm};
pub use layer::Layer;

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::backend::Backend;
use hypergraphql_ops::HyperBackend;

use crate::error::Result;
use crate::input::GraphInput;
use crate::layers::{LayerNorm, Linear, Masks, Mlp};
use crate::precision::Precision;

/// Which dropout masks a training step draws; a resumed run draws the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropoutSeed {
    /// Seed of the run.
    pub seed: u64,
    /// Number of the step.
    pub step: u64,
}

/// What gives the classes.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "a network has one output, and Burn derives no modules in boxes")]
pub enum Output<B: Backend> {
    /// A layer as wide as there are classes.
    Layer(Layer<B>),
    /// A perceptron on the last hidden layer.
    Head(Mlp<B>),
}

/// A classifier of nodes, in one of two forms. [`LayerKind::is_deep`](crate::LayerKind::is_deep) says which a layer has.
///
/// A stack: hidden layers, each followed by its normalisation if it has one, ReLU and dropout, then an output layer without them, the protocol of AllSet's
/// comparison (Chien et al. 2022, arXiv:2106.13264).
///
/// A deep network: a linear map with ReLU, whose result x⁰ all layers may mix in; dropout; layers as wide as it, each followed by its normalisation, ReLU and
/// dropout; and a perceptron, the protocol of UniGCNII (Huang and Yang 2021) and ED-HNN (Wang et al. 2023). AllSet's layers have no linear map before them.
#[derive(Module, Debug)]
pub struct NodeClassifier<B: Backend> {
    /// The linear map of a deep network.
    pub encoder: Option<Linear<B>>,
    /// The layers before the output; ED-HNN's one layer is run `depth` times.
    pub hidden: Vec<Layer<B>>,
    /// One for each run of a hidden layer, or none.
    pub norms: Vec<LayerNorm<B>>,
    /// The last layer or a perceptron.
    pub output: Output<B>,
    /// How often a hidden layer is run.
    pub depth: usize,
    /// Probability of dropping an activation in training.
    pub dropout: f64,
    /// Probability of dropping a feature of the input in training.
    pub input_dropout: f64,
}

impl<B: HyperBackend> NodeClassifier<B> {
    /// Logits of every node. Hidden layers are in the type of `precision`, layer norms and the output in f32 (f64); `dropout` is
    /// `None` outside training.
    ///
    /// # Shapes
    /// features `[N, F]` -> `[N, classes]` in f32 (f64 for [`Precision::F64`])
    ///
    /// # Errors
    /// When the input does not fit the first layer, or the device lacks the precision.
    pub fn forward(&self, input: &GraphInput<B>, precision: Precision, dropout: Option<DropoutSeed>) -> Result<Tensor<B, 2>> {
        let masks = Masks::new(self.dropout, dropout);
        let mut input = input.clone();
        for stage in 0..self.stages() {
            input = self.stage(stage, &input, precision, &masks)?;
        }
        self.logits(&input, precision, &masks)
    }

    /// How many stages lead to the output: the linear map of a deep network, and the runs of hidden layers.
    pub fn stages(&self) -> usize {
        usize::from(self.encoder.is_some()) + self.depth
    }

    /// What a stage makes of what the stage before it made, with the masks that come next.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    pub fn stage(&self, number: usize, input: &GraphInput<B>, precision: Precision, masks: &Masks) -> Result<GraphInput<B>> {
        let encoders = usize::from(self.encoder.is_some());
        let dropped = if number == 0 { Some(self.drop_out_input(input, masks)?) } else { None };
        let input = dropped.as_ref().unwrap_or(input);
        if let Some(encoder) = self.encoder.as_ref().filter(|_| number == 0) {
            let x = relu(encoder.forward(&input.features, precision)?); // [N, hidden]
            return input.hidden(masks.drop_out(x.clone())?).with_initial_features(x);
        }
        let i = number - encoders;
        let x = self.hidden[i % self.hidden.len()].forward(input, precision, masks)?; // [N, hidden]
        let x = match self.norms.get(i) {
            Some(norm) => norm.forward(x, precision),
            None => x,
        };
        // What the output reads is not rounded again.
        let kept = if i + 1 == self.depth { precision.wide() } else { precision };
        Ok(input.hidden(masks.drop_out(kept.cast(relu(x)))?))
    }

    /// Logits from what the last stage made.
    ///
    /// # Shapes
    /// features `[N, hidden]` (`[N, F]` where there are no stages) -> `[N, classes]`
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    pub fn logits(&self, input: &GraphInput<B>, precision: Precision, masks: &Masks) -> Result<Tensor<B, 2>> {
        let input = if self.stages() == 0 { self.drop_out_input(input, masks)? } else { input.clone() };
        let input = input.cast(precision.wide());
        match &self.output {
            Output::Layer(layer) => layer.forward(&input, precision.wide(), masks), // [N, classes]
            Output::Head(head) => head.forward(&input.features, precision.wide(), masks), // [N, classes]
        }
    }

    /// The input whose features have lost some, in training.
    fn drop_out_input(&self, input: &GraphInput<B>, masks: &Masks) -> Result<GraphInput<B>> {
        let mut input = input.clone();
        input.features = masks.drop_out_features(&input.features, self.input_dropout)?;
        Ok(input)
    }
}
