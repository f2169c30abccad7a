//! Hypergraphs, datasets and their file formats: the nouns of HypergraphQL, without GPU and without Burn.
//!
//! A [`Hypergraph`] is an incidence matrix held in both orders; a [`Dataset`] adds features, labels, splits and names.
//! Everything that makes something of them is a free function: [`expand`], [`subgraph`], [`components`], [`stats`],
//! [`splits`], [`generate`], [`encodings`], [`sample`], [`links`], [`io`]. An [`AtomSpace`](store::AtomSpace) holds statements about such things for
//! queries.
//!
//! ```
//! use hypergraphql_framework::{Dataset, Duplicates, Hypergraph, Labels, expand, io, splits, stats::Summary};
//!
//! # fn main() -> hypergraphql_framework::Result<()> {
//! // Papers 0..5, hyperedges by author; paper 4 has none.
//! let authors: [&[u32]; 3] = [&[0, 1, 2], &[1, 3], &[2]];
//! let hypergraph = Hypergraph::from_members(5, authors, Duplicates::Error)?;
//! assert_eq!(hypergraph.node_major().row(1), [0, 1]);
//! assert_eq!(hypergraph.edge_major().row(0), [0, 1, 2]);
//!
//! // Every paper that owns no singleton gets one: 0, 1, 3 and 4.
//! let looped = expand::self_loops(&hypergraph, expand::SelfLoops::SkipOwned)?;
//! assert_eq!(looped.hyperedges(), 7);
//! assert_eq!(Summary::of(&looped).isolated_nodes, 0);
//!
//! let mut dataset = Dataset::new("papers", looped);
//! dataset.labels = Some(Labels::all(&[0, 1, 0, 1, 1]));
//! dataset.splits = vec![splits::random(5, [0.5, 0.25, 0.25], 42)?];
//!
//! let file = std::env::temp_dir().join(format!("papers-{}.npz", std::process::id()));
//! io::write(&dataset, &file)?;
//! assert_eq!(io::read(&file)?, dataset);
//! # std::fs::remove_file(file).ok();
//! # Ok(())
//! # }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails where it panics"))]

pub mod components;
pub mod dataset;
pub mod encodings;
pub mod error;
pub mod expand;
pub mod generate;
pub mod hypergraph;
pub mod io;
pub mod links;
mod rng;
pub mod sample;
pub mod splits;
pub mod stats;
pub mod store;
pub mod subgraph;

pub use dataset::{Dataset, Features, Labels, Name, Relations, Split, SplitSet, Tags, synthetic_features};
pub use error::{Error, Place, Result};
pub use hypergraph::{Csr, Duplicates, Hypergraph};
