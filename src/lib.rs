//! HypergraphQL, a GPU-first compute framework for knowledge hypergraphs.

pub use hypergraphql_framework as framework;
pub use hypergraphql_kernels as kernels;
pub use hypergraphql_models as models;
pub use hypergraphql_ops as ops;
pub use hypergraphql_runtime as runtime;
