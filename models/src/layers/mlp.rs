//! The multilayer perceptron of AllSet and ED-HNN.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::backend::Backend;
use hypergraphql_ops::HyperBackend;

use super::weights::WeightStream;
use super::{LayerNorm, Linear, Masks};
use crate::error::{ModelError, Result};
use crate::input::NodeFeatures;
use crate::precision::Precision;

/// Sizes of [`Mlp`].
#[derive(Config, Debug, PartialEq)]
pub struct MlpConfig {
    /// I, inputs.
    pub inputs: usize,
    /// Width between the linear maps.
    pub hidden: usize,
    /// O, outputs.
    pub outputs: usize,
    /// Number of linear maps, at least 1.
    #[config(default = 2)]
    pub layers: usize,
    /// Whether the inputs are normalised; only what is dense can be.
    #[config(default = false)]
    pub input_norm: bool,
    /// Whether each ReLU is followed by a layer normalisation.
    #[config(default = true)]
    pub norm: bool,
}

impl MlpConfig {
    /// A perceptron with weights from the stream.
    ///
    /// # Errors
    /// When a size or the number of layers is 0, or a weight exceeds 2³¹ elements.
    pub fn init<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<Mlp<B>> {
        if self.layers == 0 {
            return Err(ModelError::option("layers of a perceptron", 0, "at least 1"));
        }
        let mut linears = Vec::with_capacity(self.layers);
        for i in 0..self.layers {
            let inputs = if i == 0 { self.inputs } else { self.hidden };
            let outputs = if i + 1 == self.layers { self.outputs } else { self.hidden };
            linears.push(Linear::new(inputs, outputs, device, weights)?);
        }
        let norms = if self.norm { (1..self.layers).map(|_| LayerNorm::new(self.hidden, device)).collect() } else { vec![] };
        Ok(Mlp { input_norm: self.input_norm.then(|| LayerNorm::new(self.inputs, device)), linears, norms })
    }
}

/// Linear maps with ReLU and layer normalisation between them, the normalisation after the ReLU, as in the code of AllSet (Chien et al. 2022,
/// arXiv:2106.13264) and ED-HNN (Wang et al. 2023, arXiv:2207.06680):
///
/// ```text
/// h_0 = norm_0(x)      h_(i+1) = dropout( norm_(i+1)( relu( h_i W_i + b_i ) ) )      y = h_(L-1) W_(L-1) + b_(L-1)
/// ```
#[derive(Module, Debug)]
pub struct Mlp<B: Backend> {
    /// Of the inputs, where they are normalised.
    pub input_norm: Option<LayerNorm<B>>,
    /// W_i and b_i.
    pub linears: Vec<Linear<B>>,
    /// After each ReLU, or none.
    pub norms: Vec<LayerNorm<B>>,
}

impl<B: HyperBackend> Mlp<B> {
    /// Applies the perceptron.
    ///
    /// # Shapes
    /// x `[N, I]` -> `[N, O]`, in the type of `precision`
    ///
    /// # Errors
    /// When x is not I wide, or is sparse and the inputs are normalised.
    pub fn forward(&self, x: &NodeFeatures<B>, precision: Precision, masks: &Masks) -> Result<Tensor<B, 2>> {
        let normed = match (&self.input_norm, x) {
            (None, _) => None,
            (Some(norm), NodeFeatures::Dense(x)) => Some(NodeFeatures::Dense(precision.cast(norm.forward(x.clone(), precision)))),
            (Some(_), NodeFeatures::Sparse(_)) => {
                return Err(ModelError::option("features", "sparse", "dense ones, as they are normalised"));
            }
        };
        let Some((last, between)) = self.linears.split_last() else {
            return Err(ModelError::option("layers of a perceptron", 0, "at least 1"));
        };
        let mut hidden = normed;
        for (i, linear) in between.iter().enumerate() {
            let y = relu(linear.forward(hidden.as_ref().unwrap_or(x), precision)?); // [N, hidden]
            hidden = Some(NodeFeatures::Dense(self.after_relu(y, i, precision, masks)?));
        }
        last.forward(hidden.as_ref().unwrap_or(x), precision) // [N, O]
    }

    /// The normalisation and dropout after the ReLU of linear map `i`.
    fn after_relu(&self, y: Tensor<B, 2>, i: usize, precision: Precision, masks: &Masks) -> Result<Tensor<B, 2>> {
        masks.drop_out(match self.norms.get(i) {
            Some(norm) => precision.cast(norm.forward(y, precision)),
            None => y,
        })
    }

    /// All but the last linear map, of rows that a ReLU, a normalisation and dropout have left.
    pub(super) fn before_last(&self, mut x: Tensor<B, 2>, precision: Precision, masks: &Masks) -> Result<Tensor<B, 2>> {
        for (i, linear) in self.linears.iter().take(self.linears.len().saturating_sub(1)).enumerate() {
            let y = relu(linear.forward(&NodeFeatures::Dense(x), precision)?);
            x = self.after_relu(y, i, precision, masks)?;
        }
        Ok(x)
    }
}
