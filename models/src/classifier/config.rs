//! Sizes and options of a node classifier.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use burn::config::Config;
use burn::tensor::backend::Backend;
use hypergraphql_framework::Relations;
use hypergraphql_ops::HyperBackend;

use serde::{Deserialize, Serialize};

use super::{Layer, NodeClassifier, Output};
use crate::error::{ModelError, Result};
use crate::input::GraphInput;
use crate::layers::{
    AllDeepSetsConfig, AllSetTransformerConfig, AttentionMode, Combine, Composition, EdHnnConfig, GatV2Config, HgnnConfig, HgnnPlusConfig,
    HypergraphAttentionConfig, HypergraphConvConfig, LayerKind, LayerNorm, Linear, MlpConfig, RelationalConvConfig, StarENodesConfig,
    UniGatConfig, UniGcnIIConfig, UniGnnConfig, WeightStream,
};
use crate::node_statements::may_qualify;
use crate::precision::Precision;
use crate::typed::Kind;

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
    /// Number of layers: of a stack the output layer included, of a deep network those before its perceptron.
    #[config(default = 2)]
    pub layers: usize,
    /// Heads of attention: side by side in hidden layers; in the output layer averaged (attention) or one (unigat).
    #[config(default = 4)]
    pub heads: usize,
    /// Over what attention coefficients sum to 1.
    #[config(default = "AttentionMode::Node")]
    pub attention_mode: AttentionMode,
    /// What follows each hidden layer. Attention needs [`Norm::Layer`]: it shrinks what a node receives with the node's degree;
    /// StarE too, as a product of small numbers is smaller.
    #[config(default = "Norm::None")]
    pub norm: Norm,
    /// Probability of dropping an activation between layers in training.
    #[config(default = 0.5)]
    pub dropout: f64,
    /// Linear maps of the perceptrons inside a layer: of all of AllDeepSets', of both blocks of AllSetTransformer, of ED-HNN's after its nodes.
    #[config(default = 2)]
    pub mlp_layers: usize,
    /// Linear maps of ED-HNN's perceptron of members; 0: none.
    #[config(default = 0)]
    pub member_layers: usize,
    /// Linear maps of ED-HNN's perceptron of pairs; 0: none.
    #[config(default = 0)]
    pub pair_layers: usize,
    /// Linear maps of the perceptron that gives the classes of a deep network.
    #[config(default = 1)]
    pub head_layers: usize,
    /// The share of the initial features in UniGCNII and ED-HNN.
    #[config(default = 0.1)]
    pub alpha: f64,
    /// How ED-HNN combines messages.
    #[config(default = "Combine::Mean")]
    pub combine: Combine,
    /// The kinds of incidences that the relational layer and StarE tell apart, as [`typed::kinds`](crate::typed::kinds) finds them; `None`: one.
    pub kinds: Option<Vec<Kind>>,
    /// Matrices that the weights of all kinds in the relational layer are sums of; `None`: every kind has its own.
    pub bases: Option<usize>,
    /// φ of StarE; `None`: its default.
    pub composition: Option<Composition>,
    /// Probability of dropping a feature of the input in training; `None`: 0.
    pub input_dropout: Option<f64>,
    /// Whether ED-HNN's perceptrons of members and of nodes normalise what they read; `None`: not.
    pub mlp_input_norm: Option<bool>,
}

/// λ of UniGCNII: the share of Θ in layer l is ln(λ / l + 1).
const LAMBDA: f64 = 0.5;

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
        let deep = self.layer.is_deep();
        let encoder = (deep && self.has_encoder()).then(|| Linear::new(self.features, self.hidden, device, &mut weights)).transpose()?;
        let depth = self.hidden_layers();
        // One layer of ED-HNN is run over and over.
        let own = if self.layer == LayerKind::EdHnn { depth.min(1) } else { depth };
        let mut features = if encoder.is_some() { self.hidden } else { self.features };
        let mut hidden = Vec::with_capacity(own);
        for number in 1..=own {
            hidden.push(self.layer(number, features, self.hidden, false, device, &mut weights)?);
            features = self.hidden;
        }
        let output = if deep {
            let head = MlpConfig::new(self.hidden, self.hidden, self.classes).with_layers(self.head_layers);
            Output::Head(head.init(device, &mut weights)?)
        } else {
            Output::Layer(self.layer(self.layers, features, self.classes, true, device, &mut weights)?)
        };
        let norms = match self.norm {
            Norm::None => Vec::new(),
            Norm::Layer => (0..depth).map(|_| LayerNorm::new(self.hidden, device)).collect(),
        };
        let input_dropout = self.input_dropout.unwrap_or_default();
        Ok(NodeClassifier { encoder, hidden, norms, output, depth, dropout: self.dropout, input_dropout })
    }

    /// Whether a linear map comes before the layers of a deep network.
    pub(crate) fn has_encoder(&self) -> bool {
        matches!(self.layer, LayerKind::Unigcnii | LayerKind::EdHnn | LayerKind::StarE)
    }

    /// How many layers come before the output.
    pub(crate) fn hidden_layers(&self) -> usize {
        if self.layer.is_deep() { self.layers } else { self.layers - 1 }
    }

    /// The type that the first layer takes features in: the output layer is never in half precision.
    pub fn input_precision(&self, precision: Precision) -> Precision {
        if self.layers == 1 && !self.layer.is_deep() { precision.wide() } else { precision }
    }

    /// An input with the relations that the network tells apart.
    pub(crate) fn typed_input<B: HyperBackend>(&self, input: GraphInput<B>, relations: Option<&Relations>) -> GraphInput<B> {
        match &self.kinds {
            Some(kinds) if self.layer.has_kinds() => input.with_types(relations.cloned(), kinds.clone()),
            _ => input,
        }
    }

    /// K, how many kinds of incidences there are.
    pub(crate) fn kind_count(&self) -> usize {
        self.kinds.as_ref().map_or(1, Vec::len)
    }

    /// Whether StarE has a weight for qualifiers.
    pub(crate) fn has_qualifiers(&self) -> bool {
        self.kinds.as_deref().is_some_and(may_qualify)
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
        for (what, got) in [("dropout", self.dropout), ("input dropout", self.input_dropout.unwrap_or_default())] {
            if !(0.0..1.0).contains(&got) {
                return Err(ModelError::option(what, got, format!("0 <= {what} < 1")));
            }
        }
        if self.layer.has_heads() && self.hidden_layers() > 0 && !self.hidden.is_multiple_of(self.heads) {
            return Err(ModelError::option("heads", self.heads, format!("a divisor of hidden, {}", self.hidden)));
        }
        let maps = [("mlp layers", self.mlp_layers, 1), ("member layers", self.member_layers, 0), ("pair layers", self.pair_layers, 0)];
        for (what, got, least) in maps.into_iter().chain([("head layers", self.head_layers, 1)]) {
            if !(least..=MAX_LAYERS).contains(&got) {
                return Err(ModelError::option(what, got, format!("{least} to {MAX_LAYERS}")));
            }
        }
        if !(0.0..=1.0).contains(&self.alpha) {
            return Err(ModelError::option("alpha", self.alpha, "0 to 1"));
        }
        if self.layer.has_kinds() && self.kind_count() == 0 {
            return Err(ModelError::option("kinds of incidences", 0, "at least 1"));
        }
        if self.bases == Some(0) {
            return Err(ModelError::option("bases", 0, "at least 1"));
        }
        if self.layer == LayerKind::StarE && self.composition == Some(Composition::Rotate) && !self.hidden.is_multiple_of(2) {
            return Err(ModelError::option("hidden", self.hidden, "an even number, as StarE rotates pairs of features"));
        }
        Ok(())
    }

    /// Layer `number`, from 1.
    fn layer<B: Backend>(
        &self,
        number: usize,
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
            LayerKind::Unigcn => Layer::UniGcn(UniGnnConfig::new(features, outputs).gcn(device, weights)?),
            LayerKind::Unigin => Layer::UniGin(UniGnnConfig::new(features, outputs).gin(device, weights)?),
            LayerKind::Unisage => Layer::UniSage(UniGnnConfig::new(features, outputs).sage(device, weights)?),
            LayerKind::Unigat => {
                let heads = if last { 1 } else { self.heads };
                Layer::UniGat(UniGatConfig::new(features, outputs / heads).with_heads(heads).init(device, weights)?)
            }
            LayerKind::Unigcnii => {
                let config = UniGcnIIConfig::new(outputs, (LAMBDA / number as f64).ln_1p()).with_alpha(self.alpha);
                Layer::UniGcnII(config.init(device, weights)?)
            }
            LayerKind::AllDeepSets => {
                let config = AllDeepSetsConfig::new(features, outputs).with_mlp_layers(self.mlp_layers);
                Layer::AllDeepSets(config.init(device, weights)?)
            }
            LayerKind::AllSetTransformer => {
                let config = AllSetTransformerConfig::new(features, outputs).with_heads(self.heads).with_mlp_layers(self.mlp_layers);
                Layer::AllSetTransformer(config.init(device, weights)?)
            }
            LayerKind::EdHnn => {
                let config = EdHnnConfig::new(outputs).with_member_layers(self.member_layers).with_pair_layers(self.pair_layers);
                let config = config.with_node_layers(self.mlp_layers).with_alpha(self.alpha).with_combine(self.combine);
                let config = config.with_input_norm(self.mlp_input_norm.unwrap_or_default());
                Layer::EdHnn(config.init(device, weights)?)
            }
            LayerKind::GatV2 => {
                let head_width = if last { outputs } else { outputs / self.heads };
                let config = GatV2Config::new(features, head_width).with_heads(self.heads).with_concat(!last);
                // The clique expansion has one: see FeaturedPairs::clique.
                Layer::GatV2(config.with_pair_features(1).init(device, weights)?)
            }
            LayerKind::Relational => {
                let config = RelationalConvConfig::new(features, outputs).with_kinds(self.kind_count());
                Layer::Relational(config.with_bases(self.bases.unwrap_or(0)).init(device, weights)?)
            }
            LayerKind::StarE => {
                let config = StarENodesConfig::new(outputs).with_kinds(self.kind_count()).with_qualifiers(self.has_qualifiers());
                Layer::StarE(config.with_composition(self.composition.unwrap_or_default()).init(device, weights)?)
            }
        })
    }
}
