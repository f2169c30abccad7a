//! The type a network computes in; its parameters stay in f32.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor};
use hypergraphql_ops::{DType as KernelDType, HyperBackend};
use serde::{Deserialize, Serialize};

use crate::error::{ModelError, Result};

/// The type of activations. Parameters are kept in f32 and rounded in every forward pass; sums and logits are f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// IEEE double, on the CPU only: for comparisons with reference numbers. Logits are f64 too.
    F64,
    /// IEEE single.
    #[default]
    F32,
    /// IEEE half; needs loss scaling in training.
    F16,
    /// bfloat16.
    Bf16,
}

impl Precision {
    /// Burn's name of the type.
    pub const fn dtype(self) -> DType {
        match self {
            Self::F64 => DType::F64,
            Self::F32 => DType::F32,
            Self::F16 => DType::F16,
            Self::Bf16 => DType::BF16,
        }
    }

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }

    /// Rounds (or widens) to the type of activations; free where `x` has it already. Gradients flow back in the type of `x`.
    pub fn cast<B: Backend, const D: usize>(self, x: Tensor<B, D>) -> Tensor<B, D> {
        if x.dtype() == self.dtype() { x } else { x.cast(self.dtype()) }
    }

    /// The type of layer norms, of the output layer and of logits: f32, or f64 where that is the type of activations.
    pub const fn wide(self) -> Self {
        match self {
            Self::F64 => Self::F64,
            Self::F32 | Self::F16 | Self::Bf16 => Self::F32,
        }
    }

    /// Widens to [`wide`](Self::wide).
    pub fn widen<B: Backend, const D: usize>(self, x: Tensor<B, D>) -> Tensor<B, D> {
        self.wide().cast(x)
    }

    /// Whether the kernels of a device can store the type.
    ///
    /// # Errors
    /// Names the device, the type and the nearest alternative.
    pub fn check<B: HyperBackend>(self, device: &B::Device) -> Result<()> {
        let dtype = match self {
            Self::F64 => KernelDType::F64,
            Self::F32 => KernelDType::F32,
            Self::F16 => KernelDType::F16,
            Self::Bf16 => KernelDType::BF16,
        };
        B::supports(dtype, device).map_err(ModelError::Unsupported)
    }
}

impl Display for Precision {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Precision {
    type Err = ModelError;

    fn from_str(s: &str) -> Result<Self> {
        [Self::F32, Self::F16, Self::Bf16, Self::F64]
            .into_iter()
            .find(|p| p.name() == s)
            .ok_or_else(|| ModelError::option("precision", s, "f32, f16, bf16 or (CPU only) f64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for p in [Precision::F64, Precision::F32, Precision::F16, Precision::Bf16] {
            assert_eq!(p.to_string().parse::<Precision>().unwrap(), p);
            assert_eq!(serde_json::to_string(&p).unwrap(), format!("\"{p}\""));
        }
        assert_eq!("f8".parse::<Precision>().unwrap_err().to_string(), "precision is f8, expected f32, f16, bf16 or (CPU only) f64");
    }
}
