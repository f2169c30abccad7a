//! Differentiable hypergraph operations on Burn tensors: `backend` is the narrow waist to the kernels, then one file per op.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails where it panics"))]

mod aliases;
pub mod backend;
mod dtype;
mod error;

mod ids;
mod incidence;
mod index;
mod kernel_config;
mod relations;
mod sparse_matrix;
mod tuning;

mod arguments;

mod aggregate;
mod cross_entropy;
mod dropout;
mod edge_score;
mod flash_attention;
mod gather;
mod hypergraph_attention;
mod hypergraph_conv;
mod knn;
mod linear;
mod memory_attention;
mod quantize;
mod relation_linear;
mod relational;
mod rms_norm;
mod rope;
mod scatter_add;
mod segment_softmax;
mod set_attention;
mod sparse_conv;
mod swap_axes;
mod swiglu;

pub mod verify;

#[cfg(feature = "metal")]
pub use aliases::Metal;
#[cfg(feature = "vulkan")]
pub use aliases::Vulkan;
#[cfg(any(feature = "vulkan", feature = "metal"))]
pub use aliases::WgpuDevice;
#[cfg(feature = "cpu")]
pub use aliases::{Cpu, CpuDevice};
#[cfg(feature = "cuda")]
pub use aliases::{Cuda, CudaDevice};
pub use backend::{DiscreteBackend, HyperBackend, MemoryBackend, Records, RelationBackend, RelationalBackend, Route};
pub use dtype::{burn_dtype, kernel_dtype};
pub use error::{OpError, Result};
pub use ids::{IdTensor, Ids, id_tensor};
pub use incidence::Incidence;
pub use index::Index;
pub use kernel_config::{AttentionKernel, ConfigError, GraphConvKernel, HyperedgeKernel, KernelConfig, RelationKernel};
pub use relations::Relations;
pub use sparse_matrix::SparseMatrix;
pub use tuning::{Measured, Tuning};

pub use aggregate::aggregate;
pub use cross_entropy::{Targets, cross_entropy};
pub use dropout::dropout;
pub use edge_score::edge_score;
pub use flash_attention::{FlashOptions, flash_attention};
pub use gather::gather;
pub use hypergraph_attention::hypergraph_attention;
pub use hypergraph_conv::{BiasPlace, ConvConfig, Normalisation, hypergraph_conv};
pub use knn::knn;
pub use linear::linear;
pub use memory_attention::{MemoryAttention, MemoryOptions, MemorySearch, memory_attention, memory_search};
pub use quantize::{Int8Matrix, dequantize, int8_matmul, quantize};
pub use relation_linear::relation_linear;
pub use relational::{
    compact, distinct, extend, intersect, scan, search_sorted, segment_reduce, sort, sort_by_key, sort_long, top_k, total,
};
pub use rms_norm::rms_norm;
pub use rope::{Rotary, RotaryConfig, RotaryScaling, rope};
pub use scatter_add::scatter_add;
pub use segment_softmax::segment_softmax;
pub use set_attention::{SetAttentionOptions, set_attention};
pub use sparse_conv::sparse_conv;
pub use swap_axes::swap_axes;
pub use swiglu::swiglu;

pub use hypergraphql_kernels::aggregate::Reduce;
pub use hypergraphql_kernels::hypergraph_attention::AttentionConfig;
pub use hypergraphql_kernels::knn::Metric;
pub use hypergraphql_kernels::scatter_add::Scatter;
pub use hypergraphql_kernels::search_sorted::Side;
pub use hypergraphql_kernels::segment_reduce::Fold;
pub use hypergraphql_kernels::sparse_conv::bsr::{BlockRule, BlockSize, Blocking};
pub use hypergraphql_kernels::{DType, Direction, KernelError};
