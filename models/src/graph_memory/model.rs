//! The whole network.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_framework::{Duplicates, Hypergraph};
use hypergraphql_ops::{HyperBackend, Incidence, Index, Scatter, gather, scatter_add};

use super::config::HypergraphTransformerConfig;
use super::context::{MemoryCache, MemoryContext};
use super::copy::CopyHead;
use super::coverage::Prefix;
use super::encoder::{FactEncoder, NameEncoder, SlotStates, TokenStates};
use super::facts::FactGraph;
use super::layer::{Memory, MemoryLayer, MemoryRead, RowQueries};
use crate::error::{ModelError, Result};
use crate::layers::WeightStream;
use crate::precision::Precision;
use crate::transformer::{Llama, LlamaConfig, Projection, TokenBatch};

/// A Llama decoder with a memory: facts are encoded into slots, and memory layers between its blocks let the tokens that answer read them. Facts are edited by editing the
/// store; no parameter holds them.
///
/// With closed gates and the copy head off the logits are those of the decoder, to the bit.
#[derive(Module, Debug)]
pub struct HypergraphTransformer<B: Backend> {
    /// The decoder, whose embeddings names are read by.
    pub base: Llama<B>,
    /// What names and queries are made of.
    pub tokens: TokenStates<B>,
    /// The encoder of names.
    pub names: NameEncoder<B>,
    /// The encoder of facts.
    pub facts: FactEncoder<B>,
    /// The memory layers, in order.
    pub layers: Vec<MemoryLayer<B>>,
    /// The copy head.
    pub copy: CopyHead<B>,
    /// W `[d_g, d_g]` of the link prediction that may help the encoder to learn.
    pub link: Projection<B>,
    #[module(skip)]
    config: HypergraphTransformerConfig,
}

impl HypergraphTransformerConfig {
    /// A memory around a decoder, with weights from a seed and closed gates.
    ///
    /// # Errors
    /// Sizes outside their domains.
    pub fn init<B: Backend>(
        &self,
        base: Llama<B>,
        config: &LlamaConfig,
        seed: u64,
        device: &B::Device,
    ) -> Result<HypergraphTransformer<B>> {
        self.check(config)?;
        let weights = &mut WeightStream::new(seed);
        Ok(HypergraphTransformer {
            base,
            tokens: TokenStates::new(self, config.hidden_size, device, weights)?,
            names: NameEncoder::new(self, device, weights)?,
            facts: FactEncoder::new(self, device, weights)?,
            layers: self.blocks.iter().map(|_| MemoryLayer::new(self, config, device, weights)).collect::<Result<_>>()?,
            copy: CopyHead::new(config.hidden_size, device, weights)?,
            link: Projection::glorot([self.width, self.width], device, weights)?,
            config: self.clone(),
        })
    }
}

impl<B: Backend> HypergraphTransformer<B> {
    /// The network with a decoder that does not learn.
    #[must_use]
    pub fn freeze_base(mut self) -> Self {
        self.base = self.base.no_grad();
        self
    }

    /// Sizes and options.
    pub fn config(&self) -> &HypergraphTransformerConfig {
        &self.config
    }
}

/// A memory and the rows of a pass that read it, the others being as without it.
#[derive(Debug)]
pub struct Reading<'a, B: HyperBackend> {
    memory: &'a Memory<B>,
    /// `[n]` over the N rows of the pass.
    rows: Index<B>,
    /// `[n, N]`: the tokens of each row's sequence up to it.
    over: Incidence<B>,
    /// The same tokens, n.
    prefixes: Vec<Prefix>,
    /// Whether they are the last rows of their sequences, in order: a cache remembers these.
    last: bool,
}

impl<'a, B: HyperBackend> Reading<'a, B> {
    /// Of these rows of a batch, rising.
    ///
    /// # Errors
    /// Rows that the batch does not have, or that do not rise.
    pub fn new(memory: &'a Memory<B>, batch: &TokenBatch, rows: &[u32], device: &B::Device) -> Result<Self> {
        let tokens = batch.ids().len();
        if let Some(pair) = rows.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(ModelError::option("rows that read", format!("{} before {}", pair[0], pair[1]), "rising, each once"));
        }
        let index = Index::new(rows, tokens, device)?;
        let last_rows = batch.last_rows();
        let (mut pairs, mut prefixes) = (Vec::new(), Vec::with_capacity(rows.len()));
        for (reader, &row) in (0..).zip(rows) {
            let sequence = last_rows.partition_point(|&last| last < row);
            let start = sequence.checked_sub(1).map_or(0, |before| last_rows[before] + 1);
            pairs.extend((start..=row).map(|token| (reader, token)));
            prefixes.push(Prefix { ids: batch.ids()[start as usize..=row as usize].to_vec(), states: (start..=row).collect() });
        }
        let over = Incidence::new(&Hypergraph::from_pairs(rows.len(), tokens, &pairs, Duplicates::Error)?, device)?;
        Ok(Self { memory, rows: index, over, prefixes, last: rows == last_rows })
    }
}

impl<B: HyperBackend> HypergraphTransformer<B> {
    /// The states of all slots.
    ///
    /// # Errors
    /// When the facts are of another vocabulary.
    pub fn slots(&self, graph: &FactGraph<B>, precision: Precision) -> Result<SlotStates<B>> {
        let u = self.tokens.forward(gather(self.base.embedding.val(), &graph.tokens)?, precision)?; // [T, d_g]
        let names = self.names.forward(u, graph, precision)?;
        self.facts.forward(&names, graph, precision)
    }

    /// Keys and values of the slots of facts for all memory layers.
    ///
    /// # Errors
    /// A type that the device lacks.
    pub fn memory(&self, slots: &SlotStates<B>, graph: &FactGraph<B>, precision: Precision) -> Result<Memory<B>> {
        let layers = self.layers.iter().map(|layer| layer.keys(slots, precision)).collect::<Result<_>>()?;
        Ok(Memory { layers, facts: graph.index.clone() })
    }

    /// Encodes facts.
    ///
    /// # Errors
    /// When the facts are of another vocabulary.
    pub fn encode(&self, graph: &FactGraph<B>, precision: Precision) -> Result<Memory<B>> {
        self.memory(&self.slots(graph, precision)?, graph, precision)
    }

    /// The rows after the last norm; `report` hears what every memory layer read, in order. Without a reading this is the decoder alone.
    ///
    /// # Shapes
    /// -> `[N, d]`, in the precision of the context
    ///
    /// # Errors
    /// As [`Llama::hidden`]; rows of another pass.
    pub fn hidden(
        &self,
        batch: &TokenBatch,
        context: &MemoryContext<B>,
        cache: Option<&mut MemoryCache<B>>,
        reading: Option<&Reading<'_, B>>,
        report: &mut dyn FnMut(MemoryRead<B>),
    ) -> Result<Tensor<B, 2>> {
        let precision = context.precision();
        if cache.is_some() && reading.is_some_and(|reading| !reading.last) {
            return Err(ModelError::option(
                "rows that read",
                "others",
                "the last one of each sequence: a cache remembers what was asked up to them",
            ));
        }
        let (decoder, mut readers, mut asked) = match cache {
            Some(MemoryCache { decoder, readers, asked }) => (Some(decoder), Some(readers), Some(asked)),
            None => (None, None, None),
        };
        let Some(reading) = reading else {
            return self.base.hidden(batch, &context.decoder, decoder, &mut |_, x| Ok(x));
        };
        let pass = context.decoder.pass(batch, readers.as_deref())?;
        let u = self.tokens.forward(self.base.embed(batch, precision)?, precision)?; // [N, d_g]
        let known = asked.as_deref_mut().map(|cache| cache.read(&reading.prefixes));
        let prefixes = known.as_deref().unwrap_or(&reading.prefixes);
        let h = self.base.hidden(batch, &context.decoder, decoder, &mut |block, x| {
            let Some(number) = self.config.blocks.iter().position(|&before| before == block) else { return Ok(x) };
            let (layer, slots) = (&self.layers[number], &reading.memory.layers[number]);
            let seen = layer.reader.forward(x.clone(), &pass, readers.as_deref_mut().and_then(|cache| cache.block(number)))?;
            let normed = layer.query.normed(seen, precision)?; // [N, d]
            let new = [layer.query.sums(normed.clone(), &u, &reading.over, precision)?, layer.gates(normed, precision)];
            let [sums, gates] = match asked.as_deref_mut() {
                Some(cache) => cache.extend(number, new),
                None => new,
            };
            let queries = RowQueries { queries: layer.query.queries(sums, precision)?, gates, prefixes };
            let before = gather(x.clone(), &reading.rows)?; // [n, d]
            let (after, read) = layer.forward(before.clone(), queries, (slots, &reading.memory.facts), self.config.top_k, precision)?;
            report(read);
            Ok(x + scatter_add(after - before, &reading.rows, Scatter::Deterministic)?)
        })?;
        if let Some(cache) = readers {
            cache.advance(batch.groups());
        }
        Ok(h)
    }
}
