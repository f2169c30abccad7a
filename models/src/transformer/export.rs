//! A decoder as a Hugging Face folder.

use std::path::Path;

use burn::tensor::backend::Backend;
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};

use super::config::LlamaConfig;
use super::model::Llama;
use crate::checkpoint::{self, StoredTensor};
use crate::error::{ModelError, Result};
use crate::import::folder::{CONFIG, WEIGHTS};

/// The fields of a block and their names in a file.
const BLOCK: [(&str, &str); 9] = [
    ("attention_norm", "input_layernorm.weight"),
    ("feed_forward_norm", "post_attention_layernorm.weight"),
    ("query", "self_attn.q_proj"),
    ("key", "self_attn.k_proj"),
    ("value", "self_attn.v_proj"),
    ("output", "self_attn.o_proj"),
    ("gate", "mlp.gate_proj"),
    ("up", "mlp.up_proj"),
    ("down", "mlp.down_proj"),
];

impl<B: Backend> Llama<B> {
    /// Writes `config.json` and `model.safetensors` in f32, for [`from_folder`](Self::from_folder), `transformers` and all else that reads Llama. Each
    /// file is written beside its place and renamed.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(&self, config: &LlamaConfig, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder).map_err(ModelError::write(folder))?;
        let tensors: Vec<(String, StoredTensor)> = checkpoint::save(self).into_iter().map(|(path, t)| (name(&path), t)).collect();
        replace(&folder.join(WEIGHTS), |beside| {
            let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, t)| t.values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
            let views = tensors.iter().zip(&bytes);
            let views = views.map(|((name, t), bytes)| Ok((name, TensorView::new(Dtype::F32, t.shape.clone(), bytes)?)));
            serialize_to_file(views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?, None, beside)
        })?;
        replace(&folder.join(CONFIG), |beside| Ok(std::fs::write(beside, format!("{:#}\n", config.to_json()))?))
    }
}

fn replace(path: &Path, write: impl FnOnce(&Path) -> Result<(), safetensors::SafeTensorError>) -> Result<()> {
    let beside = path.with_extension("partial");
    let written = write(&beside).map_err(std::io::Error::other).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(ModelError::write(path))
}

/// The name in a file of the parameter at a path of the module.
fn name(path: &str) -> String {
    match path {
        "embedding" => return "model.embed_tokens.weight".to_owned(),
        "norm" => return "model.norm.weight".to_owned(),
        "head" => return "lm_head.weight".to_owned(),
        _ => {}
    }
    let in_block = || {
        let (number, field) = path.strip_prefix("blocks.")?.split_once('.')?;
        let (field, part) = field.split_once('.').map_or((field, None), |(field, part)| (field, Some(part)));
        let (_, name) = BLOCK.iter().find(|(known, _)| *known == field)?;
        Some(match part {
            Some(part) => format!("model.layers.{number}.{name}.{part}"),
            None => format!("model.layers.{number}.{name}"),
        })
    };
    in_block().unwrap_or_else(|| unreachable!("the decoder has no parameter {path}; this is a bug"))
}
