//! What every pass of a HypergraphQL transformer shares beside its parameters.

use hypergraphql_ops::HyperBackend;

use super::config::HypergraphTransformerConfig;
use crate::error::Result;
use crate::precision::Precision;
use crate::transformer::{KvCache, LlamaConfig, LlamaContext};

/// The contexts of the decoder and of the attention by which memory layers make their queries, whose heads are as wide as names.
#[derive(Debug)]
pub struct MemoryContext<B: HyperBackend> {
    /// Of the decoder.
    pub decoder: LlamaContext<B>,
    /// Of the queries.
    pub queries: LlamaContext<B>,
}

/// What the passes of one generation remember.
#[derive(Debug, Clone)]
pub struct MemoryCache<B: HyperBackend> {
    pub(super) decoder: KvCache<B>,
    pub(super) readers: KvCache<B>,
    pub(super) queries: KvCache<B>,
}

impl<B: HyperBackend> MemoryContext<B> {
    /// For a decoder and a memory of these configurations.
    ///
    /// # Errors
    /// When the device lacks the precision, or a rotary embedding is none: widths must be even.
    pub fn new(config: &HypergraphTransformerConfig, base: &LlamaConfig, precision: Precision, device: &B::Device) -> Result<Self> {
        let queries = LlamaConfig { head_dim: config.width, num_hidden_layers: config.blocks.len(), ..base.clone() };
        Ok(Self { decoder: LlamaContext::new(base, precision, device)?, queries: LlamaContext::new(&queries, precision, device)? })
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
        MemoryCache { decoder: self.decoder.cache(), readers: self.queries.cache(), queries: self.queries.cache() }
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
        self.readers.keep(kept)?;
        self.queries.keep(kept)
    }
}
