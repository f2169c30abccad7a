//! Prompts to answers as text: a decoder with its tokenizer.

use std::ops::ControlFlow;
use std::path::Path;

use hypergraphql_ops::HyperBackend;
use serde::Deserialize;

use super::stream::TextStream;
use super::tokenizer::Tokenizer;
use crate::error::{ModelError, Result};
use crate::import::folder::{self, CONFIG};
use crate::precision::Precision;
use crate::transformer::{Decoder, Evidence, Finish, GenerateOptions, Llama, LlamaConfig, LlamaContext, LlamaDecoder, generate};

/// The file of a folder that names the tokens which end a text, before its `config.json`.
const GENERATION: &str = "generation_config.json";

/// How text is generated.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TextOptions {
    /// How tokens are drawn; the tokens that end a text are those of the caller.
    pub tokens: GenerateOptions,
    /// Strings that end an answer and are no part of it.
    pub stop: Vec<String>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its text, without the prompt and without the stop string.
    pub text: String,
    /// Its tokens, those of a stop string included.
    pub tokens: Vec<u32>,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Why it ended.
    pub finish: Finish,
    /// What it was read from, by falling weight; nothing without a memory.
    pub evidence: Vec<Evidence>,
}

/// Answers prompts by any decoder, all at once. `on_text` is called with the number of a prompt and the next piece of its answer, as soon as no stop string
/// can take it back, and may end that answer.
///
/// # Errors
/// An empty prompt, a prompt that the tokenizer has no tokens for; errors of [`generate`].
pub fn answer<S: AsRef<str>>(
    decoder: &mut dyn Decoder,
    tokenizer: &Tokenizer,
    prompts: &[S],
    options: &TextOptions,
    on_text: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
) -> Result<Vec<Answer>> {
    // With the token that begins a text an empty prompt would have one.
    let encode = |(number, prompt): (usize, &S)| match prompt.as_ref() {
        "" => Err(ModelError::Tokens { what: format!("prompt {number}"), got: 0, expected: "some text to go on from".to_owned() }),
        text => Ok(tokenizer.encode(text, true)?.tokens),
    };
    let encoded = prompts.iter().enumerate().map(encode).collect::<Result<Vec<_>>>()?;
    answer_tokens(decoder, tokenizer, &encoded, options, on_text)
}

/// [`answer`] for prompts that are tokens.
///
/// # Errors
/// Those of [`generate`], or tokens that are no text.
pub fn answer_tokens(
    decoder: &mut dyn Decoder,
    tokenizer: &Tokenizer,
    encoded: &[Vec<u32>],
    options: &TextOptions,
    on_text: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
) -> Result<Vec<Answer>> {
    let mut streams: Vec<_> = encoded.iter().map(|tokens| TextStream::new(tokens, &options.stop)).collect();
    let mut failed = None;
    let generated = generate(decoder, encoded, &options.tokens, &mut |emitted| {
        let stream = &mut streams[emitted.sequence];
        match stream.push(emitted.token, |tokens| tokenizer.decode(tokens)) {
            Err(error) => {
                failed.get_or_insert(error);
                ControlFlow::Break(())
            }
            Ok(piece) => {
                let flow = if piece.is_empty() { ControlFlow::Continue(()) } else { on_text(emitted.sequence, &piece) };
                if stream.stopped() { ControlFlow::Break(()) } else { flow }
            }
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    let mut answers = Vec::with_capacity(generated.len());
    for (number, ((generated, prompt), mut stream)) in generated.into_iter().zip(encoded).zip(streams).enumerate() {
        let rest = stream.finish(|tokens| tokenizer.decode(tokens))?;
        if !rest.is_empty() {
            // Nothing follows that could be ended.
            let _ = on_text(number, &rest);
        }
        let text = stream.text().to_owned();
        let finish = if stream.stopped() { Finish::Stopped } else { generated.finish };
        answers.push(Answer { text, tokens: generated.tokens, prompt_tokens: prompt.len(), finish, evidence: generated.evidence });
    }
    Ok(answers)
}

/// The tokens that end a text, by `generation_config.json` or `config.json` of a folder; none where neither names one.
///
/// # Errors
/// When a file is there and cannot be read.
pub fn end_tokens(folder: &Path) -> Result<Vec<u32>> {
    #[derive(Deserialize)]
    struct Raw {
        #[serde(default)]
        eos_token_id: Option<Ids>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Ids {
        One(u32),
        Many(Vec<u32>),
    }
    for file in [GENERATION, CONFIG] {
        let path = folder.join(file);
        if !path.is_file() {
            continue;
        }
        match folder::json::<Raw>(&path)?.eos_token_id {
            Some(Ids::One(id)) => return Ok(vec![id]),
            Some(Ids::Many(ids)) => return Ok(ids),
            None => {}
        }
    }
    Ok(Vec::new())
}

/// A plain decoder with everything of its folder: the network, its tokenizer and the tokens that end a text.
#[derive(Debug)]
pub struct LanguageModel<B: HyperBackend> {
    /// The network.
    pub model: Llama<B>,
    /// Its sizes.
    pub config: LlamaConfig,
    /// What its passes share.
    pub context: LlamaContext<B>,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    /// The tokens that end a text.
    pub end: Vec<u32>,
}

impl<B: HyperBackend> LanguageModel<B> {
    /// Reads a Hugging Face folder: `config.json`, `model.safetensors` or its shards, `tokenizer.json` and, where there is one, `generation_config.json`.
    ///
    /// # Errors
    /// As [`Llama::from_folder`] and [`Tokenizer::from_folder`]; a tokenizer of another vocabulary; a precision that the device lacks.
    pub fn from_folder(folder: &Path, precision: Precision, device: &B::Device) -> Result<Self> {
        precision.check::<B>(device)?;
        // What is read quickly first.
        let tokenizer = Tokenizer::from_folder(folder)?;
        tokenizer.check(LlamaConfig::from_folder(folder)?.vocab_size)?;
        let (model, config) = Llama::from_folder(folder, precision, device)?;
        let context = LlamaContext::new(&config, precision, device)?;
        Ok(Self { model, config, context, tokenizer, end: end_tokens(folder)? })
    }

    /// Answers prompts, all at once; see [`answer`].
    ///
    /// # Errors
    /// As [`answer`].
    pub fn generate<S: AsRef<str>>(
        &self,
        prompts: &[S],
        options: &TextOptions,
        on_text: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
    ) -> Result<Vec<Answer>> {
        let mut options = options.clone();
        options.tokens.end.extend(&self.end);
        answer(&mut LlamaDecoder::new(&self.model, &self.context), &self.tokenizer, prompts, &options, on_text)
    }
}
