//! What most programs need, in one `use`.

pub use crate::framework::stats::Summary;
pub use crate::framework::{Dataset, Duplicates, Features, Hypergraph, Labels, Name, Split, io, splits};
pub use crate::models::layers::{
    Hgnn, HgnnConfig, HgnnPlus, HgnnPlusConfig, HypergraphAttention, HypergraphAttentionConfig, HypergraphConv, HypergraphConvConfig,
    WeightStream,
};
pub use crate::models::task::{NodeTask, Predictions, TaskConfig, predict};
pub use crate::models::train::{TrainConfig, Trainer};
pub use crate::models::{AttentionMode, DropoutSeed, GraphInput, LayerKind, NodeClassifier, NodeClassifierConfig, NodeFeatures, Precision};
#[cfg(feature = "metal")]
pub use crate::ops::Metal;
#[cfg(feature = "vulkan")]
pub use crate::ops::Vulkan;
#[cfg(any(feature = "vulkan", feature = "metal"))]
pub use crate::ops::WgpuDevice;
pub use crate::ops::{
    AttentionConfig, BiasPlace, ConvConfig, Direction, HyperBackend, Incidence, Index, Normalisation, Reduce, Scatter, SparseMatrix,
    aggregate, dropout, edge_score, gather, hypergraph_attention, hypergraph_conv, scatter_add, segment_softmax, sparse_conv,
};
#[cfg(feature = "cpu")]
pub use crate::ops::{Cpu, CpuDevice};
#[cfg(feature = "cuda")]
pub use crate::ops::{Cuda, CudaDevice};
