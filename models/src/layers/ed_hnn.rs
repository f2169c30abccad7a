//! ED-HNN (Wang et al. 2023).

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{Direction, HyperBackend, Reduce, aggregate};
use serde::{Deserialize, Serialize};

use super::weights::WeightStream;
use super::{Masks, Mlp, MlpConfig, Pairs, PairsConfig};
use crate::error::{ModelError, Result};
use crate::input::{GraphInput, NodeFeatures};
use crate::precision::Precision;

/// How ED-HNN combines what meets in a hyperedge and in a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Combine {
    /// The mean.
    #[default]
    Mean,
    /// The sum.
    Sum,
}

impl std::fmt::Display for Combine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Self::Mean { "mean" } else { "sum" })
    }
}

impl std::str::FromStr for Combine {
    type Err = ModelError;

    fn from_str(s: &str) -> Result<Self> {
        match s {
            "mean" => Ok(Self::Mean),
            "sum" => Ok(Self::Sum),
            _ => Err(ModelError::option("combine", s, "mean or sum")),
        }
    }
}

impl Combine {
    pub(crate) fn reduce(self) -> Reduce {
        match self {
            Self::Mean => Reduce::Mean,
            Self::Sum => Reduce::Sum,
        }
    }
}

/// Sizes and options of [`EdHnn`].
#[derive(Config, Debug, PartialEq)]
pub struct EdHnnConfig {
    /// F, features and outputs of a node.
    pub features: usize,
    /// Linear maps of the perceptron of members; 0: none, x itself.
    #[config(default = 1)]
    pub member_layers: usize,
    /// Linear maps of the perceptron of pairs; 0: none, the hyperedge itself.
    #[config(default = 1)]
    pub pair_layers: usize,
    /// Linear maps of the perceptron of nodes; 0: none.
    #[config(default = 1)]
    pub node_layers: usize,
    /// α, the share of the initial features.
    #[config(default = 0.5)]
    pub alpha: f64,
    /// How messages are combined.
    #[config(default = "Combine::Mean")]
    pub combine: Combine,
    /// Whether the perceptrons of members and of nodes normalise what they read, as in the authors' code. There the perceptron of pairs does too, for which
    /// an array of incidences times features would have to be made.
    #[config(default = false)]
    pub input_norm: bool,
}

impl EdHnnConfig {
    /// A layer with weights from the stream.
    ///
    /// # Errors
    /// When F is 0, a weight exceeds 2³¹ elements, or α lies outside [0, 1].
    pub fn init<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<EdHnn<B>> {
        if !(0.0..=1.0).contains(&self.alpha) {
            return Err(ModelError::option("alpha", self.alpha, "0 to 1"));
        }
        let width = self.features;
        let mlp = |layers: usize, weights: &mut WeightStream| {
            let config = MlpConfig::new(width, width, width).with_layers(layers).with_input_norm(self.input_norm);
            (layers > 0).then(|| config.init(device, weights)).transpose()
        };
        let members = mlp(self.member_layers, weights)?;
        let pairs = PairsConfig::new(width).with_layers(self.pair_layers);
        let pairs = (self.pair_layers > 0).then(|| pairs.init(device, weights)).transpose()?;
        Ok(EdHnn { members, pairs, nodes: mlp(self.node_layers, weights)?, alpha: self.alpha, combine: self.combine })
    }
}

/// ED-HNN of Wang et al. 2023 (arXiv:2207.06680, algorithm 1), equivariant diffusion over hyperedges:
///
/// ```text
/// z_e = mean_{v in e} MLP_1(x_v)        m_v = mean_{e of v} MLP_2([x_v ; z_e])        y_v = MLP_3( (1 − α) m_v + α x⁰_v )
/// ```
///
/// x⁰ are the initial features of the input; the means may be sums. MLP_2 is [`Pairs`], which costs nothing per incidence but the passes where it is one linear
/// map. Costs 2·nnz·F multiply-adds and the perceptrons.
#[derive(Module, Debug)]
pub struct EdHnn<B: Backend> {
    /// MLP_1, or x itself.
    pub members: Option<Mlp<B>>,
    /// MLP_2, or z_e itself.
    pub pairs: Option<Pairs<B>>,
    /// MLP_3, or nothing.
    pub nodes: Option<Mlp<B>>,
    /// α
    pub alpha: f64,
    /// How messages are combined.
    pub combine: Combine,
}

impl<B: HyperBackend> EdHnn<B> {
    /// Applies the layer.
    ///
    /// # Shapes
    /// features and initial features `[N, F]` -> `[N, F]`, in the type of `precision`
    ///
    /// # Errors
    /// When the features are not F wide, are sparse or do not fit the nodes, or there are no initial features.
    pub fn forward(&self, input: &GraphInput<B>, precision: Precision, masks: &Masks) -> Result<Tensor<B, 2>> {
        let NodeFeatures::Dense(x) = &input.features else {
            return Err(ModelError::option("features of ED-HNN", "sparse", "dense ones"));
        };
        let x = precision.cast(x.clone()); // [N, F]
        let dense = NodeFeatures::Dense(x.clone());
        let members = self.members.as_ref().map_or(Ok(x.clone()), |mlp| mlp.forward(&dense, precision, masks))?;
        let z = aggregate(members, &input.incidence, Direction::ToCols, self.combine.reduce(), None)?; // [M, F]
        let messages = match &self.pairs {
            Some(pairs) => pairs.forward(x.clone(), z, &input.incidence, self.combine, precision, masks)?,
            None => aggregate(z, &input.incidence, Direction::ToRows, self.combine.reduce(), None)?,
        }; // [N, F]
        let mixed = if self.alpha == 0.0 {
            messages
        } else {
            let initial = precision.cast(input.initial(x.dims())?);
            messages.mul_scalar(1.0 - self.alpha) + initial.mul_scalar(self.alpha)
        };
        self.nodes.as_ref().map_or(Ok(mixed.clone()), |mlp| mlp.forward(&NodeFeatures::Dense(mixed), precision, masks))
    }
}
