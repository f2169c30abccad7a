//! What most programs need, by one `use hypergraphql::prelude::*`.

pub use burn::tensor::Tensor;

pub use crate::framework::{Dataset, Duplicates, Features, Hypergraph, Labels, Split};
pub use crate::models::layers::{Hgnn, HgnnPlus, HypergraphAttention, HypergraphConv};
pub use crate::models::{GraphInput, LayerKind, NodeClassifier, NodeClassifierConfig, NodeFeatures, Precision};
#[cfg(feature = "cpu")]
pub use crate::ops::Cpu;
#[cfg(feature = "cuda")]
pub use crate::ops::Cuda;
#[cfg(feature = "metal")]
pub use crate::ops::Metal;
#[cfg(feature = "vulkan")]
pub use crate::ops::Vulkan;
pub use crate::ops::{HyperBackend, Incidence, SparseMatrix};
pub use crate::runtime::{DeviceKind, DeviceSpec};
