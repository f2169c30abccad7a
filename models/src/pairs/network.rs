//! GATv2 over connections: the states of nodes.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, activation};
use hypergraphql_ops::{HyperBackend, gather};

use super::data::PairData;
use super::messages::Messages;
use super::scorer::PairScorer;
use crate::error::{ModelError, Result};
use crate::input::NodeFeatures;
use crate::layers::{GatV2, GatV2Config, LayerNorm, Linear, Masks, WeightStream};
use crate::precision::Precision;

/// Sizes and options of [`PairPredictor`].
#[derive(Config, Debug, PartialEq)]
pub struct PairConfig {
    /// N, the number of nodes.
    pub nodes: usize,
    /// R, the number of relations; 0: messages are all of one kind.
    #[config(default = 0)]
    pub relations: usize,
    /// C, the number of types that connections are told apart by; 0: they are not.
    #[config(default = 0)]
    pub types: usize,
    /// Features of a node; 0: each node has an embedding that is learned.
    #[config(default = 0)]
    pub features: usize,
    /// Whether (u, v) and (v, u) are two pairs.
    #[config(default = false)]
    pub directed: bool,
    /// F, the width of the states.
    #[config(default = 128)]
    pub width: usize,
    /// Layers of GATv2; 0: the scorer reads embeddings or mapped features.
    #[config(default = 2)]
    pub layers: usize,
    /// Heads of its attention; they divide the width.
    #[config(default = 4)]
    pub heads: usize,
    /// D, the width of the embedding of a relation.
    #[config(default = 32)]
    pub relation_width: usize,
    /// Probability of dropping an activation in training.
    #[config(default = 0.2)]
    pub dropout: f64,
}

impl PairConfig {
    /// The sizes that data needs.
    pub fn of(data: &PairData) -> Self {
        Self::new(data.nodes.len())
            .with_relations(data.relations.len())
            .with_types(data.types.len())
            .with_features(data.features.width())
            .with_directed(data.options.directed)
    }

    /// Rows of the table of relations: in directed data an inverse for each.
    pub fn relation_rows(&self) -> usize {
        if self.directed { 2 * self.relations } else { self.relations }
    }

    /// Checks the domains.
    ///
    /// # Errors
    /// Names the option.
    pub fn check(&self) -> Result<()> {
        let limit = |what, got: usize, range: std::ops::RangeInclusive<usize>| {
            let expected = format!("{} to {}", range.start(), range.end());
            if range.contains(&got) { Ok(()) } else { Err(ModelError::option(what, got, expected)) }
        };
        limit("nodes", self.nodes, 2..=u32::MAX as usize / 2)?;
        limit("relations", self.relations, 0..=u32::MAX as usize / 4)?;
        limit("types", self.types, 0..=1 << 16)?;
        limit("hidden", self.width, 1..=1 << 14)?;
        limit("layers", self.layers, 0..=64)?;
        limit("relation-width", self.relation_width, 1..=1 << 14)?;
        if self.heads == 0 || !self.width.is_multiple_of(self.heads) {
            return Err(ModelError::option("heads", self.heads, format!("a number that divides the hidden width {}", self.width)));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(ModelError::option("dropout", self.dropout, "0 to below 1"));
        }
        Ok(())
    }

    /// A network with weights from a seed.
    ///
    /// # Errors
    /// An option outside its domain, or a weight of more than 2³¹ elements.
    pub fn init<B: Backend>(&self, device: &B::Device, seed: u64) -> Result<PairPredictor<B>> {
        self.check()?;
        let mut weights = WeightStream::new(seed);
        let bound = (self.width as f64).sqrt().recip();
        let embeddings = (self.features == 0).then(|| weights.uniform([self.nodes, self.width], bound, device)).transpose()?;
        let input = (self.features > 0).then(|| Linear::new(self.features, self.width, device, &mut weights)).transpose()?;
        let rows = self.relation_rows();
        let typed = rows > 0 && self.layers > 0;
        let relations = typed.then(|| weights.uniform([rows, self.relation_width], 1.0, device)).transpose()?;
        let layer = GatV2Config::new(self.width, self.width / self.heads).with_heads(self.heads).with_pair_features(if typed {
            self.relation_width
        } else {
            0
        });
        let layers = (0..self.layers).map(|_| layer.init(device, &mut weights)).collect::<Result<Vec<_>>>()?;
        Ok(PairPredictor {
            embeddings,
            input,
            relations,
            norms: layers.iter().map(|_| LayerNorm::new(self.width, device)).collect(),
            layers,
            scorer: PairScorer::new(self, device, &mut weights)?,
            config: self.clone(),
        })
    }
}

/// States of nodes by GATv2 (Brody et al. 2022) over connections, and the [`PairScorer`] that reads two of them:
///
/// ```text
/// x_v = embedding of v, or W (features of v) + b
/// x_v = LN( x_v + dropout(relu( GATv2(x, r)_v )) )        in each layer, over both ways of each connection and v itself,
/// ```
///
/// where r is an embedding of the relation of the connection, in directed data another one against its direction. Costs are those of [`GatV2`]: memory O((N + E)·F).
#[derive(Module, Debug)]
pub struct PairPredictor<B: Backend> {
    /// `[N, F]`, where nodes have no features.
    pub embeddings: Option<Param<Tensor<B, 2>>>,
    /// From features to F, where nodes have some.
    pub input: Option<Linear<B>>,
    /// `[R, D]`, in directed data [2·R, D] with the inverses after the relations.
    pub relations: Option<Param<Tensor<B, 2>>>,
    layers: Vec<GatV2<B>>,
    norms: Vec<LayerNorm<B>>,
    /// What two states say of a pair.
    pub scorer: PairScorer<B>,
    #[module(skip)]
    config: PairConfig,
}

impl<B: HyperBackend> PairPredictor<B> {
    /// The states of all nodes in the light of the messages.
    ///
    /// # Shapes
    /// features `[N, features]` or none -> `[N, F]`, in the type of `precision`
    ///
    /// # Errors
    /// Features where the network has embeddings or the other way round, messages of other nodes, or a type that the device lacks.
    pub fn encode(
        &self,
        messages: &Messages<B>,
        features: Option<&NodeFeatures<B>>,
        precision: Precision,
        masks: &Masks,
    ) -> Result<Tensor<B, 2>> {
        let x = match (&self.embeddings, &self.input, features) {
            (Some(table), _, None) => precision.cast(table.val()),               // [N, F]
            (_, Some(map), Some(features)) => map.forward(features, precision)?, // [N, F]
            (_, _, given) => {
                let (got, expected) = (given.map_or(0, NodeFeatures::width), format!("{} of each node", self.config.features));
                return Err(ModelError::option("features of nodes", got, expected));
            }
        };
        let mut x = masks.drop_out(x)?;
        let relations = match (&self.relations, &messages.relations) {
            (Some(table), Some(of)) => Some(gather(precision.cast(table.val()), of)?), // [given, D]
            _ => None,
        };
        for (layer, norm) in self.layers.iter().zip(&self.norms) {
            let y = layer.forward(&NodeFeatures::Dense(x.clone()), &messages.graph, relations.clone(), precision)?; // [N, F]
            x = precision.cast(norm.forward(x + masks.drop_out(activation::relu(y))?, precision));
        }
        Ok(x)
    }

    /// Sizes and options.
    pub fn config(&self) -> &PairConfig {
        &self.config
    }
}
