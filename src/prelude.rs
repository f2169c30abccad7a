//! What most programs need, by one `use hypergraphql::prelude::*`.

pub use burn::tensor::Tensor;

pub use crate::framework::stats::Summary;
pub use crate::framework::{Dataset, Duplicates, Features, Hypergraph, Labels, Split, io, splits};
pub use crate::models::layers::{
    AllDeepSets, AllDeepSetsConfig, AllSetTransformer, AllSetTransformerConfig, EdHnn, EdHnnConfig, GatV2, GatV2Config, Hgnn, HgnnConfig,
    HgnnPlus, HgnnPlusConfig, HypergraphAttention, HypergraphAttentionConfig, HypergraphConv, HypergraphConvConfig, Masks, Pma, PmaConfig,
    RelationalConv, RelationalConvConfig, StarE, StarEConfig, StarENodes, StarENodesConfig, UniGat, UniGatConfig, UniGcn, UniGcnII,
    UniGcnIIConfig, UniGin, UniGnnConfig, UniSage, WeightStream,
};
pub use crate::models::task::{NodeTask, Predictions, TaskConfig, predict};
pub use crate::models::text::{Answer, Bert, BertConfig, BpeOptions, LanguageModel, Overlong, TextEncoder, TextOptions, Tokenizer};
pub use crate::models::train::{TrainConfig, Trainer};
pub use crate::models::transformer::{Finish, GenerateOptions, Llama, LlamaConfig, LlamaContext, LlamaDecoder, SamplingOptions};
pub use crate::models::{FeaturedPairs, Kind, PairGraph, StatementList, Statements, TypedHyperedges, TypedIncidence};
pub use crate::models::{GraphInput, LayerKind, NodeClassifier, NodeClassifierConfig, NodeFeatures, Precision};
#[cfg(feature = "metal")]
pub use crate::ops::Metal;
#[cfg(feature = "vulkan")]
pub use crate::ops::Vulkan;
#[cfg(any(feature = "vulkan", feature = "metal"))]
pub use crate::ops::WgpuDevice;
#[cfg(feature = "cpu")]
pub use crate::ops::{Cpu, CpuDevice};
#[cfg(feature = "cuda")]
pub use crate::ops::{Cuda, CudaDevice};
pub use crate::ops::{Direction, HyperBackend, Incidence, Index, Reduce, SparseMatrix};
pub use crate::ops::{aggregate, gather, hypergraph_attention, hypergraph_conv, scatter_add, sparse_conv};
pub use crate::pretrained::{HypergraphQl, PretrainedOptions};
pub use crate::runtime::{DeviceKind, DeviceSpec};
