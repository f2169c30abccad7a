//! The HypergraphQL transformer: a Llama decoder whose memory layers read the hyperedges of a store. `facts` on the host and on a device, the `encoder` that makes slots
//! of them, the memory `layer` between two blocks, which asks by `query` and looks at the `coverage` of what it found, the `copy` head that names a slot's entity, the whole `model` with its `config`, what is
//! asked in a `batch` of questions, the `loss` of a training, a `decoder` for generation, a `reader` that is
//! asked questions, the training in `train`, and the `protocol` that proves what is
//! read.

mod batch;
mod config;
mod context;
mod copy;
mod coverage;
mod decoder;
mod encoder;
mod facts;
mod layer;
mod loss;
mod model;
pub mod protocol;
mod query;
mod reader;
pub mod train;
mod words;

pub use batch::{Asked, QuestionBatch};
pub use config::HypergraphTransformerConfig;
pub use context::{MemoryCache, MemoryContext};
pub use copy::{CopyHead, Names};
pub use coverage::{FactIndex, Missing, Prefix};
pub use decoder::MemoryDecoder;
pub use encoder::{FactEncoder, NameEncoder, NameStates, SlotStates, TokenStates};
pub use facts::{FactGraph, FactList, MAX_ARITY};
pub use layer::{Memory, MemoryLayer, MemoryRead, RowQueries, SlotKeys};
pub use loss::{Asking, LossWeights, Losses};
pub use model::{HypergraphTransformer, Reading};
pub use query::{AskedCache, QueryHead};
pub use reader::{EncodedBase, RECALL, Reader, Score, Scored, Scores};
pub use words::Words;
