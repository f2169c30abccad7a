//! AllDeepSets (Chien et al. 2022).

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{Direction, HyperBackend, Reduce, aggregate};

use super::weights::WeightStream;
use super::{Masks, Mlp, MlpConfig};
use crate::error::Result;
use crate::input::{GraphInput, NodeFeatures};
use crate::precision::Precision;

/// Sizes and options of [`AllDeepSets`].
#[derive(Config, Debug, PartialEq)]
pub struct AllDeepSetsConfig {
    /// F, features of a node.
    pub features: usize,
    /// O, outputs of a node, and the width in between.
    pub outputs: usize,
    /// Linear maps of each perceptron.
    #[config(default = 2)]
    pub mlp_layers: usize,
}

impl AllDeepSetsConfig {
    /// A layer with weights from the stream.
    ///
    /// # Errors
    /// When a size is 0 or a weight exceeds 2³¹ elements.
    pub fn init<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<AllDeepSets<B>> {
        let mut mlp = |inputs| MlpConfig::new(inputs, self.outputs, self.outputs).with_layers(self.mlp_layers).init(device, weights);
        Ok(AllDeepSets {
            members: mlp(self.features)?,
            hyperedges: mlp(self.outputs)?,
            incident: mlp(self.outputs)?,
            nodes: mlp(self.outputs)?,
        })
    }
}

/// AllDeepSets of Chien et al. 2022 (arXiv:2106.13264), with means:
///
/// ```text
/// z_e = relu( MLP_2( mean_{v in e} relu( MLP_1(x_v) ) ) )        y_v = MLP_4( mean_{e of v} relu( MLP_3(z_e) ) )
/// ```
///
/// The ReLU after the layer is the network's. Costs 2·nnz·O multiply-adds and four perceptrons on N, M, M and N rows.
#[derive(Module, Debug)]
pub struct AllDeepSets<B: Backend> {
    /// MLP_1, of members before they meet.
    pub members: Mlp<B>,
    /// MLP_2, of hyperedges.
    pub hyperedges: Mlp<B>,
    /// MLP_3, of hyperedges before they meet in a node.
    pub incident: Mlp<B>,
    /// MLP_4, of nodes.
    pub nodes: Mlp<B>,
}

impl<B: HyperBackend> AllDeepSets<B> {
    /// Applies the layer.
    ///
    /// # Shapes
    /// features `[N, F]` -> `[N, O]`, in the type of `precision`
    ///
    /// # Errors
    /// When the features are not F wide or do not fit the nodes.
    pub fn forward(&self, input: &GraphInput<B>, precision: Precision, masks: &Masks) -> Result<Tensor<B, 2>> {
        let pass = |x: Tensor<B, 2>, direction| {
            Ok::<_, crate::ModelError>(NodeFeatures::Dense(aggregate(
                masks.drop_out(relu(x))?,
                &input.incidence,
                direction,
                Reduce::Mean,
                None,
            )?))
        };
        let z = pass(self.members.forward(&input.features, precision, masks)?, Direction::ToCols)?; // [M, O]
        let z = masks.drop_out(relu(self.hyperedges.forward(&z, precision, masks)?))?;
        let y = pass(self.incident.forward(&NodeFeatures::Dense(z), precision, masks)?, Direction::ToRows)?; // [N, O]
        self.nodes.forward(&y, precision, masks) // [N, O]
    }
}
