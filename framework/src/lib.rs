//! Hypergraphs, datasets and their file formats: the nouns of HypergraphQL, without GPU and without Burn.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod components;
pub mod dataset;
pub mod error;
pub mod expand;
pub mod hypergraph;
mod rng;
pub mod splits;
pub mod stats;
pub mod subgraph;

pub use dataset::{Dataset, Features, Labels, Name, Split, SplitSet};
pub use error::{Error, Place, Result};
pub use hypergraph::{Csr, Duplicates, Hypergraph};
