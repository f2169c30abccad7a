//! Hugging Face folders with weights of the tests' own.

use std::collections::BTreeMap;
use std::path::Path;

use hypergraphql_models::text::BertConfig;
use hypergraphql_models::transformer::LlamaConfig;
use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize};
use serde_json::{Value, json};

/// A matrix or vector in f64, every value of which f32 holds exactly.
#[derive(Debug, Clone)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

pub(crate) type Arrays = BTreeMap<String, Array>;

/// A repeatable value in (−1, 1) for element i of a tensor, of few bits.
fn noise(name: &str, i: usize) -> f64 {
    let mut x = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |x, b| (x ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    x = (x ^ i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    f64::from((x >> 44) as u32) / f64::from(1 << 19) - 1.0
}

/// Norms near 1, all else of this width.
fn array(name: &str, shape: &[usize], width: f64) -> Array {
    let norm = name.ends_with("norm.weight") || name.ends_with("LayerNorm.weight");
    let value = |i| if norm { 1.0 + 0.25 * noise(name, i) } else { width * noise(name, i) };
    Array { shape: shape.into(), values: (0..shape.iter().product()).map(value).collect() }
}

/// 35 tokens, heads of 6 that share keys by twos, biases everywhere.
pub(crate) fn llama_config() -> LlamaConfig {
    let config = LlamaConfig::new(35, 20, 28, 2, 4);
    LlamaConfig { num_key_value_heads: 2, head_dim: 6, attention_bias: true, mlp_bias: true, max_position_embeddings: 40, ..config }
}

/// Random weights of a decoder.
pub(crate) fn llama(c: &LlamaConfig) -> Arrays {
    let (d, f, q, kv) = (c.hidden_size, c.intermediate_size, c.num_attention_heads * c.head_dim, c.num_key_value_heads * c.head_dim);
    let mut shapes = vec![("model.embed_tokens.weight".to_owned(), vec![c.vocab_size, d]), ("model.norm.weight".to_owned(), vec![d])];
    if !c.tie_word_embeddings {
        shapes.push(("lm_head.weight".to_owned(), vec![c.vocab_size, d]));
    }
    for i in 0..c.num_hidden_layers {
        let mut add = |name: &str, shape: &[usize]| shapes.push((format!("model.layers.{i}.{name}"), shape.to_vec()));
        add("input_layernorm.weight", &[d]);
        add("post_attention_layernorm.weight", &[d]);
        let attention = [("q", [q, d]), ("k", [kv, d]), ("v", [kv, d]), ("o", [d, q])];
        let feed_forward = [("gate", [f, d]), ("up", [f, d]), ("down", [d, f])];
        let attention = attention.map(|(name, shape)| (format!("self_attn.{name}_proj"), shape, c.attention_bias));
        let feed_forward = feed_forward.map(|(name, shape)| (format!("mlp.{name}_proj"), shape, c.mlp_bias));
        for (name, shape, bias) in attention.into_iter().chain(feed_forward) {
            add(&format!("{name}.weight"), &shape);
            if bias {
                add(&format!("{name}.bias"), &shape[..1]);
            }
        }
    }
    shapes.into_iter().map(|(name, shape)| (name.clone(), array(&name, &shape, 0.5))).collect()
}

/// 29 tokens, three heads of 5, two layers.
pub(crate) fn bert_config() -> BertConfig {
    BertConfig { max_position_embeddings: 11, type_vocab_size: 3, layer_norm_eps: 1e-5, ..BertConfig::new(29, 15, 22, 2, 3) }
}

/// Random weights of an encoder.
pub(crate) fn bert(c: &BertConfig) -> Arrays {
    let (d, f) = (c.hidden_size, c.intermediate_size);
    let mut shapes = vec![
        ("embeddings.word_embeddings.weight".to_owned(), vec![c.vocab_size, d]),
        ("embeddings.position_embeddings.weight".to_owned(), vec![c.max_position_embeddings, d]),
        ("embeddings.token_type_embeddings.weight".to_owned(), vec![c.type_vocab_size, d]),
        ("embeddings.LayerNorm.weight".to_owned(), vec![d]),
        ("embeddings.LayerNorm.bias".to_owned(), vec![d]),
    ];
    for i in 0..c.num_hidden_layers {
        let attention = ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"];
        let attention = attention.map(|name| (name, vec![d, d]));
        let rest = [("intermediate.dense", vec![f, d]), ("output.dense", vec![d, f])];
        let norms = [("attention.output.LayerNorm", vec![d]), ("output.LayerNorm", vec![d])];
        for (name, shape) in attention.into_iter().chain(rest).chain(norms) {
            shapes.push((format!("encoder.layer.{i}.{name}.bias"), vec![shape[0]]));
            shapes.push((format!("encoder.layer.{i}.{name}.weight"), shape));
        }
    }
    shapes.into_iter().map(|(name, shape)| (name.clone(), array(&name, &shape, 0.5))).collect()
}

/// The bytes of a safetensors file in f32.
pub(crate) fn safetensors(arrays: &Arrays) -> Vec<u8> {
    let bytes = |a: &Array| a.values.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect::<Vec<u8>>();
    let data: Vec<(&String, &Array, Vec<u8>)> = arrays.iter().map(|(name, a)| (name, a, bytes(a))).collect();
    serialize(data.iter().map(|(name, a, bytes)| (*name, TensorView::new(Dtype::F32, a.shape.clone(), bytes).unwrap())), None).unwrap()
}

/// Writes `config.json` and `model.safetensors`.
pub(crate) fn write(folder: &Path, config: &Value, arrays: &Arrays) {
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    std::fs::write(folder.join("model.safetensors"), safetensors(arrays)).unwrap();
}

/// Writes two files and their index.
pub(crate) fn write_shards(folder: &Path, config: &Value, arrays: &Arrays) {
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let (mut halves, mut map) = ([Arrays::new(), Arrays::new()], BTreeMap::new());
    for (i, (name, array)) in arrays.iter().enumerate() {
        halves[i % 2].insert(name.clone(), array.clone());
        map.insert(name.clone(), shard(i % 2));
    }
    for (i, half) in halves.iter().enumerate() {
        std::fs::write(folder.join(shard(i)), safetensors(half)).unwrap();
    }
    let index = json!({"metadata": {"total_size": 1}, "weight_map": map});
    std::fs::write(folder.join("model.safetensors.index.json"), index.to_string()).unwrap();
}

/// The name of a file of two.
pub(crate) fn shard(i: usize) -> String {
    format!("model-0000{}-of-00002.safetensors", i + 1)
}

/// The `config.json` of an encoder.
pub(crate) fn bert_json(c: &BertConfig) -> Value {
    json!({
        "model_type": "bert", "hidden_act": "gelu", "vocab_size": c.vocab_size, "hidden_size": c.hidden_size,
        "intermediate_size": c.intermediate_size, "num_hidden_layers": c.num_hidden_layers, "num_attention_heads": c.num_attention_heads,
        "max_position_embeddings": c.max_position_embeddings, "type_vocab_size": c.type_vocab_size, "layer_norm_eps": c.layer_norm_eps,
    })
}
