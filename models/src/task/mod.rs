//! Node classification: a dataset made ready for a network, and predictions by a trained one.

mod config;
mod node_task;
mod predict;

pub use config::{SyntheticFeatures, TaskConfig};
pub use node_task::NodeTask;
pub use predict::{Predictions, predict};
