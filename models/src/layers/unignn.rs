//! The layers of UniGNN (Huang and Yang 2021) without attention: UniGCN, UniGIN, UniSAGE, UniGCNII.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor};
use hypergraphql_ops::{BiasPlace, ConvConfig, HyperBackend, Normalisation, hypergraph_conv};

use super::weights::WeightStream;
use crate::error::{ModelError, Result};
use crate::input::{GraphInput, NodeFeatures};
use crate::precision::Precision;

/// Sizes of [`UniGcn`], [`UniGin`] and [`UniSage`].
#[derive(Config, Debug, PartialEq)]
pub struct UniGnnConfig {
    /// F, features of a node.
    pub features: usize,
    /// O, outputs of a node.
    pub outputs: usize,
}

impl UniGnnConfig {
    /// A UniGCN layer with Glorot weights from the stream.
    ///
    /// # Errors
    /// When a size is 0 or the weight exceeds 2³¹ elements.
    pub fn gcn<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<UniGcn<B>> {
        Ok(UniGcn { theta: weights.glorot([self.features, self.outputs], device)? })
    }

    /// A UniGIN layer with Glorot weights from the stream and ε = 0.
    ///
    /// # Errors
    /// When a size is 0 or the weight exceeds 2³¹ elements.
    pub fn gin<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<UniGin<B>> {
        let theta = weights.glorot([self.features, self.outputs], device)?;
        Ok(UniGin { theta, epsilon: Param::from_tensor(Tensor::zeros([1], (device, DType::F32))) })
    }

    /// A UniSAGE layer with Glorot weights from the stream.
    ///
    /// # Errors
    /// When a size is 0 or the weight exceeds 2³¹ elements.
    pub fn sage<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<UniSage<B>> {
        Ok(UniSage { theta: weights.glorot([self.features, self.outputs], device)? })
    }
}

/// UniGCN of Huang and Yang 2021 (arXiv:2105.00956, equation 5):
///
/// ```text
/// y_v = D_v^-1/2 Σ_{e of v} w_e E_e^-1/2 mean_{u in e} x_u Θ        E_e = mean_{u in e} D_u,  1/0 = 0
/// ```
///
/// Costs 2·nnz·min(F, O) + N·F·O multiply-adds; an isolated node gets 0.
#[derive(Module, Debug)]
pub struct UniGcn<B: Backend> {
    /// Θ `[F, O]`
    pub theta: Param<Tensor<B, 2>>,
}

impl<B: HyperBackend> UniGcn<B> {
    /// Applies the layer.
    ///
    /// # Shapes
    /// features `[N, F]` -> `[N, O]`, in the type of `precision`
    ///
    /// # Errors
    /// When the features are not F wide or do not fit the nodes, or a degree is negative.
    pub fn forward(&self, input: &GraphInput<B>, precision: Precision) -> Result<Tensor<B, 2>> {
        let config = ConvConfig { normalisation: Normalisation::UniGnn, bias: BiasPlace::Output };
        super::convolve(input, &self.theta, None, config, precision) // [N, O]
    }
}

/// UniGIN of Huang and Yang 2021 (arXiv:2105.00956, equation 9):
///
/// ```text
/// y_v = (1 + ε) x_v Θ + Σ_{e of v} w_e mean_{u in e} x_u Θ
/// ```
///
/// Costs 2·nnz·O + N·F·O multiply-adds.
#[derive(Module, Debug)]
pub struct UniGin<B: Backend> {
    /// Θ `[F, O]`
    pub theta: Param<Tensor<B, 2>>,
    /// ε `[1]`, learned.
    pub epsilon: Param<Tensor<B, 1>>,
}

impl<B: HyperBackend> UniGin<B> {
    /// Applies the layer.
    ///
    /// # Shapes
    /// features `[N, F]` -> `[N, O]`, in the type of `precision`
    ///
    /// # Errors
    /// When the features are not F wide or do not fit the nodes.
    pub fn forward(&self, input: &GraphInput<B>, precision: Precision) -> Result<Tensor<B, 2>> {
        let x = input.features.times(precision.cast(self.theta.val()))?; // [N, O]
        let own = x.clone() + x.clone() * precision.cast(self.epsilon.val()).unsqueeze();
        Ok(own + sums_of_means(x, input)?)
    }
}

/// UniSAGE of Huang and Yang 2021 (arXiv:2105.00956, equation 8), with the sum in the second pass:
///
/// ```text
/// y_v = x_v Θ + Σ_{e of v} w_e mean_{u in e} x_u Θ
/// ```
///
/// Costs 2·nnz·O + N·F·O multiply-adds.
#[derive(Module, Debug)]
pub struct UniSage<B: Backend> {
    /// Θ `[F, O]`
    pub theta: Param<Tensor<B, 2>>,
}

impl<B: HyperBackend> UniSage<B> {
    /// Applies the layer.
    ///
    /// # Shapes
    /// features `[N, F]` -> `[N, O]`, in the type of `precision`
    ///
    /// # Errors
    /// When the features are not F wide or do not fit the nodes.
    pub fn forward(&self, input: &GraphInput<B>, precision: Precision) -> Result<Tensor<B, 2>> {
        let x = input.features.times(precision.cast(self.theta.val()))?; // [N, O]
        Ok(x.clone() + sums_of_means(x, input)?)
    }
}

/// Σ_{e of v} w_e mean_{u in e} x_u
fn sums_of_means<B: HyperBackend>(x: Tensor<B, 2>, input: &GraphInput<B>) -> Result<Tensor<B, 2>> {
    let config = ConvConfig { normalisation: Normalisation::Sum, bias: BiasPlace::Output };
    Ok(hypergraph_conv(x, &input.incidence, None, None, config)?)
}

/// Sizes and options of [`UniGcnII`].
#[derive(Config, Debug, PartialEq)]
pub struct UniGcnIIConfig {
    /// F, features and outputs of a node.
    pub features: usize,
    /// α, the share of the initial features.
    #[config(default = 0.1)]
    pub alpha: f64,
    /// β, the share of Θ: the paper's is ln(λ / l + 1) in layer l, with λ = 0.5.
    pub beta: f64,
}

impl UniGcnIIConfig {
    /// A layer with Glorot weights from the stream.
    ///
    /// # Errors
    /// When F is 0, the weight exceeds 2³¹ elements, or α or β lies outside [0, 1].
    pub fn init<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<UniGcnII<B>> {
        for (what, share) in [("alpha", self.alpha), ("beta", self.beta)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(ModelError::option(what, share, "0 to 1"));
            }
        }
        Ok(UniGcnII { theta: weights.glorot([self.features, self.features], device)?, alpha: self.alpha, beta: self.beta })
    }
}

/// UniGCNII of Huang and Yang 2021 (arXiv:2105.00956, equation 12), after GCNII (Chen et al. 2020):
///
/// ```text
/// z_v = (1 − α) D_v^-1/2 Σ_{e of v} w_e E_e^-1/2 mean_{u in e} x_u  +  α x⁰_v        y = (1 − β) z + β z Θ
/// ```
///
/// x⁰ are the initial features of the input; E and D as in [`UniGcn`]. Costs 2·nnz·F + N·F² multiply-adds.
#[derive(Module, Debug)]
pub struct UniGcnII<B: Backend> {
    /// Θ `[F, F]`
    pub theta: Param<Tensor<B, 2>>,
    /// α
    pub alpha: f64,
    /// β
    pub beta: f64,
}

impl<B: HyperBackend> UniGcnII<B> {
    /// Applies the layer.
    ///
    /// # Shapes
    /// features and initial features `[N, F]` -> `[N, F]`, in the type of `precision`
    ///
    /// # Errors
    /// When the features are not F wide or do not fit the nodes, there are no initial features, or a degree is negative.
    pub fn forward(&self, input: &GraphInput<B>, precision: Precision) -> Result<Tensor<B, 2>> {
        let theta = precision.cast(self.theta.val()); // [F, F]
        let NodeFeatures::Dense(x) = &input.features else {
            return Err(ModelError::option("features of UniGCNII", "sparse", "dense ones"));
        };
        input.features.check_width(theta.dims()[0])?;
        let config = ConvConfig { normalisation: Normalisation::UniGnn, bias: BiasPlace::Output };
        let passed = hypergraph_conv(precision.cast(x.clone()), &input.incidence, None, None, config)?; // [N, F]
        let initial = precision.cast(input.initial(x.dims())?); // [N, F]
        let z = passed.mul_scalar(1.0 - self.alpha) + initial.mul_scalar(self.alpha);
        Ok(z.clone().mul_scalar(1.0 - self.beta) + z.matmul(theta).mul_scalar(self.beta))
    }
}
