//! Sizes and options of a node classifier.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use burn::config::Config;
use burn::tensor::backend::Backend;

use serde::{Deserialize, Serialize};

use super::{Layer, NodeClassifier};
use crate::error::{ModelError, Result};
use crate::layers::{
    AttentionMode, HgnnConfig, HgnnPlusConfig, HypergraphAttentionConfig, HypergraphConvConfig, LayerKind, LayerNorm, WeightStream,
};
use crate::precision::Precision;

/// What follows each hidden layer, before its ReLU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Norm {
    /// Nothing.
    #[default]
    None,
    /// [`LayerNorm`].
    Layer,
}

impl Display for Norm {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Self::None { "none" } else { "layer" })
    }
}

impl FromStr for Norm {
    type Err = ModelError;

    fn from_str(s: &str) -> Result<Self> {
        match s {
            "none" => Ok(Self::None),
            "layer" => Ok(Self::Layer),
            _ => Err(ModelError::option("norm", s, "none or layer")),
        }
    }
}

/// Sizes and options of [`NodeClassifier`].
#[derive(Config, Debug, PartialEq)]
pub struct NodeClassifierConfig {
    /// The layer that is stacked.
    pub layer: LayerKind,
    /// F, features of a node.
    pub features: usize,
    /// Number of classes.
    pub classes: usize,
    /// Width between layers; with attention all heads together.
    #[config(default = 256)]
    pub hidden: usize,
    /// Number of layers, the output layer included.
    #[config(default = 2)]
    pub layers: usize,
    /// Heads of attention: side by side in hidden layers, averaged in the output layer.
    #[config(default = 4)]
    pub heads: usize,
    /// Over what attention coefficients sum to 1.
    #[config(default = "AttentionMode::Node")]
    pub attention_mode: AttentionMode,
    /// What follows each hidden layer. Attention needs [`Norm::Layer`]: it shrinks what a node receives with the node's degree.
    #[config(default = "Norm::None")]
    pub norm: Norm,
    /// Probability of dropping an activation between layers in training.
    #[config(default = 0.5)]
    pub dropout: f64,
}

/// Most layers of a classifier: beyond it a mistyped option.
const MAX_LAYERS: usize = 1024;

impl NodeClassifierConfig {
    /// A classifier with weights drawn from the seed, the same on every backend.
    ///
    /// # Errors
    /// When a size is 0 or a weight exceeds 2³¹ elements, the dropout is outside [0, 1), there are more than 1024 layers, or
    /// the heads do not divide the hidden width.
    pub fn init<B: Backend>(&self, device: &B::Device, seed: u64) -> Result<NodeClassifier<B>> {
        self.check()?;
        let mut weights = WeightStream::new(seed);
        let mut hidden = Vec::new();
        let mut features = self.features;
        for _ in 1..self.layers {
            hidden.push(self.layer(features, self.hidden, false, device, &mut weights)?);
            features = self.hidden;
        }
        let output = self.layer(features, self.classes, true, device, &mut weights)?;
        let norms = match self.norm {
            Norm::None => Vec::new(),
            Norm::Layer => hidden.iter().map(|_| LayerNorm::new(self.hidden, device)).collect(),
        };
        Ok(NodeClassifier { hidden, norms, output, dropout: self.dropout })
    }

    /// The type that the first layer takes features in: the output layer is never in half precision.
    pub fn input_precision(&self, precision: Precision) -> Precision {
        if self.layers == 1 { precision.wide() } else { precision }
    }

    /// Checks the options.
    ///
    /// # Errors
    /// As [`init`](Self::init).
    pub fn check(&self) -> Result<()> {
        for (what, got) in [("features", self.features), ("classes", self.classes), ("hidden", self.hidden), ("heads", self.heads)] {
            if got == 0 {
                return Err(ModelError::option(what, got, "at least 1"));
            }
        }
        if !(1..=MAX_LAYERS).contains(&self.layers) {
            return Err(ModelError::option("layers", self.layers, format!("1 to {MAX_LAYERS}")));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(ModelError::option("dropout", self.dropout, "0 <= dropout < 1"));
        }
        if self.layer == LayerKind::Attention && self.layers > 1 && !self.hidden.is_multiple_of(self.heads) {
            return Err(ModelError::option("heads", self.heads, format!("a divisor of hidden, {}", self.hidden)));
        }
        Ok(())
    }

    fn layer<B: Backend>(
        &self,
        features: usize,
        outputs: usize,
        last: bool,
        device: &B::Device,
        weights: &mut WeightStream,
    ) -> Result<Layer<B>> {
        Ok(match self.layer {
            LayerKind::Hgnn => Layer::Hgnn(HgnnConfig::new(features, outputs).init(device, weights)?),
            LayerKind::HgnnPlus => Layer::HgnnPlus(HgnnPlusConfig::new(features, outputs).init(device, weights)?),
            LayerKind::Conv => Layer::Conv(HypergraphConvConfig::new(features, outputs).init(device, weights)?),
            LayerKind::Attention => {
                let head_width = if last { outputs } else { outputs / self.heads };
                let config = HypergraphAttentionConfig::new(features, head_width).with_heads(self.heads);
                Layer::Attention(config.with_mode(self.attention_mode).with_concat(!last).init(device, weights)?)
            }
        })
    }
}
