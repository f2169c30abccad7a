//! What is checked before anything is timed.

use std::ops::ControlFlow;

use hypergraphql_models::Result as ModelResult;
use hypergraphql_models::transformer::{Decoder, GenerateOptions, Llama, LlamaContext, LlamaDecoder, TokenBatch, generate};
use hypergraphql_ops::HyperBackend;

use super::timing::Sizes;
use crate::cli::error::CliError;

/// Prompts at once, and tokens of each answer.
const BATCH: usize = 32;
const NEW: usize = 6;

/// Least cosine of the logits of half precision and of f32.
const LIKE: f64 = 0.99;

/// A decoder that remembers tokens alone and reads all of them for each new one.
struct Forgetful<'a, B: HyperBackend> {
    model: &'a Llama<B>,
    context: &'a LlamaContext<B>,
    sequences: Vec<Vec<u32>>,
}

impl<B: HyperBackend> Forgetful<'_, B> {
    fn read(&self) -> ModelResult<Vec<f32>> {
        LlamaDecoder::new(self.model, self.context).prefill(&TokenBatch::new(&self.sequences)?)
    }
}

impl<B: HyperBackend> Decoder for Forgetful<'_, B> {
    fn vocabulary(&self) -> usize {
        self.model.embedding.dims()[0]
    }

    fn places(&self) -> usize {
        self.context.places()
    }

    fn prefill(&mut self, prompts: &TokenBatch) -> ModelResult<Vec<f32>> {
        let mut rest = prompts.ids();
        self.sequences.clear();
        for group in prompts.groups() {
            for _ in 0..group.sequences {
                let (sequence, later) = rest.split_at(group.tokens);
                self.sequences.push(sequence.to_vec());
                rest = later;
            }
        }
        self.read()
    }

    fn step(&mut self, tokens: Vec<u32>) -> ModelResult<Vec<f32>> {
        self.sequences.iter_mut().zip(tokens).for_each(|(sequence, token)| sequence.push(token));
        self.read()
    }

    fn keep(&mut self, kept: &[bool]) -> ModelResult<()> {
        let mut flags = kept.iter();
        self.sequences.retain(|_| flags.next().copied().unwrap_or(false));
        Ok(())
    }
}

/// The tokens of every answer, the most probable ones.
fn answers(decoder: &mut dyn Decoder, prompts: &[Vec<u32>]) -> Result<Vec<Vec<u32>>, CliError> {
    let options = GenerateOptions { max_tokens: NEW, ..GenerateOptions::default() };
    let answers = generate(decoder, prompts, &options, &mut |_| ControlFlow::Continue(()))?;
    Ok(answers.into_iter().map(|answer| answer.tokens).collect())
}

/// 32 prompts of several lengths.
fn prompts(vocabulary: usize, seed: u64) -> Vec<Vec<u32>> {
    let sizes = Sizes { batch: BATCH, prompt: 11, new: NEW, vocabulary, seed: seed ^ 0x5eed };
    sizes
        .prompts()
        .into_iter()
        .enumerate()
        .map(|(i, mut prompt)| {
            prompt.truncate(1 + (i * 7 + 3) % 11);
            prompt
        })
        .collect()
}

/// Whether the most probable tokens are the same with and without a cache, and for a prompt alone and among others.
pub(super) fn tokens<B: HyperBackend>(model: &Llama<B>, context: &LlamaContext<B>, seed: u64) -> Result<(), CliError> {
    let prompts = prompts(model.embedding.dims()[0], seed);
    let together = answers(&mut LlamaDecoder::new(model, context), &prompts)?;
    let forgetful = answers(&mut Forgetful { model, context, sequences: Vec::new() }, &prompts)?;
    let alone = |prompt: &Vec<u32>| Ok(answers(&mut LlamaDecoder::new(model, context), std::slice::from_ref(prompt))?.remove(0));
    let alone = prompts.iter().map(alone).collect::<Result<Vec<_>, CliError>>()?;
    for (how, others) in [("without a cache", &forgetful), ("alone", &alone)] {
        if let Some(at) = (0..BATCH).find(|&i| together[i] != others[i]) {
            let message = format!(
                "prompt {at} is answered by the tokens {:?} among {BATCH} with a cache, and {how} by {:?}, so nothing was timed",
                together[at], others[at]
            );
            return Err(CliError::failed(message).with_help("`hgql verify kernels` finds an op that is wrong on this device"));
        }
    }
    tracing::info!("{BATCH} answers of {NEW} tokens are the same with and without a cache, alone and together");
    Ok(())
}

/// Whether the logits in half precision are those of f32, nearly.
pub(super) fn logits<B: HyperBackend>(
    (wide, wide_context): (&Llama<B>, &LlamaContext<B>),
    (narrow, narrow_context): (&Llama<B>, &LlamaContext<B>),
    seed: u64,
) -> Result<(), CliError> {
    let vocabulary = wide.embedding.dims()[0];
    let batch = TokenBatch::new(&prompts(vocabulary, seed))?;
    let a = LlamaDecoder::new(wide, wide_context).prefill(&batch)?;
    let b = LlamaDecoder::new(narrow, narrow_context).prefill(&batch)?;
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    for (at, (a, b)) in a.chunks(vocabulary).zip(b.chunks(vocabulary)).enumerate() {
        let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
        if cosine.is_nan() || cosine < LIKE {
            let message = format!("the logits of prompt {at} in {} have cosine {cosine:.4} to those of f32", narrow_context.precision());
            return Err(CliError::failed(format!("{message}, expected at least {LIKE}, so nothing was timed")));
        }
    }
    Ok(())
}
