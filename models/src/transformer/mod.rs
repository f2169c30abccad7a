//! A Llama decoder: `config` and `model` of one or many `block`s made of `projection`s and `heads`, the tokens of a pass in a `batch`, what passes share in a `context`,
//! what they remember in a `cache`; `sampling` draws the next token, `generate` repeats it; `export` writes a folder.

mod batch;
mod block;
mod cache;
mod config;
mod context;
mod export;
mod generate;
pub(crate) mod heads;
mod model;
pub(crate) mod projection;
mod sampling;

pub use batch::{Group, TokenBatch};
pub use block::Block;
pub use cache::{BlockCache, KeysValues, KvCache};
pub use config::LlamaConfig;
pub use context::{LlamaContext, Pass, Span};
pub(crate) use generate::host;
pub use generate::{Decoder, Emitted, Evidence, Finish, GenerateOptions, Generated, LlamaDecoder, generate};
pub use model::{Llama, last};
pub use projection::{Projection, Source};
pub use sampling::{Sampler, SamplingOptions};
