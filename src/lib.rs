//! HypergraphQL, a GPU-first compute framework for knowledge hypergraphs.

pub mod prelude;

pub use hypergraphql_framework as framework;
pub use hypergraphql_kernels as kernels;
pub use hypergraphql_models as models;
pub use hypergraphql_ops as ops;
pub use hypergraphql_runtime as runtime;

/// The pages whose examples are doc tests.
#[cfg(all(doctest, feature = "cpu"))]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/add-a-layer.md")]
    struct AddALayer;
}
