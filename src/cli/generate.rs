//! `hgql generate`: text by a language model, from facts where the model reads such.

pub(super) mod facts;

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use hypergraphql::pretrained::FactRead;
use hypergraphql_models::Precision;
use hypergraphql_models::text::{Answer, LanguageModel, TextOptions};
use hypergraphql_models::transformer::{Finish, GenerateOptions, SamplingOptions};
use hypergraphql_ops::HyperBackend;
use serde::Serialize;

use super::backend::{DeviceArg, WithBackend, dispatch};
use super::error::CliError;
use super::train::transformer::FILE;
use super::{Global, output};

/// Generate text with a language model.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Goes on from prompts with a Llama-family decoder in a Hugging Face folder: config.json, model.safetensors (or its shards) and \
                  tokenizer.json. Several prompts are answered at once, each as it would be alone.\n\n\
                  A model of `hgql train transformer` reads the facts of --kb and answers questions about them. Each answer has its evidence: the facts that were \
                  attended to, by weight, with the nodes or statements that HyperQL knows them by."
)]
#[command(after_help = "Examples:\n  \
                        hgql generate --model llama/ 'The capital of France is' --max-tokens 8\n  \
                        hgql generate --model llama/ 'Once upon a time' --temperature 0.8 --top-p 0.95 --seed 1 --stream\n  \
                        hgql generate --model llama/ 'Q: 1 + 1?\\nA:' 'Q: 2 + 2?\\nA:' --stop 'Q:' --json\n  \
                        hgql generate --model reader --kb kb.hgql 'treaty : mediator Zorak , venue Miru ; signatory ?' --evidence")]
pub(crate) struct GenerateArgs {
    /// Prompts to go on from.
    #[arg(required = true, value_name = "PROMPT")]
    prompts: Vec<String>,
    /// Hugging Face folder of the model, or folder that `hgql train transformer --out` wrote.
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// Knowledge base, or file of RDF or hyperedges, that a model of `hgql train transformer` reads.
    #[arg(long, value_name = "KB")]
    kb: Option<PathBuf>,
    /// Print the facts that each answer was read from, with --kb; --json has them always.
    #[arg(long, requires = "kb")]
    evidence: bool,
    /// Most slots of --kb that are read, the first ones; a slot is a member of a fact.
    #[arg(long, value_name = "N", default_value_t = 100_000, requires = "kb")]
    max_slots: usize,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<&'a [FactRead]>,
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
        let answers = streamed(args, json, |on_text| Ok(model.generate(&args.prompts, &args.options(), on_text)?))?;
        let tokens: usize = answers.iter().map(|answer| answer.tokens.len()).sum();
        let seconds = start.elapsed().as_secs_f64();
        tracing::info!("{tokens} tokens in {seconds:.2} s, {:.1} a second", tokens as f64 / seconds);
        Ok(answers)
    }
}

/// Called with the number of a prompt and a piece of its answer.
type OnText<'a> = &'a mut dyn FnMut(usize, &str) -> ControlFlow<()>;

/// Generates, printing pieces as they come where that is asked for.
fn streamed(
    args: &GenerateArgs,
    json: bool,
    generate: impl FnOnce(OnText<'_>) -> Result<Vec<Answer>, CliError>,
) -> Result<Vec<Answer>, CliError> {
    let mut failed = None;
    let answers = generate(&mut |prompt, text| match args.stream.then(|| print_piece(prompt, text, json)).transpose() {
        Ok(_) => ControlFlow::Continue(()),
        Err(error) => {
            failed.get_or_insert(error);
            ControlFlow::Break(())
        }
    })?;
    failed.map_or(Ok(answers), Err)
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
    if args.model.join(FILE).is_file() {
        return facts::run(args, global);
    }
    if args.kb.is_some() {
        let message = format!("{} has no {FILE}: this model reads no facts", args.model.display());
        return Err(
            CliError::input(message).with_help("train one that does with `hgql train transformer --base DIR --kb KB`, or leave --kb out")
        );
    }
    let answers = dispatch(args.device, Generation { args, json: global.json })??;
    answers.iter().enumerate().try_for_each(|(prompt, answer)| print(prompt, answer, None, args, global))
}

fn print(prompt: usize, answer: &Answer, evidence: Option<&[FactRead]>, args: &GenerateArgs, global: &Global) -> Result<(), CliError> {
    let Answer { text, tokens, prompt_tokens, finish, .. } = answer;
    if global.json {
        return output::json(&Record { kind: "answer", prompt, text, tokens, prompt_tokens: *prompt_tokens, finish: *finish, evidence });
    }
    output::line(if args.stream { "" } else { text.trim_start_matches(if evidence.is_some() { " " } else { "" }) })?;
    if args.evidence { facts::print(evidence.unwrap_or_default()) } else { Ok(()) }
}
