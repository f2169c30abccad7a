//! The options of a training.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::episodes::{EpisodeOptions, Mix, NameOptions, Schema, Size, Split};
use crate::error::{ModelError, Result};
use crate::graph_memory::loss::LossWeights;
use crate::precision::Precision;
use crate::schedule::{LearningRate, Schedule};
use crate::train::{OptimizerKind, TrainConfig};

/// Steps and learning rate of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageConfig {
    /// Steps of the optimiser.
    pub steps: usize,
    /// The highest learning rate, from which it falls to 0 along half a cosine.
    pub lr: f64,
    /// Steps in which it rises.
    pub warmup: usize,
}

/// How facts are told to the memory: the arms of the protocol are trained again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Told {
    /// As hyperedges.
    #[default]
    Hyperedges,
    /// As the pairs of their members.
    Clique,
    /// As pairs of a node for the fact and each member.
    Star,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hyperedges => "hyperedges",
            Self::Clique => "clique",
            Self::Star => "star",
        })
    }
}

impl FromStr for Told {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let all = [Self::Hyperedges, Self::Clique, Self::Star];
        all.into_iter().find(|told| told.to_string() == text).ok_or_else(|| format!("expected hyperedges, clique or star, found {text:?}"))
    }
}

/// The options of a training, which is a function of them, the schema and the decoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryTrainConfig {
    /// Draws weights, facts and questions.
    pub seed: u64,
    /// Stage 0 trains a decoder from nothing on questions without facts; no steps where one was given.
    pub base: StageConfig,
    /// Stage 1 trains everything else, the decoder being frozen.
    pub memory: StageConfig,
    /// Questions of a step.
    pub questions: usize,
    /// Fewest and most slots of a step's memory; their logarithm is drawn evenly between.
    pub slots: [usize; 2],
    /// Shares of the kinds of answerable questions.
    pub mix: Mix,
    /// Share of questions that no fact answers.
    pub unanswerable: f64,
    /// How the names of steps are made; those of a base that is to be read may be like its own.
    #[serde(default)]
    pub names: NameOptions,
    /// How facts are told.
    pub told: Told,
    /// AdamW's weight decay.
    pub weight_decay: f64,
    /// The norm that gradients are scaled down to.
    pub clip: f64,
    /// The type of activations.
    pub precision: Precision,
    /// The factors of the losses.
    pub losses: LossWeights,
    /// Steps of stage 1 from one evaluation to the next; the last step has one, too.
    pub evaluate_every: usize,
    /// Slots of the evaluation's memory.
    pub evaluation_slots: usize,
    /// Questions of an evaluation.
    pub evaluation_questions: usize,
    /// Evaluations without a better one, after which the training ends.
    pub patience: Option<usize>,
}

impl Default for MemoryTrainConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            base: StageConfig { steps: 400, lr: 2e-3, warmup: 50 },
            memory: StageConfig { steps: 1500, lr: 8e-4, warmup: 100 },
            questions: 64,
            slots: [64, 900],
            mix: Mix { one_hop: 0.4, two_key: 0.25, two_hop: 0.35 },
            unanswerable: 0.2,
            names: NameOptions::default(),
            told: Told::Hyperedges,
            weight_decay: 0.01,
            clip: 1.0,
            precision: Precision::F32,
            losses: LossWeights::default(),
            evaluate_every: 250,
            evaluation_slots: 1000,
            evaluation_questions: 256,
            patience: None,
        }
    }
}

impl MemoryTrainConfig {
    /// Checks the domains.
    ///
    /// # Errors
    /// Names the option.
    pub fn check(&self, schema: &Schema) -> Result<()> {
        let positive = |what, got: usize| if got == 0 { Err(ModelError::option(what, 0, "at least 1")) } else { Ok(()) };
        positive("steps", self.memory.steps)?;
        positive("questions of a step", self.questions)?;
        positive("evaluate-every", self.evaluate_every)?;
        positive("questions of an evaluation", self.evaluation_questions)?;
        let [least, most] = self.slots;
        if least == 0 || least > most {
            return Err(ModelError::option(
                "slots of a step",
                format!("{least} to {most}"),
                "at least 1, the first no more than the second",
            ));
        }
        if self.precision == Precision::F16 {
            return Err(ModelError::option("precision", "f16", "f32 or bf16: steps are not scaled for the range of f16"));
        }
        for (what, weight) in [("retrieval loss", self.losses.retrieval), ("link loss", self.losses.link), ("null loss", self.losses.null)]
        {
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(ModelError::option(what, weight, "a factor of at least 0"));
            }
        }
        self.episodes(schema, least, 0).check()?;
        self.optimizer(self.base).check()?;
        self.optimizer(self.memory).check()
    }

    /// What the optimiser of a stage is made of.
    pub(super) fn optimizer(&self, stage: StageConfig) -> TrainConfig {
        TrainConfig {
            seed: self.seed,
            epochs: stage.steps.max(1),
            optimizer: OptimizerKind::AdamW,
            lr: stage.lr,
            weight_decay: self.weight_decay,
            schedule: Schedule::Cosine,
            warmup: stage.warmup.min(stage.steps.saturating_sub(1)),
            clip: Some(self.clip),
            precision: self.precision,
            ..TrainConfig::default()
        }
    }

    /// The learning rate of a step of a stage.
    pub(super) fn lr(&self, stage: StageConfig, step: usize) -> f64 {
        LearningRate { base: stage.lr, schedule: Schedule::Cosine, warmup: stage.warmup, epochs: stage.steps }.at(step)
    }

    /// What a step's memory of so many slots is drawn by.
    pub(super) fn episodes(&self, schema: &Schema, slots: usize, questions: usize) -> EpisodeOptions {
        let options = EpisodeOptions {
            size: Size::Slots(slots),
            questions,
            mix: self.mix,
            unanswerable: self.unanswerable,
            split: Split::Train,
            names: self.names.clone(),
            ..EpisodeOptions::default()
        };
        options.of_schema(schema)
    }
}
