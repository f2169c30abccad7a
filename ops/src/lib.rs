//! Differentiable hypergraph operations on Burn tensors: `backend` is the narrow waist to the kernels, then one file per op.

pub mod backend;

pub use backend::HyperBackend;
