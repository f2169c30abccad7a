//! `rope`: rotary position embedding.

use std::f64::consts::TAU;
use std::fmt;

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::KernelError;
use hypergraphql_kernels::rope::{CONTRACT, Turn, angles};

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::error::Result;

/// How the frequencies are stretched for sequences longer than those of training.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum RotaryScaling {
    /// As they are.
    #[default]
    None,
    /// All divided by `factor` (Chen et al. 2023, arXiv:2306.15595).
    Linear {
        /// Divides every frequency.
        factor: f64,
    },
    /// Llama 3: wavelengths over `original_places / low_frequency` are stretched by `factor`, those under
    /// `original_places / high_frequency` stay, and between them it goes smoothly from one to the other.
    Llama3 {
        /// Divides the lowest frequencies.
        factor: f64,
        /// Turns within the original places up to which a frequency is low.
        low_frequency: f64,
        /// Turns within the original places from which on a frequency is high.
        high_frequency: f64,
        /// Places of the training.
        original_places: usize,
    },
}

/// What a rotary embedding is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RotaryConfig {
    /// D, features of a head; even.
    pub width: usize,
    /// Places that there are angles for.
    pub places: usize,
    /// θ of ω_f = θ^(−2f/D).
    pub theta: f64,
    /// Stretches the frequencies.
    pub scaling: RotaryScaling,
}

impl RotaryConfig {
    /// For heads of `width` features and sequences of at most `places`: θ = 10,000, not stretched.
    pub fn new(width: usize, places: usize) -> Self {
        Self { width, places, theta: 10_000.0, scaling: RotaryScaling::None }
    }

    fn check(&self) -> Result<(), KernelError> {
        let refuse = |argument, got: String, expected| Err(KernelError::Option { op: "rope", argument, got, expected });
        let positive = |v: f64| v > 0.0 && v.is_finite();
        if !self.width.is_multiple_of(2) {
            return refuse("width", self.width.to_string(), "an even number");
        }
        if !positive(self.theta) {
            return refuse("theta", self.theta.to_string(), "a positive number");
        }
        match self.scaling {
            RotaryScaling::Linear { factor } | RotaryScaling::Llama3 { factor, .. } if !positive(factor) => {
                refuse("factor", factor.to_string(), "a positive number")
            }
            RotaryScaling::Llama3 { low_frequency: low, high_frequency: high, .. } if !(positive(low) && positive(high) && low < high) => {
                refuse("low_frequency and high_frequency", format!("{low} and {high}"), "0 < low < high")
            }
            RotaryScaling::Llama3 { original_places: 0, .. } => refuse("original_places", "0".to_owned(), "at least 1"),
            _ => Ok(()),
        }
    }

    /// ω_f, radians per place, `[D/2]`.
    pub fn frequencies(&self) -> Vec<f64> {
        let plain = |f: usize| self.theta.powf(-2.0 * f as f64 / self.width as f64);
        (0..self.width / 2).map(plain).map(|w| self.scaling.stretch(w)).collect()
    }
}

impl RotaryScaling {
    fn stretch(self, w: f64) -> f64 {
        match self {
            Self::None => w,
            Self::Linear { factor } => w / factor,
            Self::Llama3 { factor, low_frequency, high_frequency, original_places } => {
                let turns = original_places as f64 * w / TAU;
                let share = ((turns - low_frequency) / (high_frequency - low_frequency)).clamp(0.0, 1.0);
                w / factor * (1.0 - share) + w * share
            }
        }
    }
}

/// The angles of a rotary embedding, on a device; made once, in f64. A clone shares them.
pub struct Rotary<B: HyperBackend> {
    angles: B::Scale,
    config: RotaryConfig,
    device: B::Device,
}

impl<B: HyperBackend> Rotary<B> {
    /// Makes and uploads the angles, `places` times `width` numbers.
    ///
    /// # Errors
    /// A width that is odd, a θ or a scaling that is out of its range, more numbers than 32-bit indices hold.
    pub fn new(config: RotaryConfig, device: &B::Device) -> Result<Self> {
        config.check()?;
        let (got, limit) = (config.places.saturating_mul(config.width), u32::MAX as usize);
        if got > limit {
            return Err(KernelError::TooLarge { what: "angles", got, limit }.into());
        }
        let angles = angles(&config.frequencies(), config.places);
        Ok(Self { angles: B::scale(angles.into(), device), config, device: device.clone() })
    }

    /// What it is made of.
    pub fn config(&self) -> RotaryConfig {
        self.config
    }
}

impl<B: HyperBackend> Clone for Rotary<B> {
    fn clone(&self) -> Self {
        Self { angles: self.angles.clone(), config: self.config, device: self.device.clone() }
    }
}

impl<B: HyperBackend> fmt::Debug for Rotary<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rotary({:?}, {:?})", self.config, self.device)
    }
}

/// Turns the features (f, f + D/2) of row t by (start + t) · ω_f: what makes the product of a query and a key depend on how far apart they
/// are. Halves are paired, as in the files of Hugging Face.
///
/// Su et al., "RoFormer", 2021, arXiv:2104.09864.
///
/// # Shapes
/// x `[…, T, D]`; result likewise.
///
/// # Errors
/// A width or device other than that of the angles, places that they do not cover, fewer than two dimensions, or a type that the device lacks.
pub fn rope<B: HyperBackend, const D: usize>(x: Tensor<B, D>, rotary: &Rotary<B>, start: usize) -> Result<Tensor<B, D>> {
    let RotaryConfig { width, places, .. } = rotary.config;
    let mut expected = [None; D];
    if let Some(last) = expected.last_mut() {
        *last = Some(width);
    }
    Arguments::new("rope", CONTRACT, &rotary.device, "x", &x, expected)?;
    let dims = x.dims();
    let rows = if D < 2 { 1 } else { dims[D - 2] };
    let turn = Turn { places: rows, width, start, back: false };
    turn.check(dims.iter().product(), places * width)?;
    Ok(Tensor::from_primitive(TensorPrimitive::Float(B::rope(x.into_primitive().tensor(), &rotary.angles, turn))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn llama_3_stretches_low_frequencies_alone() {
        let scaling = RotaryScaling::Llama3 { factor: 8.0, low_frequency: 1.0, high_frequency: 4.0, original_places: 8192 };
        let plain = RotaryConfig { width: 128, places: 1, theta: 500_000.0, scaling: RotaryScaling::None };
        let (w, stretched) = (plain.frequencies(), RotaryConfig { scaling, ..plain }.frequencies());
        assert_eq!(stretched[0], w[0]);
        assert_eq!(stretched[63], w[63] / 8.0);
        // The middle, by the formula of Hugging Face's modeling_rope_utils.
        for (&w, &got) in w.iter().zip(&stretched) {
            let wavelength = TAU / w;
            let smooth = (8192.0 / wavelength - 1.0) / 3.0;
            let want = match wavelength {
                long if long > 8192.0 => w / 8.0,
                short if short < 2048.0 => w,
                _ => (1.0 - smooth) * w / 8.0 + smooth * w,
            };
            assert!((got - want).abs() <= 1e-15 * want, "{got} {want}");
        }
    }
}
