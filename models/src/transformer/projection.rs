//! A linear map in the layout of language models.

use burn::module::{Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use hypergraphql_ops::{HyperBackend, linear};

use crate::error::Result;
use crate::import::StateDict;
use crate::layers::WeightStream;
use crate::precision::Precision;

/// Standard deviation of initial weights, that of Hugging Face.
const DEVIATION: f64 = 0.02;

/// `y = x Wᵀ + b`, with W as PyTorch stores it: a row per output, so that one row of x meets whole rows.
#[derive(Module, Debug)]
pub struct Projection<B: Backend> {
    /// W `[O, I]`
    pub weight: Param<Tensor<B, 2>>,
    /// b `[O]`
    pub bias: Option<Param<Tensor<B, 1>>>,
}

impl<B: Backend> Projection<B> {
    /// From I inputs to O outputs, with the bias zero.
    ///
    /// # Errors
    /// When a size is 0 or the weight exceeds 2³¹ elements.
    pub fn new([inputs, outputs]: [usize; 2], bias: bool, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        let bias = bias.then(|| Param::from_tensor(Tensor::zeros([outputs], (device, Precision::F32.dtype()))));
        Ok(Self { weight: initial([outputs, inputs], device, weights)?, bias })
    }

    /// With Glorot's weights and without a bias: a map that is trained by itself.
    ///
    /// # Errors
    /// When a size is 0 or the weight exceeds 2³¹ elements.
    pub fn glorot([inputs, outputs]: [usize; 2], device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        Ok(Self { weight: weights.glorot([outputs, inputs], device)?, bias: None })
    }

    /// With weights that keep the deviation of what they meet, √3 / √I at most, and without a bias.
    ///
    /// # Errors
    /// When a size is 0 or the weight exceeds 2³¹ elements.
    pub fn spread([inputs, outputs]: [usize; 2], device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        Ok(Self { weight: weights.uniform([outputs, inputs], (3.0 / inputs.max(1) as f64).sqrt(), device)?, bias: None })
    }

    /// Nearly the mean of `copies` equal parts of the inputs, times √copies, and without a bias: W is identities side by side, divided by √copies, and noise of a tenth of
    /// the deviation that keeps lengths. Where the inputs are no such parts, W is Glorot's. What is the same in two places is then near in both from the start.
    ///
    /// # Errors
    /// When a size is 0 or the weight exceeds 2³¹ elements.
    pub fn near_identity([inputs, outputs]: [usize; 2], copies: usize, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        if inputs != copies * outputs {
            return Self::glorot([inputs, outputs], device, weights);
        }
        let noise = weights.uniform::<B, 2>([outputs, inputs], 0.1 * (3.0 / outputs as f64).sqrt(), device)?;
        let identity = Tensor::<B, 2>::eye(outputs, device).cast(Precision::F32.dtype()).div_scalar((copies as f64).sqrt());
        let weight = noise.val() + identity.repeat_dim(1, copies);
        Ok(Self { weight: Param::from_tensor(weight.detach()), bias: None })
    }

    /// Nearly the identity to the first or the `second` half of the outputs, and without a bias; noise as in [`near_identity`](Self::near_identity). Where a half is not
    /// as wide as the inputs, W is Glorot's.
    ///
    /// # Errors
    /// When a size is 0 or the weight exceeds 2³¹ elements.
    pub fn near_half([inputs, outputs]: [usize; 2], second: bool, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        if outputs != 2 * inputs {
            return Self::glorot([inputs, outputs], device, weights);
        }
        let noise = weights.uniform::<B, 2>([outputs, inputs], 0.1 * (3.0 / inputs as f64).sqrt(), device)?;
        let one = Tensor::<B, 2>::eye(inputs, device).cast(Precision::F32.dtype());
        let zero = one.zeros_like();
        let halves = if second { vec![zero, one] } else { vec![one, zero] };
        Ok(Self { weight: Param::from_tensor((noise.val() + Tensor::cat(halves, 0)).detach()), bias: None })
    }

    /// The same map, times a factor.
    #[must_use]
    pub fn scaled(mut self, factor: f64) -> Self {
        self.weight = self.weight.map(|w| w.mul_scalar(factor).detach().require_grad());
        self
    }

    /// Takes `NAME.weight` and, where there is one, `NAME.bias`.
    ///
    /// # Errors
    /// When a tensor is missing, misshapen or not of floating point.
    pub fn take([inputs, outputs]: [usize; 2], bias: bool, name: &str, source: &mut Source<'_, B>) -> Result<Self> {
        let weight = source.param(&format!("{name}.weight"), [outputs, inputs])?;
        let bias = if bias { Some(source.param(&format!("{name}.bias"), [outputs])?) } else { None };
        Ok(Self { weight, bias })
    }
}

impl<B: HyperBackend> Projection<B> {
    /// Applies the map.
    ///
    /// # Shapes
    /// x `[N, I]` -> `[N, O]`, in the type of `precision`
    ///
    /// # Panics
    /// When x is not I wide or on another device.
    pub fn forward(&self, x: Tensor<B, 2>, precision: Precision) -> Tensor<B, 2> {
        let y = times(precision.cast(x), precision.cast(self.weight.val())); // [N, O]
        match &self.bias {
            Some(bias) => y + precision.cast(bias.val()).unsqueeze(),
            None => y,
        }
    }
}

/// x `[N, I]` times the transpose of w `[O, I]`, of one type.
///
/// # Panics
/// When x is not I wide or on another device.
pub(crate) fn times<B: HyperBackend>(x: Tensor<B, 2>, w: Tensor<B, 2>) -> Tensor<B, 2> {
    linear(x, w).expect("rows are as wide as the map that they meet; others are a bug") // [N, O]
}

/// Weights of standard deviation 0.02.
pub(crate) fn initial<B: Backend, const D: usize>(
    shape: [usize; D],
    device: &B::Device,
    weights: &mut WeightStream,
) -> Result<Param<Tensor<B, D>>> {
    weights.uniform(shape, DEVIATION * 3f64.sqrt(), device)
}

/// Ones `[width]` in f32: the weight of a norm that was not trained.
pub(crate) fn ones<B: Backend>(width: usize, device: &B::Device) -> Param<Tensor<B, 1>> {
    Param::from_tensor(Tensor::ones([width], (device, Precision::F32.dtype())))
}

/// Where the parameters of a network come from: tensors of files, the type that they are kept in, and the device.
#[derive(Debug)]
pub struct Source<'a, B: Backend> {
    /// The tensors.
    pub dict: &'a mut StateDict,
    /// The type of the parameters.
    pub precision: Precision,
    /// Where they go.
    pub device: &'a B::Device,
}

impl<B: Backend> Source<'_, B> {
    /// Takes a tensor of this shape as a parameter.
    ///
    /// # Errors
    /// When it is missing, misshapen or not of floating point.
    pub fn param<const D: usize>(&mut self, name: &str, shape: [usize; D]) -> Result<Param<Tensor<B, D>>> {
        let data: TensorData = self.dict.take_as(name, &shape, self.precision)?;
        Ok(Param::from_tensor(Tensor::from_data(data, (self.device, self.precision.dtype()))))
    }
}
