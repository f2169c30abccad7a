//! A BERT encoder of texts: `config`, the `bert` of embeddings and `layer`s with their `norm`s, `pool` and `embed` that make one vector of a text,
//! `ensemble` that makes one of several; `int8` is the encoder in a quarter of the memory, `classifier` a head
//! with calibrated confidence, `stream` the text of an answer as it grows. With a `tokenizer` they are the `encoder` of texts and the
//! `language` model that answers prompts.

mod bert;
pub mod classifier;
mod config;
mod embed;
mod encoder;
pub mod ensemble;
mod int8;
mod language;
mod layer;
mod norm;
pub mod pool;
mod stream;
mod tokenizer;

pub use bert::Bert;
pub use config::{Activation, BertConfig};
pub use embed::{EmbedOptions, Encoded, Encoder, embed_all, embed_each};
pub use encoder::{Overlong, TextEncoder};
pub use int8::Int8Bert;
pub use language::{Answer, LanguageModel, TextOptions, answer, answer_tokens, end_tokens};
pub use layer::BertLayer;
pub use norm::TokenNorm;
pub use stream::TextStream;
pub use tokenizer::{BpeOptions, TOKENIZER, Tokenizer};
