//! Hypergraph networks as Burn modules: `layers` one file each, `classifier` that stacks them, `import` from PyTorch.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod classifier;
pub mod error;
pub mod import;
pub mod input;
pub mod layers;
pub mod precision;

pub use classifier::{DropoutSeed, NodeClassifier, NodeClassifierConfig};
pub use error::{ModelError, Result};
pub use input::{GraphInput, NodeFeatures};
pub use layers::{AttentionMode, LayerKind};
pub use precision::Precision;
