//! Layer normalisation, in f32 whatever the precision of the activations.

use burn::module::{Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor, TensorPrimitive};

use super::weights::zeros;
use crate::precision::Precision;

/// Added to the variance, as in PyTorch.
const EPSILON: f64 = 1e-5;

/// Layer normalisation (Ba et al. 2016, arXiv:1607.06450), per row of x [N, F]:
///
/// ```text
/// y = γ (x − mean x) / √(var x + 1e-5) + β
/// ```
///
/// Half precision is widened to f32 and comes out as f32, since the squares of f16 overflow above 256.
#[derive(Module, Debug)]
pub struct LayerNorm<B: Backend> {
    /// γ `[F]`, in f32; ones at first.
    pub gamma: Param<Tensor<B, 1>>,
    /// β `[F]`, in f32; zeros at first.
    pub beta: Param<Tensor<B, 1>>,
}

impl<B: Backend> LayerNorm<B> {
    /// For rows of `width` features.
    pub fn new(width: usize, device: &B::Device) -> Self {
        Self { gamma: Param::from_tensor(Tensor::ones([width], (device, DType::F32))), beta: zeros(width, device) }
    }

    /// Normalises every row.
    ///
    /// # Shapes
    /// x `[N, F]` -> `[N, F]` in f32 (f64 for [`Precision::F64`])
    pub fn forward(&self, x: Tensor<B, 2>, precision: Precision) -> Tensor<B, 2> {
        let x = precision.widen(x);
        if x.dims()[0] == 0 {
            return x;
        }
        let [gamma, beta] = [&self.gamma, &self.beta].map(|p| precision.widen(p.val()).into_primitive().tensor());
        Tensor::from_primitive(TensorPrimitive::Float(B::layer_norm(x.into_primitive().tensor(), gamma, Some(beta), EPSILON)))
    }
}
