//! Where a training stands: everything that is not a tensor and that a resumed training needs.

use serde::{Deserialize, Serialize};

use super::TrainConfig;
use super::evaluate::Right;
use super::loss_scale::LossScale;
use crate::precision::Precision;

/// One epoch: a step, or one for each batch, and an evaluation on all parts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: usize,
    /// Mean training loss before the step, with dropout; with mini-batches that of each batch before its step.
    pub loss: f32,
    /// Right predictions after the last step, without dropout.
    pub right: Right,
    /// Whether a step was skipped because a gradient was not finite in f16.
    pub skipped: bool,
}

/// The best epoch so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Best {
    /// From 1.
    pub epoch: usize,
    /// Its right predictions.
    pub right: Right,
}

/// The state of a training besides its tensors.
///
/// Every random number of a training is a function of the seed and the epoch, so there is no generator to store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Epochs done; also the step of the next dropout mask.
    pub epoch: usize,
    /// Labelled nodes of train, validation and test.
    pub totals: [u64; 3],
    /// The best epoch.
    pub best: Option<Best>,
    /// Steps the optimiser has made: fewer than there were where f16 skipped some.
    pub optimizer_steps: usize,
    /// In f16.
    pub loss_scale: Option<LossScale>,
    /// Every epoch done.
    pub curve: Vec<EpochRecord>,
}

impl Progress {
    /// Of a training at its start, with these labelled nodes in train, validation and test.
    pub fn new(config: &TrainConfig, totals: [u64; 3]) -> Self {
        let loss_scale = (config.precision == Precision::F16).then(LossScale::default);
        Self { epoch: 0, totals, best: None, optimizer_steps: 0, loss_scale, curve: Vec::new() }
    }

    /// Whether all epochs are done or patience has run out.
    pub fn is_finished(&self, config: &TrainConfig) -> bool {
        let waited = self.epoch - self.best.map_or(0, |b| b.epoch);
        self.epoch >= config.epochs || config.patience.is_some_and(|p| waited >= p)
    }

    /// Adds an epoch; tells whether it is the best. Without validation nodes the last epoch is.
    pub(super) fn add(&mut self, record: EpochRecord) -> bool {
        self.epoch = record.epoch;
        self.curve.push(record);
        let better = self.totals[1] == 0 || self.best.is_none_or(|b| record.right.0[1] > b.right.0[1]);
        if better {
            self.best = Some(Best { epoch: record.epoch, right: record.right });
        }
        better
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(p: &mut Progress, valid: u64) -> bool {
        p.add(EpochRecord { epoch: p.epoch + 1, loss: 1.0, right: Right([0, valid, 0]), skipped: false })
    }

    #[test]
    fn the_first_of_equal_epochs_is_best_and_patience_counts_from_it() {
        let config = TrainConfig { epochs: 10, patience: Some(3), ..TrainConfig::default() };
        let mut p = Progress::new(&config, [5, 7, 9]);
        let better: Vec<bool> = [3, 5, 5, 4].map(|v| add(&mut p, v)).into();
        assert_eq!(better, [true, true, false, false]);
        assert!(!p.is_finished(&config));
        add(&mut p, 5);
        assert!(p.is_finished(&config), "three epochs after the second");
        assert_eq!(p.best.unwrap().epoch, 2);
    }

    #[test]
    fn without_validation_nodes_the_last_epoch_is_best() {
        let config = TrainConfig { epochs: 2, ..TrainConfig::default() };
        let mut p = Progress::new(&config, [5, 0, 9]);
        assert!(add(&mut p, 0) && add(&mut p, 0));
        assert_eq!(p.best.unwrap().epoch, 2);
        assert!(p.is_finished(&config));
    }
}
