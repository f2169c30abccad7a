//! Link prediction on statements with qualifiers: `predictor` (StarE and a transformer), `queries` (statements as questions with their known answers),
//! `ranking` (filtered ranks), `candidates` (what a step compares questions with), `loss`, `train`, `checkpoint`.

mod candidates;
mod checkpoint;
mod decoder;
mod loss;
mod predictor;
mod queries;
mod ranking;
mod train;

pub use checkpoint::{FILE, LinkCheckpoint};
pub use decoder::LinkDecoder;
pub use predictor::{Encoded, LinkConfig, LinkPredictor};
pub use queries::{Answers, Query, Question, queries, questions};
pub use ranking::{RankMetrics, rank};
pub(crate) use train::shuffle;
pub use train::{LinkEpoch, LinkProgress, LinkTrainConfig, LinkTrainer, evaluate, statements};
