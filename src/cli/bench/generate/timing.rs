//! Runs of a decoder and what they come to.

use std::time::Instant;

use hypergraphql_models::Precision;
use hypergraphql_models::transformer::{Decoder, Llama, LlamaConfig, LlamaContext, LlamaDecoder, TokenBatch};
use hypergraphql_ops::HyperBackend;

use crate::cli::error::CliError;

/// What is read and made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub(super) batch: usize,
    pub(super) prompt: usize,
    pub(super) new: usize,
    pub(super) vocabulary: usize,
    pub(super) seed: u64,
}

/// One run.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// Seconds until the first token of each prompt.
    pub(super) prefill: f64,
    /// Seconds for the others.
    pub(super) decode: f64,
    /// The tokens of each prompt.
    pub(super) tokens: Vec<Vec<u32>>,
}

/// Tokens a second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Speed {
    pub(super) prefill: f64,
    pub(super) decode: f64,
}

impl Sizes {
    /// Random tokens, others for each prompt.
    pub(super) fn prompts(self) -> Vec<Vec<u32>> {
        let token = |b: usize, t: usize| {
            let mut x = self.seed ^ (((b as u64) << 32) | t as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            x = (x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            ((x >> 33) % self.vocabulary as u64) as u32
        };
        (0..self.batch).map(|b| (0..self.prompt).map(|t| token(b, t)).collect()).collect()
    }

    /// Bytes that a step of decoding must read: every parameter once, but of the embedding only the rows of its tokens where there is an output layer beside it,
    /// and the keys and values of half of the new tokens and all of the prompt.
    pub(super) fn step_bytes(self, c: &LlamaConfig, precision: Precision) -> usize {
        let size = precision.dtype().size();
        let table = if c.tie_word_embeddings { 0 } else { c.vocab_size * c.hidden_size };
        let known = self.batch * (self.prompt + self.new / 2);
        let cache = 2 * c.num_hidden_layers * c.num_key_value_heads * c.head_dim * known;
        (c.parameters() as usize - table + self.batch * c.hidden_size + cache) * size
    }
}

impl Speed {
    /// Medians of the runs.
    pub(super) fn of(sizes: Sizes, runs: &[Run]) -> Self {
        let median = |of: fn(&Run) -> f64| {
            let mut all: Vec<f64> = runs.iter().map(of).collect();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        let (read, made) = (sizes.batch * sizes.prompt, sizes.batch * (sizes.new - 1));
        Self { prefill: read as f64 / median(|run| run.prefill), decode: made as f64 / median(|run| run.decode) }
    }
}

/// Reads the prompts and makes `new` tokens of each, the most probable ones.
pub(super) fn run<B: HyperBackend>(model: &Llama<B>, context: &LlamaContext<B>, prompts: &[Vec<u32>], new: usize) -> Result<Run, CliError> {
    let mut decoder = LlamaDecoder::new(model, context);
    let (batch, vocabulary) = (TokenBatch::new(prompts)?, decoder.vocabulary());
    let mut tokens = vec![Vec::with_capacity(new); prompts.len()];
    let start = Instant::now();
    let mut next = best(&decoder.prefill(&batch)?, vocabulary);
    let prefill = start.elapsed().as_secs_f64();
    let start = Instant::now();
    for _ in 1..new {
        tokens.iter_mut().zip(&next).for_each(|(tokens, &token)| tokens.push(token));
        next = best(&decoder.step(next)?, vocabulary);
    }
    let decode = start.elapsed().as_secs_f64();
    tokens.iter_mut().zip(&next).for_each(|(tokens, &token)| tokens.push(token));
    Ok(Run { prefill, decode, tokens })
}

/// The largest logit of each row, of equal ones the first.
fn best(logits: &[f32], vocabulary: usize) -> Vec<u32> {
    let largest = |row: &[f32]| row.iter().enumerate().fold((0, f32::NEG_INFINITY), |m, (i, &x)| if x > m.1 { (i, x) } else { m }).0 as u32;
    logits.chunks(vocabulary).map(largest).collect()
}

/// The part of the tokens that are the same, up to the first that is not in each answer.
pub(super) fn same(a: &[Vec<u32>], b: &[Vec<u32>]) -> f64 {
    let equal: usize = a.iter().zip(b).map(|(a, b)| a.iter().zip(b).take_while(|(a, b)| a == b).count()).sum();
    equal as f64 / a.iter().map(Vec::len).sum::<usize>().max(1) as f64
}
