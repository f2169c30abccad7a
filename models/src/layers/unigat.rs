//! UniGAT (Huang and Yang 2021).

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{Direction, HyperBackend, Reduce, SetAttentionOptions, aggregate, set_attention};

use super::weights::WeightStream;
use crate::error::{ModelError, Result};
use crate::input::GraphInput;
use crate::precision::Precision;

/// Sizes and options of [`UniGat`].
#[derive(Config, Debug, PartialEq)]
pub struct UniGatConfig {
    /// F, features of a node.
    pub features: usize,
    /// C, outputs of a head.
    pub head_width: usize,
    /// Hd, number of heads.
    #[config(default = 1)]
    pub heads: usize,
    /// Slope of the leaky ReLU below 0.
    #[config(default = 0.2)]
    pub slope: f64,
    /// Whether x Θ is added to what a node attends to.
    #[config(default = false)]
    pub skip: bool,
}

impl UniGatConfig {
    /// A layer with Glorot weights from the stream.
    ///
    /// # Errors
    /// When a size is 0, a weight exceeds 2³¹ elements, or the slope is not finite.
    pub fn init<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<UniGat<B>> {
        if !self.slope.is_finite() {
            return Err(ModelError::option("slope of the leaky ReLU", self.slope, "a finite number"));
        }
        let theta = weights.glorot([self.features, self.heads.saturating_mul(self.head_width)], device)?;
        Ok(UniGat { theta, att: weights.glorot([self.heads, self.head_width], device)?, slope: self.slope, skip: self.skip })
    }
}

/// UniGAT of Huang and Yang 2021 (arXiv:2105.00956, equation 7), multi-head, per head h:
///
/// ```text
/// z_e = mean_{u in e} x_u Θ_h        p_ve = softmax over the hyperedges e of v of leaky_relu( a_h · z_e )
/// y_v = Σ_{e of v} p_ve z_e  (+ x_v Θ_h)        heads side by side
/// ```
///
/// The scores belong to hyperedges alone, so this is `set_attention` of one seed over the hyperedges of each node. Costs N·F·Hd·C + 2·nnz·Hd·C multiply-adds.
#[derive(Module, Debug)]
pub struct UniGat<B: Backend> {
    /// Θ `[F, Hd·C]`, heads side by side.
    pub theta: Param<Tensor<B, 2>>,
    /// a `[Hd, C]`
    pub att: Param<Tensor<B, 2>>,
    /// Slope of the leaky ReLU below 0.
    pub slope: f64,
    /// Whether x Θ is added.
    pub skip: bool,
}

impl<B: HyperBackend> UniGat<B> {
    /// Applies the layer.
    ///
    /// # Shapes
    /// features `[N, F]` -> `[N, Hd·C]`, in the type of `precision`
    ///
    /// # Errors
    /// When the features are not F wide or do not fit the nodes.
    pub fn forward(&self, input: &GraphInput<B>, precision: Precision) -> Result<Tensor<B, 2>> {
        let x = input.features.times(precision.cast(self.theta.val()))?; // [N, Hd*C]
        let z = aggregate(x.clone(), &input.incidence, Direction::ToCols, Reduce::Mean, None)?; // [M, Hd*C]
        let [heads, head_width] = self.att.dims();
        let att = precision.cast(self.att.val()).reshape([1, heads * head_width]);
        let options = SetAttentionOptions { direction: Direction::ToRows, heads, scale: Some(1.0), slope: self.slope };
        let y = set_attention(att, z.clone(), z, &input.incidence, options)?; // [N, 1, Hd*C]
        let y = y.reshape(x.dims()); // [N, Hd*C]
        Ok(if self.skip { y + x } else { y })
    }
}
