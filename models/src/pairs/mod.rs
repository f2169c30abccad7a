//! Which nodes are connected, and how: `data` (pairs in three parts), `known`, `negatives`, `network` (GATv2 over the training pairs) with its `scorer`,
//! `loss`, `metrics`, `evaluate`, `train`, `checkpoint`; then `trained` (scores of pairs), `inverted_lists` (approximate search) and `finder`, which looks for
//! pairs that are missing.

mod checkpoint;
mod data;
mod evaluate;
mod finder;
mod from_dataset;
mod inverted_lists;
mod known;
mod loss;
mod messages;
mod metrics;
mod negatives;
mod network;
mod scorer;
mod train;
mod trained;

pub use checkpoint::PairCheckpoint;
pub use data::{Connection, LeftOut, OTHER, PairData, PairOptions};
pub use evaluate::{PairEvaluation, PairScores, evaluate};
pub use finder::{CandidateOptions, End, PairFinder, Verification};
pub use inverted_lists::{IndexOptions, InvertedLists};
pub use known::Known;
pub use loss::{PairBatch, PairLosses, PairWeights, losses};
pub use messages::Messages;
pub use metrics::{average_precision, roc_auc};
pub use negatives::{Corruption, Draw};
pub use network::{PairConfig, PairPredictor};
pub use scorer::{PairLogits, PairScorer};
pub use train::{PairEpoch, PairProgress, PairTrainConfig, PairTrainer};
pub use trained::{FoundPair, TrainedPairs};
