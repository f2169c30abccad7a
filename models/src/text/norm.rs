//! Layer normalisation whose epsilon the configuration gives.

use burn::module::{Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorPrimitive};

use crate::error::Result;
use crate::precision::Precision;
use crate::transformer::Source;
use crate::transformer::projection::ones;

/// `y = γ (x − mean x) / √(var x + ε) + β` per row, in f32 whatever the precision of x (Ba et al. 2016, arXiv:1607.06450).
#[derive(Module, Debug)]
pub struct TokenNorm<B: Backend> {
    /// γ `[d]`
    pub gamma: Param<Tensor<B, 1>>,
    /// β `[d]`
    pub beta: Param<Tensor<B, 1>>,
    /// ε
    pub epsilon: f64,
}

impl<B: Backend> TokenNorm<B> {
    /// γ = 1, β = 0
    pub fn new(width: usize, epsilon: f64, device: &B::Device) -> Self {
        let beta = Param::from_tensor(Tensor::zeros([width], (device, Precision::F32.dtype())));
        Self { gamma: ones(width, device), beta, epsilon }
    }

    /// Takes `NAME.weight` and `NAME.bias`, or `NAME.gamma` and `NAME.beta` of old files.
    ///
    /// # Errors
    /// When a tensor is missing, misshapen or not of floating point.
    pub fn take(width: usize, epsilon: f64, name: &str, source: &mut Source<'_, B>) -> Result<Self> {
        let old = source.dict.shape(&format!("{name}.gamma")).is_some();
        let [gamma, beta] = if old { ["gamma", "beta"] } else { ["weight", "bias"] };
        let gamma = source.param(&format!("{name}.{gamma}"), [width])?;
        Ok(Self { gamma, beta: source.param(&format!("{name}.{beta}"), [width])?, epsilon })
    }

    /// Normalises every row.
    ///
    /// # Shapes
    /// x `[N, d]` -> `[N, d]`, in f32 (f64 for [`Precision::F64`])
    pub fn forward(&self, x: Tensor<B, 2>, precision: Precision) -> Tensor<B, 2> {
        let [gamma, beta] = [&self.gamma, &self.beta].map(|p| precision.widen(p.val()).into_primitive().tensor());
        let x = precision.widen(x).into_primitive().tensor();
        Tensor::from_primitive(TensorPrimitive::Float(B::layer_norm(x, gamma, Some(beta), self.epsilon)))
    }
}
