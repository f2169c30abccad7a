//! The sizes of a BERT encoder, as `config.json` of a Hugging Face folder has them.

use std::path::Path;

use serde_json::Value;

use crate::error::{ModelError, Result};
use crate::import::fields::{Fields, check_sizes};
use crate::import::folder::{self, CONFIG};

/// The function between the two maps of a feed-forward part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// x Φ(x), by the error function (Hendrycks and Gimpel 2016, arXiv:1606.08415).
    Gelu,
    /// max(x, 0)
    Relu,
}

/// Sizes and constants of [`Bert`](super::Bert), under the names of Hugging Face's `BertConfig`.
#[derive(Debug, Clone, PartialEq)]
pub struct BertConfig {
    /// V, tokens.
    pub vocab_size: usize,
    /// d, features of a token.
    pub hidden_size: usize,
    /// Features within the feed-forward part.
    pub intermediate_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// H, heads; divides d.
    pub num_attention_heads: usize,
    /// Longest sequence.
    pub max_position_embeddings: usize,
    /// Kinds of segments.
    pub type_vocab_size: usize,
    /// Added to the variance by the norms.
    pub layer_norm_eps: f64,
    /// Between the two maps of the feed-forward part.
    pub activation: Activation,
}

impl BertConfig {
    /// An encoder of texts of at most 512 tokens in two segments, with GELU.
    pub fn new(vocab_size: usize, hidden_size: usize, intermediate_size: usize, layers: usize, heads: usize) -> Self {
        Self {
            vocab_size,
            hidden_size,
            intermediate_size,
            num_hidden_layers: layers,
            num_attention_heads: heads,
            max_position_embeddings: 512,
            type_vocab_size: 2,
            layer_norm_eps: 1e-12,
            activation: Activation::Gelu,
        }
    }

    /// Reads `config.json` of a folder.
    ///
    /// # Errors
    /// When it cannot be read, is of another architecture, lacks a size, or asks for something that this encoder does not have.
    pub fn from_folder(folder: &Path) -> Result<Self> {
        let path = folder.join(CONFIG);
        Self::from_json(&folder::json(&path)?, &path)
    }

    /// Reads the fields of a `config.json`; `path` is named in errors.
    ///
    /// # Errors
    /// As [`from_folder`](Self::from_folder).
    pub fn from_json(value: &Value, path: &Path) -> Result<Self> {
        let fields = Fields { value, path };
        fields.one_of("model_type", &["bert"])?;
        fields.one_of("position_embedding_type", &["absolute"])?;
        fields.one_of("hidden_act", &["gelu", "relu"])?;
        if fields.flag("is_decoder")? {
            return Err(fields.refuse("is_decoder", true, "false"));
        }
        let relu = fields.get("hidden_act").and_then(Value::as_str) == Some("relu");
        let config = Self {
            vocab_size: fields.size("vocab_size")?,
            hidden_size: fields.size("hidden_size")?,
            intermediate_size: fields.size("intermediate_size")?,
            num_hidden_layers: fields.size("num_hidden_layers")?,
            num_attention_heads: fields.size("num_attention_heads")?,
            max_position_embeddings: fields.optional_size("max_position_embeddings")?.unwrap_or(512),
            type_vocab_size: fields.optional_size("type_vocab_size")?.unwrap_or(2),
            layer_norm_eps: fields.number("layer_norm_eps")?.unwrap_or(1e-12),
            activation: if relu { Activation::Relu } else { Activation::Gelu },
        };
        config.check().map_err(|error| ModelError::checkpoint(path, "sizes that fit together", error.to_string()))?;
        Ok(config)
    }

    /// Checks that the sizes fit together.
    ///
    /// # Errors
    /// Names the size at fault.
    pub fn check(&self) -> Result<()> {
        check_sizes([
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ])?;
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let expected = format!("a divisor of hidden_size, {}", self.hidden_size);
            return Err(ModelError::option("num_attention_heads", self.num_attention_heads, expected));
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps.is_finite()) {
            return Err(ModelError::option("layer_norm_eps", self.layer_norm_eps, "a positive number"));
        }
        Ok(())
    }
}
