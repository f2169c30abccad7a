//! The sizes of a Llama decoder, as `config.json` of a Hugging Face folder has them.

use std::path::Path;

use hypergraphql_ops::{RotaryConfig, RotaryScaling};
use serde_json::{Value, json};

use crate::error::{ModelError, Result};
use crate::import::fields::{Fields, check_sizes};
use crate::import::folder::{self, CONFIG};

/// Sizes and constants of [`Llama`](super::Llama), under the names of Hugging Face's `LlamaConfig`.
#[derive(Debug, Clone, PartialEq)]
pub struct LlamaConfig {
    /// V, tokens.
    pub vocab_size: usize,
    /// d, features of a token.
    pub hidden_size: usize,
    /// Features within the feed-forward part.
    pub intermediate_size: usize,
    /// Blocks.
    pub num_hidden_layers: usize,
    /// H, heads of the queries.
    pub num_attention_heads: usize,
    /// Hk, heads of the keys and values; divides H.
    pub num_key_value_heads: usize,
    /// D, features of a head; even.
    pub head_dim: usize,
    /// Added to the mean square by the norms.
    pub rms_norm_eps: f64,
    /// Longest sequence.
    pub max_position_embeddings: usize,
    /// θ of the rotary embedding.
    pub rope_theta: f64,
    /// How its frequencies are stretched.
    pub rope_scaling: RotaryScaling,
    /// Whether the output layer is the embedding.
    pub tie_word_embeddings: bool,
    /// Whether the four maps of the attention have biases.
    pub attention_bias: bool,
    /// Whether the three maps of the feed-forward part have biases.
    pub mlp_bias: bool,
}

impl LlamaConfig {
    /// A decoder with as many heads for the keys as for the queries, heads of d / H, θ = 10,000, 2048 places, its own output layer and no biases.
    pub fn new(vocab_size: usize, hidden_size: usize, intermediate_size: usize, blocks: usize, heads: usize) -> Self {
        Self {
            vocab_size,
            hidden_size,
            intermediate_size,
            num_hidden_layers: blocks,
            num_attention_heads: heads,
            num_key_value_heads: heads,
            head_dim: hidden_size / heads.max(1),
            rms_norm_eps: 1e-6,
            max_position_embeddings: 2048,
            rope_theta: 10_000.0,
            rope_scaling: RotaryScaling::None,
            tie_word_embeddings: false,
            attention_bias: false,
            mlp_bias: false,
        }
    }

    /// Reads `config.json` of a folder.
    ///
    /// # Errors
    /// When it cannot be read, is of another architecture, lacks a size, or asks for something that this decoder does not have.
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
        fields.one_of("model_type", &["llama"])?;
        fields.one_of("hidden_act", &["silu"])?;
        let (hidden_size, heads) = (fields.size("hidden_size")?, fields.size("num_attention_heads")?);
        let partial = fields.number("partial_rotary_factor")?.unwrap_or(1.0);
        if partial != 1.0 {
            return Err(fields.refuse("partial_rotary_factor", partial, "1"));
        }
        let max_position_embeddings = fields.optional_size("max_position_embeddings")?.unwrap_or(2048);
        let (rope_theta, rope_scaling) = rotary(&fields, max_position_embeddings)?;
        let config = Self {
            vocab_size: fields.size("vocab_size")?,
            hidden_size,
            intermediate_size: fields.size("intermediate_size")?,
            num_hidden_layers: fields.size("num_hidden_layers")?,
            num_attention_heads: heads,
            num_key_value_heads: fields.optional_size("num_key_value_heads")?.unwrap_or(heads),
            head_dim: fields.optional_size("head_dim")?.unwrap_or(hidden_size / heads),
            rms_norm_eps: fields.number("rms_norm_eps")?.unwrap_or(1e-6),
            max_position_embeddings,
            rope_theta,
            rope_scaling,
            tie_word_embeddings: fields.flag("tie_word_embeddings")?,
            attention_bias: fields.flag("attention_bias")?,
            mlp_bias: fields.flag("mlp_bias")?,
        };
        config.check().map_err(|error| ModelError::checkpoint(path, "sizes that fit together", error.to_string()))?;
        Ok(config)
    }

    /// The fields as `config.json` has them.
    pub fn to_json(&self) -> Value {
        let scaling = match self.rope_scaling {
            RotaryScaling::None => Value::Null,
            RotaryScaling::Linear { factor } => json!({"rope_type": "linear", "factor": factor}),
            RotaryScaling::Llama3 { factor, low_frequency, high_frequency, original_places } => json!({
                "rope_type": "llama3", "factor": factor, "low_freq_factor": low_frequency, "high_freq_factor": high_frequency,
                "original_max_position_embeddings": original_places,
            }),
        };
        json!({
            "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
            "vocab_size": self.vocab_size, "hidden_size": self.hidden_size, "intermediate_size": self.intermediate_size,
            "num_hidden_layers": self.num_hidden_layers, "num_attention_heads": self.num_attention_heads,
            "num_key_value_heads": self.num_key_value_heads, "head_dim": self.head_dim, "rms_norm_eps": self.rms_norm_eps,
            "max_position_embeddings": self.max_position_embeddings, "rope_theta": self.rope_theta, "rope_scaling": scaling,
            "tie_word_embeddings": self.tie_word_embeddings, "attention_bias": self.attention_bias, "mlp_bias": self.mlp_bias,
        })
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
            ("num_key_value_heads", self.num_key_value_heads),
            ("head_dim", self.head_dim),
            ("max_position_embeddings", self.max_position_embeddings),
        ])?;
        if !self.num_attention_heads.is_multiple_of(self.num_key_value_heads) {
            let expected = format!("a divisor of num_attention_heads, {}", self.num_attention_heads);
            return Err(ModelError::option("num_key_value_heads", self.num_key_value_heads, expected));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(ModelError::option("head_dim", self.head_dim, "an even number"));
        }
        if !(self.rms_norm_eps > 0.0 && self.rms_norm_eps.is_finite()) {
            return Err(ModelError::option("rms_norm_eps", self.rms_norm_eps, "a positive number"));
        }
        Ok(())
    }

    /// The rotary embedding of `places`.
    pub fn rotary(&self, places: usize) -> RotaryConfig {
        RotaryConfig { width: self.head_dim, places, theta: self.rope_theta, scaling: self.rope_scaling }
    }

    /// Parameters of the network; an embedding that is the output layer too counts once.
    pub fn parameters(&self) -> u64 {
        let [v, d, inner, blocks, h, kv, width] = [
            self.vocab_size,
            self.hidden_size,
            self.intermediate_size,
            self.num_hidden_layers,
            self.num_attention_heads,
            self.num_key_value_heads,
            self.head_dim,
        ]
        .map(|size| size as u64);
        let attention = 2 * d * width * (h + kv) + if self.attention_bias { width * (h + 2 * kv) + d } else { 0 };
        let feed_forward = 3 * d * inner + if self.mlp_bias { 2 * inner + d } else { 0 };
        let ends = if self.tie_word_embeddings { v * d } else { 2 * v * d };
        ends + d + blocks * (attention + feed_forward + 2 * d)
    }
}

/// θ and the scaling: `rope_parameters` of transformers 5, or `rope_theta` and `rope_scaling` of 4.
fn rotary(fields: &Fields<'_>, places: usize) -> Result<(f64, RotaryScaling)> {
    let theta = fields.number("rope_theta")?.unwrap_or(10_000.0);
    let Some((name, value)) = ["rope_parameters", "rope_scaling"].into_iter().find_map(|name| Some((name, fields.get(name)?))) else {
        return Ok((theta, RotaryScaling::None));
    };
    if !value.is_object() {
        return Err(fields.refuse(name, value, "an object"));
    }
    let scaling = Fields { value, path: fields.path };
    let theta = scaling.number("rope_theta")?.unwrap_or(theta);
    let must = |field: &str| scaling.number(field)?.ok_or_else(|| fields.refuse(&format!("{name}.{field}"), "no such field", "there"));
    let kind = scaling.get("rope_type").or_else(|| scaling.get("type")).and_then(Value::as_str).unwrap_or("default");
    let scaling = match kind {
        "default" => RotaryScaling::None,
        "linear" => RotaryScaling::Linear { factor: must("factor")? },
        "llama3" => RotaryScaling::Llama3 {
            factor: must("factor")?,
            low_frequency: must("low_freq_factor")?,
            high_frequency: must("high_freq_factor")?,
            original_places: scaling.optional_size("original_max_position_embeddings")?.unwrap_or(places),
        },
        other => return Err(fields.refuse(&format!("{name}.rope_type"), other, "default, linear or llama3")),
    };
    Ok((theta, scaling))
}
