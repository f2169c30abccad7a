//! HypergraphQL, a GPU-first compute framework for knowledge hypergraphs: ask questions of one, or train a network on it, on a CPU, through
//! Vulkan or on CUDA with the same code. This package is the facade: every crate of the workspace as a module, and a [`prelude`].
//!
//! | module | what it holds |
//! |---|---|
//! | [`framework`] | hypergraphs, data sets, splits, file formats, generators; no GPU |
//! | [`kernels`] | the compute kernels: contract, reference, CPU form, CubeCL form |
//! | [`ops`] | the kernels as differentiable functions on Burn tensors, for every back end |
//! | [`models`] | layers and classifiers as Burn modules |
//! | [`query`] | HyperQL: text, algebra and plans of queries |
//! | [`runtime`] | names of devices, and which can be used here; [`runtime::engine`], which answers queries |
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `cpu` | yes | the back end [`ops::Cpu`]: Burn's Flex tensors with kernels for many cores and wide vectors |
//! | `cli` | yes | the program `hgql`; libraries switch it off by `default-features = false, features = ["cpu"]` |
//! | `vulkan` | | the back end `ops::Vulkan`: any GPU with a Vulkan driver, and Mesa's lavapipe without one |
//! | `cuda` | | the back end `ops::Cuda`: NVIDIA GPUs; builds without CUDA, needs its driver and NVRTC to run |
//! | `metal` | | the back end `ops::Metal`: Apple GPUs |
//! | `fusion` | | Burn's kernel fusion on the GPU back ends |
//!
//! # Example
//!
//! A classifier of five papers by their authors, before any training:
//!
//! ```
//! use hypergraphql::prelude::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Nodes are papers, hyperedges are authors.
//! let authors: [&[u32]; 3] = [&[0, 1, 2], &[1, 3], &[2, 4]];
//! let hypergraph = Hypergraph::from_members(5, authors, Duplicates::Error)?;
//!
//! let device = Default::default();
//! let incidence = Incidence::<Cpu>::new(&hypergraph, &device)?;
//! let words = Tensor::<Cpu, 2>::from_floats([[1., 0., 0.], [0., 1., 0.], [1., 1., 0.], [0., 0., 1.], [1., 0., 1.]], &device);
//! let input = GraphInput::new(incidence, NodeFeatures::Dense(words))?;
//!
//! let network = NodeClassifierConfig::new(LayerKind::Hgnn, 3, 2).with_hidden(8).init::<Cpu>(&device, 42)?;
//! let logits = network.forward(&input, Precision::F32, None)?; // [5 papers, 2 classes]
//! assert_eq!(logits.dims(), [5, 2]);
//! # Ok(())
//! # }
//! ```
//!
//! A question; docs/hyperql.md teaches the language:
//!
//! ```
//! use hypergraphql::framework::store::{AtomSpace, LoadOptions};
//! use hypergraphql::runtime::engine::{Answer, Engine, QueryOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("people.nt");
//! std::fs::write(&file, "<http://example.org/ada> <http://example.org/knows> <http://example.org/grace> .\n")?;
//! let engine = Engine::new(AtomSpace::load(&[file], &LoadOptions::default())?);
//! let answer = engine.query("SELECT ?x { :ada :knows ?x }", &QueryOptions::default())?;
//! let Answer::Solutions(solutions) = answer else { unreachable!("SELECT gives rows") };
//! let rows: Vec<_> = solutions.rows().collect();
//! assert_eq!(rows[0][0].as_ref().map(ToString::to_string).as_deref(), Some("<http://example.org/grace>"));
//! # Ok(())
//! # }
//! ```
//!
//! # Versions
//!
//! Semantic versioning of this package: before 1.0 a minor version may break callers, a patch version does not. `burn` types appear in
//! the interface of [`ops`] and [`models`], so an upgrade of Burn is a minor version; the crates behind the modules have no promise of
//! their own. The oldest Rust that builds it is the `rust-version` of Cargo.toml; raising it is a minor version.

pub use hypergraphql_framework as framework;
pub use hypergraphql_kernels as kernels;
pub use hypergraphql_models as models;
pub use hypergraphql_ops as ops;
pub use hypergraphql_query as query;
pub use hypergraphql_runtime as runtime;

pub mod learned;
pub mod prelude;
pub mod pretrained;

/// The pages whose examples are doc tests.
#[cfg(all(doctest, feature = "cpu"))]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/add-a-layer.md")]
    struct AddALayer;
    #[doc = include_str!("../docs/language-models.md")]
    struct LanguageModels;
    #[doc = include_str!("../docs/pairs.md")]
    struct Pairs;
    #[doc = include_str!("../docs/training.md")]
    struct Training;
}
