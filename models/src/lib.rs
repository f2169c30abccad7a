//! Hypergraph networks as Burn modules: `layers` one file each, `classifier` that stacks them, `import` from PyTorch; then `task`
//! (a dataset made ready), `train` (the loop), `checkpoint`, `metrics`, `schedule` and `memory`. Links: `link` (statements with qualifiers), `pairs` (which two nodes
//! are connected, and how). Language: `transformer` (a Llama decoder), `text` (a
//! BERT encoder), `graph_memory` (the decoder with a memory of facts),
//! `episodes` (knowledge bases and questions drawn for its training and proof).
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails where it panics"))]

pub mod checkpoint;
pub mod classifier;
pub mod episodes;
pub mod error;
pub mod graph_memory;
pub mod import;
pub mod input;
pub mod layers;
pub mod link;
pub mod memory;
pub mod metrics;
mod node_statements;
pub mod pair_graph;
pub mod pairs;
pub mod precision;
pub mod schedule;
pub mod statements;
mod structures;
pub mod task;
pub mod text;
pub mod train;
pub mod transformer;
pub mod typed;

pub use classifier::{DropoutSeed, NodeClassifier, NodeClassifierConfig, Norm};
pub use error::{ModelError, Result};
pub use input::{GraphInput, NodeFeatures};
pub use layers::{AttentionMode, LayerKind};
pub use pair_graph::{FeaturedPairs, Loops, PairGraph};
pub use precision::Precision;
pub use statements::{StatementList, Statements};
pub use typed::{Kind, TypedHyperedges, TypedIncidence, Way};
