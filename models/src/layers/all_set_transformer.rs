//! AllSetTransformer (Chien et al. 2022).

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{Direction, HyperBackend, Incidence, SetAttentionOptions, set_attention};

use super::weights::WeightStream;
use super::{LayerNorm, Linear, Masks, Mlp, MlpConfig};
use crate::error::{ModelError, Result};
use crate::input::{GraphInput, NodeFeatures};
use crate::precision::Precision;

/// Slope of the leaky ReLU of the scores.
const SLOPE: f64 = 0.2;

/// Sizes and options of [`AllSetTransformer`].
#[derive(Config, Debug, PartialEq)]
pub struct AllSetTransformerConfig {
    /// F, features of a node.
    pub features: usize,
    /// O, outputs of a node: all heads together.
    pub outputs: usize,
    /// Hd, number of heads; divides O.
    #[config(default = 1)]
    pub heads: usize,
    /// Linear maps of each block's perceptron.
    #[config(default = 2)]
    pub mlp_layers: usize,
}

impl AllSetTransformerConfig {
    /// A layer with weights from the stream.
    ///
    /// # Errors
    /// When a size is 0, a weight exceeds 2³¹ elements, or the heads do not divide the outputs.
    pub fn init<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<AllSetTransformer<B>> {
        let mut block =
            |inputs| PmaConfig::new(inputs, self.outputs).with_heads(self.heads).with_mlp_layers(self.mlp_layers).init(device, weights);
        Ok(AllSetTransformer { to_hyperedges: block(self.features)?, to_nodes: block(self.outputs)? })
    }
}

/// Sizes and options of [`Pma`].
#[derive(Config, Debug, PartialEq)]
pub struct PmaConfig {
    /// F, features of a member.
    pub features: usize,
    /// Hd·C, outputs of a segment: all heads together.
    pub outputs: usize,
    /// Hd, number of heads; divides the outputs.
    #[config(default = 1)]
    pub heads: usize,
    /// Linear maps of the perceptron.
    #[config(default = 2)]
    pub mlp_layers: usize,
}

impl PmaConfig {
    /// A block with weights from the stream.
    ///
    /// # Errors
    /// As [`AllSetTransformerConfig::init`].
    pub fn init<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<Pma<B>> {
        let Self { features, outputs, heads, mlp_layers } = *self;
        if heads == 0 || !outputs.is_multiple_of(heads) {
            return Err(ModelError::option("heads", heads, format!("a divisor of the outputs, {outputs}")));
        }
        Ok(Pma {
            key: Linear::new(features, outputs, device, weights)?,
            value: Linear::new(features, outputs, device, weights)?,
            seed: weights.glorot([heads, outputs / heads], device)?,
            inner: MlpConfig::new(outputs, outputs, outputs).with_layers(mlp_layers).with_norm(false).init(device, weights)?,
            norms: [LayerNorm::new(outputs, device), LayerNorm::new(outputs, device)],
        })
    }
}

/// Pooling by multihead attention, of Set Transformer (Lee et al. 2019, arXiv:1810.00825) as AllSet has it: one learned seed S attends to the members of each
/// segment,
///
/// ```text
/// s_j = leaky_relu( ⟨S, x_j K + b_K⟩ )  per head      o = Σ_j softmax_j(s) (x_j V + b_V) + S      o' = LN_0(o)      y = LN_1( o' + relu( MLP(o') ) )
/// ```
#[derive(Module, Debug)]
pub struct Pma<B: Backend> {
    /// K and b_K
    pub key: Linear<B>,
    /// V and b_V
    pub value: Linear<B>,
    /// S `[Hd, C]`
    pub seed: Param<Tensor<B, 2>>,
    /// MLP
    pub inner: Mlp<B>,
    /// LN_0 and LN_1
    pub norms: [LayerNorm<B>; 2],
}

impl<B: HyperBackend> Pma<B> {
    /// Pools the members of each hyperedge (`ToCols`) or the hyperedges of each node (`ToRows`).
    ///
    /// # Shapes
    /// x `[N, F]` -> `[M, Hd·C]`, or `[M, F]` -> `[N, Hd·C]`, in the type of `precision`
    ///
    /// # Errors
    /// When x is not F wide or does not fit the incidences.
    pub fn forward(
        &self,
        x: &NodeFeatures<B>,
        input: &GraphInput<B>,
        direction: Direction,
        precision: Precision,
        masks: &Masks,
    ) -> Result<Tensor<B, 2>> {
        self.over(x, &input.incidence, direction, precision, masks)
    }

    /// The same over incidences alone.
    pub(super) fn over(
        &self,
        x: &NodeFeatures<B>,
        incidence: &Incidence<B>,
        direction: Direction,
        precision: Precision,
        masks: &Masks,
    ) -> Result<Tensor<B, 2>> {
        let [heads, head_width] = self.seed.dims();
        let (key, value) = (self.key.forward(x, precision)?, self.value.forward(x, precision)?);
        let seed = precision.cast(self.seed.val()).reshape([1, heads * head_width]);
        let options = SetAttentionOptions { direction, heads, scale: Some(1.0), slope: SLOPE };
        let pooled = set_attention(seed.clone(), key, value, incidence, options)?; // [M, 1, Hd*C]
        let [segments, _, width] = pooled.dims();
        if segments == 0 {
            return Ok(pooled.reshape([0, width]));
        }
        let pooled = pooled.reshape([segments, width]) + seed;
        let pooled = precision.cast(self.norms[0].forward(pooled, precision)); // [M, Hd*C]
        let inner = self.inner.forward(&NodeFeatures::Dense(pooled.clone()), precision, masks)?;
        Ok(precision.cast(self.norms[1].forward(pooled + relu(inner), precision)))
    }
}

/// AllSetTransformer of Chien et al. 2022 (arXiv:2106.13264): [`Pma`] over the members of each hyperedge, ReLU, and [`Pma`] over the hyperedges of each node.
/// The ReLU after the layer is the network's.
///
/// Costs 2·nnz·O multiply-adds for each pass and (F + O)·O + 2·O² for each row; memory O((N + M)·O + nnz·Hd).
#[derive(Module, Debug)]
pub struct AllSetTransformer<B: Backend> {
    /// From members to hyperedges.
    pub to_hyperedges: Pma<B>,
    /// From hyperedges to nodes.
    pub to_nodes: Pma<B>,
}

impl<B: HyperBackend> AllSetTransformer<B> {
    /// Applies the layer.
    ///
    /// # Shapes
    /// features `[N, F]` -> `[N, O]`, in the type of `precision`
    ///
    /// # Errors
    /// When the features are not F wide or do not fit the nodes.
    pub fn forward(&self, input: &GraphInput<B>, precision: Precision, masks: &Masks) -> Result<Tensor<B, 2>> {
        let z = self.to_hyperedges.forward(&input.features, input, Direction::ToCols, precision, masks)?; // [M, O]
        let z = NodeFeatures::Dense(masks.drop_out(relu(z))?);
        self.to_nodes.forward(&z, input, Direction::ToRows, precision, masks) // [N, O]
    }
}
