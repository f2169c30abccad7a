//! Training, full-batch and by mini-batches: options, loss, optimiser, evaluation, and the loop that joins them.

mod batches;
mod config;
mod evaluate;
mod loss;
mod loss_scale;
mod optimizer;
mod outcome;
mod progress;
mod recompute;
mod step;
mod trainer;

pub use batches::Batches;
pub use config::{ClassWeights, OptimizerKind, TrainConfig};
pub use evaluate::{Evaluation, Right, labelled};
pub use loss::Target;
pub use loss_scale::LossScale;
pub(crate) use optimizer::{GradientChange, clip_coefficient, squared_norm};
pub use optimizer::{Moments, Optimizer};
pub use outcome::{Outcome, PartScore};
pub use progress::{Best, EpochRecord, Progress};
pub use step::Watch;
pub use trainer::Trainer;
pub(crate) use trainer::join_moments;
