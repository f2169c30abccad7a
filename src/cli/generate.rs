//! `hgql generate`: text by a language model.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use hypergraphql_models::Precision;
use hypergraphql_models::text::{Answer, LanguageModel, TextOptions};
use hypergraphql_models::transformer::{Finish, GenerateOptions, SamplingOptions};
use hypergraphql_ops::HyperBackend;
use serde::Serialize;

use super::backend::{DeviceArg, WithBackend, dispatch};
use super::error::CliError;
use super::{Global, output};

/// Generate text with a language model.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Goes on from prompts with a Llama-family decoder in a Hugging Face folder: config.json, model.safetensors (or its shards) and \
                  tokenizer.json. Several prompts are answered at once, each as it would be alone."
)]
#[command(after_help = "Examples:\n  \
                        hgql generate --model llama/ 'The capital of France is' --max-tokens 8\n  \
                        hgql generate --model llama/ 'Once upon a time' --temperature 0.8 --top-p 0.95 --seed 1 --stream\n  \
                        hgql generate --model llama/ 'Q: 1 + 1?\\nA:' 'Q: 2 + 2?\\nA:' --stop 'Q:' --json")]
pub(crate) struct GenerateArgs {
    /// Prompts to go on from.
    #[arg(required = true, value_name = "PROMPT")]
    prompts: Vec<String>,
    /// Hugging Face folder of the model.
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    #[command(flatten)]
    device: DeviceArg,
    /// Type of parameters and activations: f32, f16, bf16 or (CPU only) f64.
    #[arg(long, default_value_t, value_name = "TYPE")]
    precision: Precision,
    /// Most tokens of an answer.
    #[arg(long, default_value_t = 128, value_name = "N")]
    max_tokens: usize,
    /// Divides the logits; 0 takes the most probable token always.
    #[arg(long, default_value_t = 0.0, value_name = "T")]
    temperature: f64,
    /// Only the K most probable tokens; 0: all.
    #[arg(long, default_value_t = 0, value_name = "K")]
    top_k: usize,
    /// Only the most probable tokens that together have probability P; 1: all.
    #[arg(long, default_value_t = 1.0, value_name = "P")]
    top_p: f64,
    /// Makes tokens that occurred less probable; 1: as they are.
    #[arg(long, default_value_t = 1.0, value_name = "R")]
    repetition_penalty: f64,
    /// Seed of the draws.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// A string that ends an answer and is no part of it; may be given several times.
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
    /// Print text as it comes. Of one prompt only, but with --json of any number.
    #[arg(long)]
    stream: bool,
}

impl GenerateArgs {
    fn options(&self) -> TextOptions {
        let Self { temperature, top_k, top_p, repetition_penalty, seed, .. } = *self;
        let sampling = SamplingOptions { temperature, top_k, top_p, repetition_penalty, seed };
        TextOptions { tokens: GenerateOptions { max_tokens: self.max_tokens, sampling, end: Vec::new() }, stop: self.stop.clone() }
    }
}

/// A piece of an answer.
#[derive(Serialize)]
struct Piece<'a> {
    kind: &'static str,
    prompt: usize,
    text: &'a str,
}

/// An answer.
#[derive(Serialize)]
struct Record<'a> {
    kind: &'static str,
    prompt: usize,
    text: &'a str,
    tokens: &'a [u32],
    prompt_tokens: usize,
    finish: Finish,
}

struct Generation<'a> {
    args: &'a GenerateArgs,
    json: bool,
}

impl WithBackend for Generation<'_> {
    type Out = Result<Vec<Answer>, CliError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        let Self { args, json } = self;
        let start = Instant::now();
        let model = LanguageModel::<B>::from_folder(&args.model, args.precision, &device)?;
        tracing::info!("{} parameters read in {:.1} s", model.config.parameters(), start.elapsed().as_secs_f64());
        let start = Instant::now();
        let mut failed = None;
        let answers = model.generate(&args.prompts, &args.options(), &mut |prompt, text| match args
            .stream
            .then(|| print_piece(prompt, text, json))
            .transpose()
        {
            Ok(_) => ControlFlow::Continue(()),
            Err(error) => {
                failed.get_or_insert(error);
                ControlFlow::Break(())
            }
        })?;
        let tokens: usize = answers.iter().map(|answer| answer.tokens.len()).sum();
        let seconds = start.elapsed().as_secs_f64();
        tracing::info!("{tokens} tokens in {seconds:.2} s, {:.1} a second", tokens as f64 / seconds);
        failed.map_or(Ok(answers), Err)
    }
}

fn print_piece(prompt: usize, text: &str, json: bool) -> Result<(), CliError> {
    if json {
        output::json(&Piece { kind: "piece", prompt, text })?;
    } else {
        write!(io::stdout().lock(), "{text}")?;
    }
    Ok(io::stdout().lock().flush()?)
}

/// Reads, generates and prints.
pub(crate) fn run(args: &GenerateArgs, global: &Global) -> Result<(), CliError> {
    if args.stream && !global.json && args.prompts.len() > 1 {
        let message = format!("--stream prints one answer, {} prompts are given", args.prompts.len());
        return Err(CliError::input(message).with_help("leave --stream out, or add --json, whose pieces are numbered"));
    }
    let answers = dispatch(args.device, Generation { args, json: global.json })??;
    for (prompt, Answer { text, tokens, prompt_tokens, finish }) in answers.iter().enumerate() {
        if global.json {
            output::json(&Record { kind: "answer", prompt, text, tokens, prompt_tokens: *prompt_tokens, finish: *finish })?;
        } else {
            output::line(if args.stream { "" } else { text })?;
        }
    }
    Ok(())
}
