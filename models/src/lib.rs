//! Hypergraph networks as Burn modules: `layers` one file each, `classifier` that stacks them, `import` from PyTorch; then `task`
//! (a dataset made ready), `train` (the loop), `checkpoint`, `metrics`, `schedule` and `memory`. Language: `transformer` (a Llama decoder), `text` (a
//! BERT encoder).
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails where it panics"))]

pub mod checkpoint;
pub mod classifier;
pub mod error;
pub mod import;
pub mod input;
pub mod layers;
pub mod memory;
pub mod metrics;
pub mod precision;
pub mod schedule;
pub mod task;
pub mod text;
pub mod train;
pub mod transformer;

pub use classifier::{DropoutSeed, NodeClassifier, NodeClassifierConfig, Norm};
pub use error::{ModelError, Result};
pub use input::{GraphInput, NodeFeatures};
pub use layers::{AttentionMode, LayerKind};
pub use precision::Precision;
