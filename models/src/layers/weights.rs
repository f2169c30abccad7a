//! Initial parameters from our own stream, so that a seed gives the same network on every backend.

use burn::module::Param;
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::error::{ModelError, Result};

/// Most elements of one parameter: a larger one is a mistyped option, not a network.
const LIMIT: usize = 1 << 31;

/// A stream of initial parameters.
#[derive(Debug, Clone)]
pub struct WeightStream(ChaCha8Rng);

impl WeightStream {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Glorot's uniform distribution U(−r, r), r = √(6 / (rows + columns)) (Glorot and Bengio 2010), in f32.
    ///
    /// # Errors
    /// When a side is 0 or there are more than 2³¹ elements.
    pub fn glorot<B: Backend>(&mut self, shape: [usize; 2], device: &B::Device) -> Result<Param<Tensor<B, 2>>> {
        let r = (6.0 / (shape[0] as f64 + shape[1] as f64)).sqrt();
        self.uniform(shape, r, device)
    }

    /// U(−bound, bound), in f32.
    ///
    /// # Errors
    /// When a side is 0 or there are more than 2³¹ elements.
    pub fn uniform<B: Backend, const D: usize>(
        &mut self,
        shape: [usize; D],
        bound: f64,
        device: &B::Device,
    ) -> Result<Param<Tensor<B, D>>> {
        let len = shape.iter().try_fold(1usize, |len, side| len.checked_mul(*side)).filter(|&n| (1..=LIMIT).contains(&n));
        let Some(len) = len else {
            return Err(ModelError::option("shape of a weight", format!("{shape:?}"), format!("1 to {LIMIT} elements")));
        };
        let r = bound as f32;
        let values: Vec<f32> = (0..len).map(|_| r * (2.0 * self.unit() - 1.0)).collect();
        Ok(Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))))
    }

    /// Uniform in [0, 1), from the upper 24 bits of a word.
    fn unit(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }
}

/// Zeros `[width]` in f32.
pub(crate) fn zeros<B: Backend>(width: usize, device: &B::Device) -> Param<Tensor<B, 1>> {
    Param::from_tensor(Tensor::zeros([width], (device, DType::F32)))
}
