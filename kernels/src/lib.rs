//! Hypergraph kernels. One folder per op: `mod.rs` is the contract, `reference.rs` the definition in plain loops with f64 sums,
//! `host.rs` the CPU form, `cube.rs` the CubeCL form and `launch.rs` the only `unsafe`. Knows nothing of Burn or of datasets.
#![cfg_attr(
    feature = "cube",
    allow(
        clippy::collapsible_if,
        clippy::manual_div_ceil,
        reason = "in `#[cube]` code `&&` does not short-circuit, so that `if`s before an indexed load stay nested, and there is no `div_ceil`"
    )
)]

pub mod csr;
#[cfg(feature = "cube")]
pub mod device;
pub mod element;
pub mod error;

mod dense;
mod exp;
mod half_bits;
mod lanes;
mod row_sum;
mod rows;
mod schedule;
mod simd;

pub mod aggregate;
pub mod compact;
pub mod concat;
pub mod cross_entropy;
pub mod distinct;
pub mod dropout;
pub mod edge_score;
pub mod extend;
pub mod flash_attention;
pub mod gather;
pub mod hypergraph_attention;
pub mod hypergraph_conv;
pub mod int8_matmul;
pub mod intersect;
pub mod knn;
pub mod linear;
pub mod mark;
pub mod memory_attention;
pub mod quantize;
pub mod relation_linear;
pub mod relations;
pub mod rms_norm;
pub mod rope;
pub mod scan;
pub mod scatter_add;
pub mod search_sorted;
pub mod segment_reduce;
pub mod segment_softmax;
pub mod set_attention;
pub mod sort;
pub mod sparse_conv;
pub mod swap_axes;
pub mod swiglu;
pub mod take;
pub mod top_k;

pub use csr::{CsrPair, Direction, View};
pub use element::{Acc, DType, Element};
pub use error::KernelError;
