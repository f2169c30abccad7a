//! Generation: a prompt, then token after token.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use burn::tensor::{DType, Tensor};
use hypergraphql_ops::HyperBackend;

use super::batch::TokenBatch;
use super::cache::KvCache;
use super::context::LlamaContext;
use super::model::Llama;
use super::sampling::{Sampler, SamplingOptions};
use crate::error::{ModelError, Result};

/// What [`generate`] runs: a network that remembers what it has read. Rows of logits are those of the sequences of the first batch, less those dropped.
pub trait Decoder {
    /// V, tokens of the vocabulary.
    fn vocabulary(&self) -> usize;
    /// Longest sequence.
    fn places(&self) -> usize;
    /// Forgets everything and reads prompts: logits `[S, V]` of the token after each, row-major.
    ///
    /// # Errors
    /// Those of the network.
    fn prefill(&mut self, prompts: &TokenBatch) -> Result<Vec<f32>>;
    /// Reads one more token of each sequence: logits `[S, V]` of the token after it.
    ///
    /// # Errors
    /// Those of the network.
    fn step(&mut self, tokens: Vec<u32>) -> Result<Vec<f32>>;
    /// Drops the sequences that are not kept, one flag for each.
    ///
    /// # Errors
    /// When there is another number of flags than of sequences.
    fn keep(&mut self, kept: &[bool]) -> Result<()>;
    /// What a sequence has read beside its tokens; nothing where there is no memory.
    fn evidence(&self, _row: usize) -> Vec<Evidence> {
        Vec::new()
    }
}

/// A slot of a memory that an answer was read from.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Evidence {
    /// Its number.
    pub slot: u32,
    /// The mean of its weights over the tokens of the answer, 0 to 1.
    pub weight: f64,
}

/// A plain decoder with its cache.
#[derive(Debug)]
pub struct LlamaDecoder<'a, B: HyperBackend> {
    model: &'a Llama<B>,
    context: &'a LlamaContext<B>,
    cache: KvCache<B>,
}

impl<'a, B: HyperBackend> LlamaDecoder<'a, B> {
    /// With an empty cache.
    pub fn new(model: &'a Llama<B>, context: &'a LlamaContext<B>) -> Self {
        Self { model, context, cache: context.cache() }
    }

    /// What it remembers.
    pub fn cache(&self) -> &KvCache<B> {
        &self.cache
    }

    fn read(&mut self, batch: &TokenBatch) -> Result<Vec<f32>> {
        Ok(host(self.model.next_logits(batch, self.context, &mut self.cache)?))
    }
}

impl<B: HyperBackend> Decoder for LlamaDecoder<'_, B> {
    fn vocabulary(&self) -> usize {
        self.model.embedding.dims()[0]
    }

    fn places(&self) -> usize {
        self.context.places()
    }

    fn prefill(&mut self, prompts: &TokenBatch) -> Result<Vec<f32>> {
        self.cache = self.context.cache();
        self.read(prompts)
    }

    fn step(&mut self, tokens: Vec<u32>) -> Result<Vec<f32>> {
        let batch = TokenBatch::step(tokens, &self.cache.sequences())?;
        self.read(&batch)
    }

    fn keep(&mut self, kept: &[bool]) -> Result<()> {
        self.cache.keep(kept)
    }
}

/// Logits on the host, row-major.
pub(crate) fn host<B: HyperBackend>(logits: Tensor<B, 2>) -> Vec<f32> {
    logits.into_data().convert_dtype(DType::F32).into_vec().expect("it was converted to f32; another type is a bug")
}

/// What is generated.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerateOptions {
    /// Most tokens of an answer.
    pub max_tokens: usize,
    /// How tokens are drawn.
    pub sampling: SamplingOptions,
    /// Tokens that end an answer and are no part of it.
    pub end: Vec<u32>,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        Self { max_tokens: 128, sampling: SamplingOptions::default(), end: Vec::new() }
    }
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// The model ended it.
    EndOfText,
    /// It has as many tokens as were asked for.
    MaxTokens,
    /// The prompt and the answer fill the context.
    Context,
    /// The caller wants no more: a stop string was met, say.
    Stopped,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// Its tokens, without the prompt and the token that ended it.
    pub tokens: Vec<u32>,
    /// Why it ended.
    pub finish: Finish,
    /// What it was read from, by falling weight.
    pub evidence: Vec<Evidence>,
}

/// A token of an answer, as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emitted {
    /// The prompt, by number from 0.
    pub sequence: usize,
    /// The token.
    pub token: u32,
}

/// A sequence that goes on.
struct Running {
    sequence: usize,
    length: usize,
    /// Tokens of the prompt and of the answer, for the penalty.
    seen: BTreeSet<u32>,
    tokens: Vec<u32>,
}

/// Answers all prompts at once. `on_token` is called with every token as it is drawn and may end the answer that it belongs to.
///
/// The prompts are read in one pass without padding, so that an answer does not depend on those beside it (but for the last bits of products of other sizes),
/// and its random numbers depend on the number of its prompt alone.
///
/// # Errors
/// No prompt, a prompt that is empty or fills the context, options outside their range, logits that are no numbers; errors of the decoder.
pub fn generate(
    decoder: &mut dyn Decoder,
    prompts: &[Vec<u32>],
    options: &GenerateOptions,
    on_token: &mut dyn FnMut(Emitted) -> ControlFlow<()>,
) -> Result<Vec<Generated>> {
    let (sampler, places, vocabulary) = (Sampler::new(options.sampling)?, decoder.places(), decoder.vocabulary());
    check(prompts, options, places)?;
    // Sequences of one length share one call of attention.
    let mut order: Vec<usize> = (0..prompts.len()).collect();
    order.sort_by_key(|&i| prompts[i].len());
    let batch = TokenBatch::new(&order.iter().map(|&i| prompts[i].as_slice()).collect::<Vec<_>>())?;
    let mut running: Vec<Running> = order.iter().map(|&i| Running::new(i, &prompts[i])).collect();
    let mut done: Vec<Option<Generated>> = vec![None; prompts.len()];
    let mut logits = decoder.prefill(&batch)?;
    loop {
        let mut kept = vec![true; running.len()];
        let mut next = Vec::with_capacity(running.len());
        for (row, sequence) in running.iter_mut().enumerate() {
            let row_logits = &mut logits[row * vocabulary..(row + 1) * vocabulary];
            let token = sampler.next(row_logits, &sequence.seen, sequence.sequence as u64, sequence.tokens.len() as u64)?;
            match sequence.finish(token, options, places, on_token) {
                None => next.push(token),
                Some(finish) => {
                    kept[row] = false;
                    let (tokens, evidence) = (std::mem::take(&mut sequence.tokens), decoder.evidence(row));
                    done[sequence.sequence] = Some(Generated { tokens, finish, evidence });
                }
            }
        }
        if next.is_empty() {
            return Ok(done.into_iter().flatten().collect());
        }
        if next.len() < running.len() {
            decoder.keep(&kept)?;
            let mut flags = kept.iter();
            running.retain(|_| flags.next().copied().unwrap_or(false));
        }
        logits = decoder.step(next)?;
    }
}

fn check(prompts: &[Vec<u32>], options: &GenerateOptions, places: usize) -> Result<()> {
    if options.max_tokens == 0 {
        return Err(ModelError::option("max tokens", 0, "at least 1"));
    }
    if prompts.is_empty() {
        return Err(ModelError::option("number of prompts", 0, "at least 1"));
    }
    for (number, prompt) in prompts.iter().enumerate() {
        let refuse = |expected: String| Err(ModelError::Tokens { what: format!("prompt {number}"), got: prompt.len(), expected });
        match prompt.len() {
            0 => return refuse("at least 1; an empty prompt has nothing to go on from".to_owned()),
            n if n >= places => return refuse(format!("less than {places}, the context of the model; shorten the prompt")),
            _ => {}
        }
    }
    Ok(())
}

impl Running {
    fn new(sequence: usize, prompt: &[u32]) -> Self {
        Self { sequence, length: prompt.len(), seen: prompt.iter().copied().collect(), tokens: Vec::new() }
    }

    /// Takes a token, unless it is an end, and says whether the answer ends with it.
    fn finish(
        &mut self,
        token: u32,
        options: &GenerateOptions,
        places: usize,
        on_token: &mut dyn FnMut(Emitted) -> ControlFlow<()>,
    ) -> Option<Finish> {
        if options.end.contains(&token) {
            return Some(Finish::EndOfText);
        }
        self.tokens.push(token);
        self.seen.insert(token);
        if on_token(Emitted { sequence: self.sequence, token }).is_break() {
            return Some(Finish::Stopped);
        }
        if self.tokens.len() >= options.max_tokens {
            return Some(Finish::MaxTokens);
        }
        (self.length + self.tokens.len() >= places).then_some(Finish::Context)
    }
}
