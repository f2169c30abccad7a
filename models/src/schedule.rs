//! The learning rate of every epoch: constant or cosine, with an optional linear warm-up.

use std::f64::consts::PI;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How the learning rate falls after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// It stays.
    #[default]
    Constant,
    /// It falls to 0 along half a cosine (Loshchilov and Hutter, 2017, without restarts).
    Cosine,
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "constant" => Ok(Self::Constant),
            "cosine" => Ok(Self::Cosine),
            _ => Err(format!("expected constant or cosine, found {text:?}")),
        }
    }
}

/// The learning rate as a function of the epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearningRate {
    /// The highest rate, reached after the warm-up.
    pub base: f64,
    /// How it falls.
    pub schedule: Schedule,
    /// Epochs of the linear rise from base / warmup to base.
    pub warmup: usize,
    /// Epochs in all.
    pub epochs: usize,
}

impl LearningRate {
    /// The rate of `epoch`, counted from 0.
    ///
    /// base · (epoch + 1) / warmup in the warm-up, then base or base · ½(1 + cos(π · done)) where done goes from 0 to 1.
    pub fn at(&self, epoch: usize) -> f64 {
        if epoch < self.warmup {
            return self.base * (epoch + 1) as f64 / self.warmup as f64;
        }
        match self.schedule {
            Schedule::Constant => self.base,
            Schedule::Cosine => {
                let rest = self.epochs.saturating_sub(self.warmup).max(1);
                let done = (epoch - self.warmup) as f64 / rest as f64;
                self.base * 0.5 * (1.0 + (PI * done.min(1.0)).cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_up_then_cosine() {
        let lr = LearningRate { base: 0.1, schedule: Schedule::Cosine, warmup: 4, epochs: 14 };
        assert!((lr.at(0) - 0.025).abs() < 1e-12);
        assert!((lr.at(3) - 0.1).abs() < 1e-12);
        assert!((lr.at(4) - 0.1).abs() < 1e-12);
        assert!((lr.at(9) - 0.05).abs() < 1e-12, "half way is half the rate");
        assert!(lr.at(13) > 0.0 && lr.at(13) < 0.01);
        assert_eq!(lr.at(14), 0.0);
        assert!((4..14).all(|e| lr.at(e) > lr.at(e + 1)));
    }

    #[test]
    fn constant_stays_and_names_parse() {
        let lr = LearningRate { base: 0.1, schedule: Schedule::Constant, warmup: 0, epochs: 5 };
        assert_eq!((lr.at(0), lr.at(400)), (0.1, 0.1));
        assert_eq!("cosine".parse(), Ok(Schedule::Cosine));
        assert!("linear".parse::<Schedule>().unwrap_err().contains("cosine"));
    }
}
