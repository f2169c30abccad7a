//! What a finished run is reported by: the scores of the best epoch's model on every part.

use serde::{Deserialize, Serialize};

use super::progress::Best;
use crate::metrics::{ClassScore, Confusion};

/// Scores on one part of a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartScore {
    /// Labelled nodes.
    pub nodes: u64,
    /// Right predictions over all; `None` in an empty part.
    pub accuracy: Option<f64>,
    /// Mean F1 of the classes that occur; `None` in an empty part.
    pub macro_f1: Option<f64>,
    /// Scores of every class.
    pub classes: Vec<ClassScore>,
    /// Class by predicted class.
    pub confusion: Confusion,
}

/// Scores of the model of the best epoch; without validation nodes that is the last one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The epoch, from 1, and its right predictions.
    pub best: Best,
    /// On the training nodes, without dropout.
    pub train: PartScore,
    /// On the validation nodes.
    pub valid: PartScore,
    /// On the test nodes.
    pub test: PartScore,
}

impl From<Confusion> for PartScore {
    fn from(confusion: Confusion) -> Self {
        Self {
            nodes: confusion.total(),
            accuracy: confusion.accuracy(),
            macro_f1: confusion.macro_f1(),
            classes: confusion.classes(),
            confusion,
        }
    }
}
