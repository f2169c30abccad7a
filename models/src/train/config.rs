//! What a training run is told: epochs, optimiser, schedule, stopping, weights and precision.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::batches::Batches;
use crate::precision::Precision;
use crate::schedule::{LearningRate, Schedule};
use crate::{ModelError, Result};

/// The optimiser of a training run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// Kingma and Ba, 2015; weight decay is added to the gradient.
    #[default]
    Adam,
    /// Loshchilov and Hutter, 2019; weight decay is applied to the parameter.
    AdamW,
}

impl FromStr for OptimizerKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "adam" => Ok(Self::Adam),
            "adamw" => Ok(Self::AdamW),
            _ => Err(format!("expected adam or adamw, found {text:?}")),
        }
    }
}

/// How much a node of each class counts in the loss.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ClassWeights {
    /// All the same.
    #[default]
    None,
    /// T / (C · T_c) for T training nodes, C classes, T_c training nodes of the class.
    Balanced,
    /// One weight per class.
    Given(Vec<f32>),
}

impl FromStr for ClassWeights {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "balanced" => Ok(Self::Balanced),
            list => {
                let weight = |t: &str| t.trim().parse::<f32>().ok().filter(|w| w.is_finite() && *w >= 0.0);
                let weights: Option<Vec<f32>> = list.split(',').map(weight).collect();
                weights
                    .map(Self::Given)
                    .ok_or_else(|| format!("expected none, balanced or one number >= 0 per class such as 1,2,0.5, found {text:?}"))
            }
        }
    }
}

impl TryFrom<String> for ClassWeights {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for ClassWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Balanced => f.write_str("balanced"),
            Self::Given(weights) => {
                let weights: Vec<String> = weights.iter().map(ToString::to_string).collect();
                f.write_str(&weights.join(","))
            }
        }
    }
}

impl From<ClassWeights> for String {
    fn from(weights: ClassWeights) -> Self {
        weights.to_string()
    }
}

/// The options of one training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Draws the initial weights and the dropout.
    pub seed: u64,
    /// Epochs at most: steps on all nodes, or passes over all batches.
    pub epochs: usize,
    /// The optimiser.
    pub optimizer: OptimizerKind,
    /// The highest learning rate.
    pub lr: f64,
    /// Weight decay; what it means is the optimiser's matter.
    pub weight_decay: f64,
    /// How the learning rate falls.
    pub schedule: Schedule,
    /// Epochs in which the learning rate rises to `lr`.
    pub warmup: usize,
    /// Stop after this many epochs without a better validation accuracy.
    pub patience: Option<usize>,
    /// Scale all gradients down together so that their norm is at most this.
    pub clip: Option<f64>,
    /// How much each class counts.
    pub class_weights: ClassWeights,
    /// The type of the large tensors.
    pub precision: Precision,
    /// What a step reads.
    #[serde(default)]
    pub batches: Batches,
    /// Batches whose gradients are added up before a step.
    #[serde(default = "one")]
    pub accumulate: usize,
    /// Whether the backward pass computes the activations of each layer again instead of keeping them (Chen et al. 2016, arXiv:1604.06174): about one forward pass
    /// more, and of each layer its input is kept alone.
    #[serde(default)]
    pub recompute: bool,
}

fn one() -> usize {
    1
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            epochs: 500,
            optimizer: OptimizerKind::Adam,
            lr: 1e-3,
            weight_decay: 0.0,
            schedule: Schedule::Constant,
            warmup: 0,
            patience: None,
            clip: None,
            class_weights: ClassWeights::None,
            precision: Precision::F32,
            batches: Batches::Full,
            accumulate: 1,
            recompute: false,
        }
    }
}

impl TrainConfig {
    /// Checks the domains.
    ///
    /// # Errors
    /// Names the option, its domain and its value.
    pub fn check(&self) -> Result<()> {
        range("precision", self.precision != Precision::F64, "f32, f16 or bf16 in training", self.precision)?;
        let positive = |v: f64| v.is_finite() && v > 0.0;
        range("epochs", self.epochs > 0, "at least 1", self.epochs)?;
        range("lr", positive(self.lr), "a finite number > 0", self.lr)?;
        let decay_fits = self.weight_decay.is_finite() && self.weight_decay >= 0.0;
        range("weight-decay", decay_fits, "a finite number >= 0", self.weight_decay)?;
        range("warmup", self.warmup < self.epochs, "fewer epochs than the training has", self.warmup)?;
        range("patience", self.patience != Some(0), "at least 1", 0)?;
        range("clip", self.clip.is_none_or(positive), "a finite number > 0", self.clip.unwrap_or_default())?;
        range("accumulate", self.accumulate > 0, "at least 1", self.accumulate)?;
        let adds_up = self.accumulate == 1 || self.batches != Batches::Full;
        range("accumulate", adds_up, "1 without mini-batches (batch-size or clusters)", self.accumulate)?;
        self.batches.check()
    }

    /// The learning rate as a function of the epoch.
    pub fn learning_rate(&self) -> LearningRate {
        LearningRate { base: self.lr, schedule: self.schedule, warmup: self.warmup, epochs: self.epochs }
    }
}

fn range(what: &'static str, holds: bool, expected: &str, found: impl fmt::Display) -> Result<()> {
    if holds { Ok(()) } else { Err(ModelError::option(what, found, expected)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_out_of_their_domain_are_named() {
        let refused = |change: fn(&mut TrainConfig)| {
            let mut config = TrainConfig::default();
            config.check().unwrap();
            change(&mut config);
            config.check().unwrap_err().to_string()
        };
        assert!(refused(|c| c.epochs = 0).contains("epochs"));
        assert!(refused(|c| c.lr = f64::NAN).contains("lr"));
        assert!(refused(|c| c.weight_decay = -1.0).contains("weight-decay"));
        assert!(refused(|c| c.warmup = 500).contains("warmup"));
        assert!(refused(|c| c.patience = Some(0)).contains("patience"));
        assert!(refused(|c| c.clip = Some(0.0)).contains("clip"));
        assert!(refused(|c| c.accumulate = 0).contains("accumulate"));
        assert!(refused(|c| c.accumulate = 2).contains("mini-batches"));
        let neighbours = |size| Batches::Neighbours { size, fanout: "5x5".parse().unwrap() };
        TrainConfig { accumulate: 2, batches: neighbours(7), ..TrainConfig::default() }.check().unwrap();
        let bad = TrainConfig { batches: neighbours(0), ..TrainConfig::default() };
        assert!(bad.check().unwrap_err().to_string().contains("batch-size"));
    }

    #[test]
    fn options_of_before_mini_batches_are_read() {
        let mut json = serde_json::to_value(TrainConfig::default()).unwrap();
        for new in ["batches", "accumulate", "recompute"] {
            assert!(json.as_object_mut().unwrap().remove(new).is_some());
        }
        assert_eq!(serde_json::from_value::<TrainConfig>(json).unwrap(), TrainConfig::default());
        for batches in [Batches::Neighbours { size: 7, fanout: "5xall,all".parse().unwrap() }, Batches::Clusters { parts: 9, per_batch: 2 }]
        {
            let text = serde_json::to_string(&batches).unwrap();
            assert_eq!(serde_json::from_str::<Batches>(&text).unwrap(), batches, "{text}");
        }
    }

    #[test]
    fn class_weights_have_a_text_form() {
        for text in ["none", "balanced", "1,0.5,2"] {
            let weights: ClassWeights = text.parse().unwrap();
            assert_eq!(weights.to_string(), text);
            let json = serde_json::to_string(&weights).unwrap();
            assert_eq!(serde_json::from_str::<ClassWeights>(&json).unwrap(), weights);
        }
        for bad in ["", "1,x", "-1,2", "nan", "inf,1"] {
            assert!(bad.parse::<ClassWeights>().is_err(), "{bad}");
        }
    }
}
