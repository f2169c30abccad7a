//! StarE over the hyperedges of a hypergraph, for the classification of nodes.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{Direction, HyperBackend, Reduce, aggregate};

use super::weights::WeightStream;
use super::{Composition, Masks, StarE, StarEConfig};
use crate::error::{ModelError, Result};
use crate::input::{GraphInput, NodeFeatures};
use crate::precision::Precision;

/// Sizes and options of [`StarENodes`].
#[derive(Config, Debug, PartialEq)]
pub struct StarENodesConfig {
    /// F, features and outputs of a node.
    pub features: usize,
    /// K, kinds of incidences.
    #[config(default = 1)]
    pub kinds: usize,
    /// Whether statements may have qualifiers.
    #[config(default = false)]
    pub qualifiers: bool,
    /// φ of [`StarE`].
    #[config(default = "Composition::Mult")]
    pub composition: Composition,
}

impl StarENodesConfig {
    /// A layer with Glorot weights from the stream.
    ///
    /// # Errors
    /// As [`StarEConfig::init`].
    pub fn init<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<StarENodes<B>> {
        let config = StarEConfig::new(self.features, self.features).with_composition(self.composition);
        let relations = weights.glorot([self.kinds.saturating_mul(2), self.features], device)?;
        Ok(StarENodes { relations, conv: config.with_qualifiers(self.qualifiers).with_update_relations(false).init(device, weights)? })
    }
}

/// [`StarE`] on hyperedges read as statements, with relations of its own for each layer:
///
/// - a hyperedge with one player in the role `subject` and one in the role `object` is the statement (subject, kind of the object, object), its other players
///   are the qualifiers;
/// - of any other hyperedge, so of every hyperedge without roles, each incidence is a statement (v, kind, e) about an entity x_e = mean of the members' features,
///   and v hears of e through the inverse relation.
///
/// A kind is the type of a hyperedge with the role of a node in it. Costs and memory are those of [`StarE`] with Z statements and N + M entities.
#[derive(Module, Debug)]
pub struct StarENodes<B: Backend> {
    /// z [2·K, F]: kinds, then their inverses.
    pub relations: Param<Tensor<B, 2>>,
    /// The convolution.
    pub conv: StarE<B>,
}

impl<B: HyperBackend> StarENodes<B> {
    /// Applies the layer.
    ///
    /// # Shapes
    /// features `[N, F]` -> `[N, F]`, in the type of `precision`
    ///
    /// # Errors
    /// When the features are not F wide, are sparse or do not fit the nodes, or the layer was made for another number of kinds.
    pub fn forward(&self, input: &GraphInput<B>, precision: Precision, masks: &Masks) -> Result<Tensor<B, 2>> {
        let NodeFeatures::Dense(x) = &input.features else {
            return Err(ModelError::option("features of StarE", "sparse", "dense ones"));
        };
        let read = input.statements()?;
        let (x, nodes) = (precision.cast(x.clone()), input.incidence.nodes());
        let entities = match &read.members {
            None => x,
            Some(members) => {
                let means = aggregate(x.clone(), members, Direction::ToCols, Reduce::Mean, None)?; // [M', F]
                Tensor::cat(vec![x, means], 0) // [N + M', F]
            }
        };
        let (y, _) = self.conv.forward(entities, self.relations.val(), &read.statements, precision, masks)?;
        Ok(if read.members.is_some() { y.narrow(0, 0, nodes) } else { y }) // [N, F]
    }
}
