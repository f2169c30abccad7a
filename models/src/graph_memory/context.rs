//! What every pass of a HypergraphQL transformer shares beside its parameters.

use hypergraphql_ops::HyperBackend;

use super::config::HypergraphTransformerConfig;
use super::query::AskedCache;
use crate::error::Result;
use crate::precision::Precision;
use crate::transformer::{KvCache, LlamaConfig, LlamaContext};

/// The context of the decoder, which the readers of memory layers share, and how many of these there are.
#[derive(Debug)]
pub struct MemoryContext<B: HyperBackend> {
    /// Of the decoder.
    pub decoder: LlamaContext<B>,
    layers: usize,
}

/// What the passes of one generation remember.
#[derive(Debug, Clone)]
pub struct MemoryCache<B: HyperBackend> {
    pub(super) decoder: KvCache<B>,
    pub(super) readers: KvCache<B>,
    pub(super) asked: AskedCache<B>,
}

impl<B: HyperBackend> MemoryContext<B> {
    /// For a decoder and a memory of these configurations.
    ///
    /// # Errors
    /// When the device lacks the precision, or the rotary embedding is none.
    pub fn new(config: &HypergraphTransformerConfig, base: &LlamaConfig, precision: Precision, device: &B::Device) -> Result<Self> {
        Ok(Self { decoder: LlamaContext::new(base, precision, device)?, layers: config.blocks.len() })
    }

    /// The type of activations.
    pub fn precision(&self) -> Precision {
        self.decoder.precision()
    }

    /// Where the network runs.
    pub fn device(&self) -> &B::Device {
        self.decoder.device()
    }

    /// A cache that has read nothing.
    pub fn cache(&self) -> MemoryCache<B> {
        MemoryCache { decoder: self.decoder.cache(), readers: KvCache::new(self.layers), asked: AskedCache::new(self.layers) }
    }
}

impl<B: HyperBackend> MemoryCache<B> {
    /// Number of sequences of each group.
    pub fn sequences(&self) -> Vec<usize> {
        self.decoder.sequences()
    }

    /// Drops the sequences that are not kept, one flag for each.
    ///
    /// # Errors
    /// When there is another number of flags than of sequences.
    pub fn keep(&mut self, kept: &[bool]) -> Result<()> {
        self.decoder.keep(kept)?;
        // Without a memory nothing has been read by it.
        if self.readers.groups().is_empty() {
            return Ok(());
        }
        self.readers.keep(kept)?;
        self.asked.keep(kept)
    }
}
