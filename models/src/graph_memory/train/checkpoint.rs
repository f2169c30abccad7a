//! A HypergraphQL transformer and its training as one safetensors file, replaced as a whole.

use std::path::{Path, PathBuf};

use hypergraphql_ops::HyperBackend;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::config::MemoryTrainConfig;
use super::trainer::{MemoryProgress, MemorySetup};
use crate::checkpoint::{self, FileKind, NamedTensors};
use crate::episodes::Schema;
use crate::graph_memory::{HypergraphTransformer, HypergraphTransformerConfig, Words};
use crate::text::Tokenizer;
use crate::transformer::LlamaConfig;
use crate::{ModelError, Result};

/// The file of a checkpoint in its folder.
pub const FILE: &str = "transformer.safetensors";

/// The parameters of the best evaluation, of the last step, and both moments of the optimiser.
const KIND: FileKind = FileKind {
    head: "hypergraphql.transformer",
    what: "a HypergraphQL transformer, as `hgql train transformer` writes it",
    version: 1,
    parts: &["best/", "current/", "moment_1/", "moment_2/"],
};

/// What is needed to answer and to go on training.
#[derive(Debug, Clone)]
pub struct MemoryCheckpoint {
    /// Where it was read from; empty if it was not.
    pub path: PathBuf,
    /// Schema, tokenizer and sizes.
    pub setup: MemorySetup,
    /// Options of the training.
    pub config: MemoryTrainConfig,
    /// Where the training stands.
    pub progress: MemoryProgress,
    /// Parameters of the best evaluation.
    pub best: NamedTensors,
    /// Parameters of the last step.
    pub current: NamedTensors,
    /// Moments of the optimiser.
    pub moments: [NamedTensors; 2],
}

/// Everything but the tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: u32,
    schema: Schema,
    tokenizer: String,
    start: Option<u32>,
    end: u32,
    base: Value,
    memory: HypergraphTransformerConfig,
    config: MemoryTrainConfig,
    progress: MemoryProgress,
}

impl MemoryCheckpoint {
    /// Writes the file beside its place, synced, and renames it, so that an older one is there until the new one is whole.
    ///
    /// # Errors
    /// When the system refuses; what stood there stands there still.
    pub fn write(&self, path: &Path) -> Result<()> {
        let MemorySetup { schema, words, base, memory } = &self.setup;
        let head = Head {
            version: KIND.version,
            schema: schema.clone(),
            tokenizer: words.tokenizer.to_json()?,
            start: words.start,
            end: words.end,
            base: base.to_json(),
            memory: memory.clone(),
            config: self.config.clone(),
            progress: self.progress.clone(),
        };
        KIND.write(path, &head, &[&self.best, &self.current, &self.moments[0], &self.moments[1]])
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is cut, or is none of this version.
    pub fn read(path: &Path) -> Result<Self> {
        let (head, parts) = KIND.read::<Head>(path)?;
        let [best, current, first, second] = <[NamedTensors; 4]>::try_from(parts).unwrap_or_default();
        let Head { schema, tokenizer, start, end, base, memory, config, progress, .. } = head;
        let (tokenizer, base) = (Tokenizer::from_json(tokenizer.as_bytes(), path)?, LlamaConfig::from_json(&base, path)?);
        memory.check(&base)?;
        config.check(&schema)?;
        tokenizer.check(base.vocab_size)?;
        if let Some(token) = start.into_iter().chain([end]).find(|token| *token as usize >= base.vocab_size) {
            return Err(ModelError::checkpoint(path, format!("tokens below {}", base.vocab_size), token.to_string()));
        }
        let setup = MemorySetup { schema, words: Words { tokenizer, start, end }, base, memory };
        Ok(Self { path: path.to_path_buf(), setup, config, progress, best, current, moments: [first, second] })
    }

    /// The network of the best evaluation.
    ///
    /// # Errors
    /// When the tensors are not those of the network.
    pub fn model<B: HyperBackend>(&self, device: &B::Device) -> Result<HypergraphTransformer<B>> {
        let MemorySetup { base, memory, .. } = &self.setup;
        checkpoint::load(memory.init(base.init(0, device)?, base, 0, device)?, self.best.clone(), &self.path)
    }
}
