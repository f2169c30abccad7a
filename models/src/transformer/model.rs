//! The decoder: embedding, blocks, norm, output layer.

use std::path::Path;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{HyperBackend, Index, gather, rms_norm};

use super::batch::TokenBatch;
use super::block::Block;
use super::cache::KvCache;
use super::config::LlamaConfig;
use super::context::LlamaContext;
use super::projection::{Source, initial, ones, times};
use crate::error::Result;
use crate::import::StateDict;
use crate::layers::WeightStream;
use crate::precision::Precision;

/// A Llama decoder (Touvron et al. 2023, arXiv:2302.13971): tokens to logits of the next one.
///
/// Its pieces are public, so that layers may stand between the blocks: [`embed`](Self::embed), [`blocks`](Self::blocks), [`normalise`](Self::normalise) and
/// [`logits`](Self::logits), or [`hidden`](Self::hidden) with a function that is called before each block. Without a cache all of it has gradients.
#[derive(Module, Debug)]
pub struct Llama<B: Backend> {
    /// E `[V, d]`
    pub embedding: Param<Tensor<B, 2>>,
    /// The blocks, in order.
    pub blocks: Vec<Block<B>>,
    /// Weight of the norm after them, `[d]`.
    pub norm: Param<Tensor<B, 1>>,
    /// Output layer `[V, d]`; E where there is none.
    pub head: Option<Param<Tensor<B, 2>>>,
    /// Added to the mean square by the norm.
    pub epsilon: f64,
}

impl LlamaConfig {
    /// A decoder with weights of standard deviation 0.02 from a seed, the same on every device.
    ///
    /// # Errors
    /// When the sizes do not fit together, or a weight exceeds 2³¹ elements.
    pub fn init<B: Backend>(&self, seed: u64, device: &B::Device) -> Result<Llama<B>> {
        self.check()?;
        let weights = &mut WeightStream::new(seed);
        let shape = [self.vocab_size, self.hidden_size];
        Ok(Llama {
            embedding: initial(shape, device, weights)?,
            blocks: (0..self.num_hidden_layers).map(|_| Block::new(self, device, weights)).collect::<Result<_>>()?,
            norm: ones(self.hidden_size, device),
            head: if self.tie_word_embeddings { None } else { Some(initial(shape, device, weights)?) },
            epsilon: self.rms_norm_eps,
        })
    }
}

impl<B: Backend> Llama<B> {
    /// Reads a Hugging Face folder: `config.json` and `model.safetensors` or its shards. Parameters are kept in the type of `precision`: one to compute in
    /// later, or f32 for a training.
    ///
    /// # Errors
    /// When a file is damaged or of another architecture, or a tensor is missing, left over, misshapen or not of floating point.
    pub fn from_folder(folder: &Path, precision: Precision, device: &B::Device) -> Result<(Self, LlamaConfig)> {
        let config = LlamaConfig::from_folder(folder)?;
        let mut dict = StateDict::open_folder(folder)?;
        let model = Self::take(&config, Source { dict: &mut dict, precision, device })?;
        // Constants of the rotary embedding that old files have, and the output layer beside a tied one.
        dict.ignore(|name| name.ends_with("rotary_emb.inv_freq") || (config.tie_word_embeddings && name == "lm_head.weight"));
        dict.finish()?;
        Ok((model, config))
    }

    /// Takes the tensors of `LlamaForCausalLM`, or of `LlamaModel`, whose names lack `model.`.
    ///
    /// # Errors
    /// When one is missing, misshapen or not of floating point. What is left over shows in [`StateDict::finish`].
    pub fn take(config: &LlamaConfig, mut source: Source<'_, B>) -> Result<Self> {
        let shape = [config.vocab_size, config.hidden_size];
        let prefix = if source.dict.shape("embed_tokens.weight").is_some() { "" } else { "model." };
        let embedding = source.param(&format!("{prefix}embed_tokens.weight"), shape)?;
        let block = |i| Block::take(config, &format!("{prefix}layers.{i}."), &mut source);
        let blocks = (0..config.num_hidden_layers).map(block).collect::<Result<_>>()?;
        let norm = source.param(&format!("{prefix}norm.weight"), [config.hidden_size])?;
        let head = if config.tie_word_embeddings { None } else { Some(source.param("lm_head.weight", shape)?) };
        Ok(Self { embedding, blocks, norm, head, epsilon: config.rms_norm_eps })
    }
}

impl<B: HyperBackend> Llama<B> {
    /// The embeddings of the tokens.
    ///
    /// # Shapes
    /// -> `[N, d]`, in the type of `precision`
    ///
    /// # Errors
    /// When a token is outside the vocabulary.
    pub fn embed(&self, batch: &TokenBatch, precision: Precision) -> Result<Tensor<B, 2>> {
        let table = self.embedding.val();
        let vocabulary = table.dims()[0];
        batch.check_vocabulary(vocabulary)?;
        let index = Index::new(batch.ids(), vocabulary, &table.device())?;
        Ok(precision.cast(gather(table, &index)?)) // [N, d]
    }

    /// The norm after the last block.
    ///
    /// # Shapes
    /// x `[N, d]` -> `[N, d]`
    ///
    /// # Errors
    /// When x is not d wide.
    pub fn normalise(&self, x: Tensor<B, 2>, precision: Precision) -> Result<Tensor<B, 2>> {
        Ok(rms_norm(precision.cast(x), precision.cast(self.norm.val()), self.epsilon)?)
    }

    /// Logits of the token after each row. Where the parameters are kept in half precision the product is in that too, else in f32 (f64 for f64).
    ///
    /// # Shapes
    /// x `[N, d]` -> `[N, V]`, in f32 (f64 for [`Precision::F64`])
    pub fn logits(&self, x: Tensor<B, 2>, precision: Precision) -> Tensor<B, 2> {
        let head = self.head.as_ref().unwrap_or(&self.embedding).val(); // [V, d]
        let half = [Precision::F16, Precision::Bf16].into_iter().find(|half| half.dtype() == head.dtype());
        let by = half.unwrap_or(precision.wide());
        precision.widen(times(by.cast(x), by.cast(head))) // [N, V]
    }

    /// The rows after the last norm. `before` is called with the number of each block and the rows that it is to read, and may change them.
    ///
    /// # Shapes
    /// -> `[N, d]`, in the precision of the context
    ///
    /// # Errors
    /// When a token is outside the vocabulary, a sequence exceeds the context, or the batch does not go on from the cache; errors of `before`.
    pub fn hidden(
        &self,
        batch: &TokenBatch,
        context: &LlamaContext<B>,
        mut cache: Option<&mut KvCache<B>>,
        before: &mut dyn FnMut(usize, Tensor<B, 2>) -> Result<Tensor<B, 2>>,
    ) -> Result<Tensor<B, 2>> {
        let pass = context.pass(batch, cache.as_deref())?;
        let mut x = self.embed(batch, pass.precision)?; // [N, d]
        for (i, block) in self.blocks.iter().enumerate() {
            x = block.forward(before(i, x)?, &pass, cache.as_deref_mut().and_then(|cache| cache.block(i)))?;
        }
        if let Some(cache) = cache {
            cache.advance(batch.groups());
        }
        self.normalise(x, pass.precision)
    }

    /// Logits of the token after each token.
    ///
    /// # Shapes
    /// -> `[N, V]`, in f32 (f64 for [`Precision::F64`])
    ///
    /// # Errors
    /// As [`hidden`](Self::hidden).
    pub fn forward(&self, batch: &TokenBatch, context: &LlamaContext<B>) -> Result<Tensor<B, 2>> {
        let x = self.hidden(batch, context, None, &mut |_, x| Ok(x))?;
        Ok(self.logits(x, context.precision()))
    }

    /// Logits of the token after the last of each sequence.
    ///
    /// # Shapes
    /// -> `[S, V]`, in f32 (f64 for [`Precision::F64`])
    ///
    /// # Errors
    /// As [`hidden`](Self::hidden).
    pub fn next_logits(&self, batch: &TokenBatch, context: &LlamaContext<B>, cache: &mut KvCache<B>) -> Result<Tensor<B, 2>> {
        let x = self.hidden(batch, context, Some(cache), &mut |_, x| Ok(x))?;
        Ok(self.logits(last(x, batch)?, context.precision()))
    }
}

/// The rows of the last token of each sequence, `[N, d]` -> `[S, d]`.
///
/// # Errors
/// When x has other rows than the batch.
pub fn last<B: HyperBackend>(x: Tensor<B, 2>, batch: &TokenBatch) -> Result<Tensor<B, 2>> {
    if batch.sequences() == batch.ids().len() {
        return Ok(x);
    }
    let index = Index::new(&batch.last_rows(), batch.ids().len(), &x.device())?;
    Ok(gather(x, &index)?)
}
