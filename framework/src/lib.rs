//! Hypergraphs, datasets and their file formats: the nouns of HypergraphQL, without GPU and without Burn.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod error;
pub mod hypergraph;

pub use error::{Error, Place, Result};
pub use hypergraph::{Csr, Duplicates, Hypergraph};
