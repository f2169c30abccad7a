//! `hgql bench generate`: tokens a second of a decoder, after a check that its answers depend neither on the cache nor on the batch.

mod check;
mod peer;
mod timing;

use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;
use hypergraphql_models::Precision;
use hypergraphql_models::transformer::{Llama, LlamaConfig, LlamaContext};
use hypergraphql_ops::{DType, HyperBackend};
use serde::Serialize;

use super::ceiling::Ceiling;
use super::clock::Clock;
use super::inputs::scattered;
use super::name_of;
use crate::cli::backend::{DeviceArg, WithBackend, dispatch};
use crate::cli::error::CliError;
use crate::cli::{Global, output};
use peer::Peer;
use timing::{Sizes, Speed, run as timed};

/// Time a decoder: reading a prompt (prefill) and making tokens (decode).
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Times a Llama decoder on random tokens, greedy, with its cache: tokens a second of reading the prompts and of making tokens, and of the latter the \
                  bytes that each step must read (parameters, keys and values) beside a copy in the same run. Before that it checks in f32 that the tokens \
                  are the same with and without the cache, and alone and among 32; in half precision also that the logits are those of f32, nearly.\n\n\
                  The model is one of random weights, made from the seed, or a Hugging Face folder. --peer PYTHON times Python's transformers on the \
                  same folder, type and number of threads, in turns with this program.",
    after_help = "Examples:\n  \
                  hgql bench generate --preset tiny\n  \
                  hgql bench generate --preset 125m --precision bf16 --batch 1,32 --json\n  \
                  hgql bench generate --save llama-125m --peer .venv/bin/python"
)]
pub(super) struct GenerateBenchArgs {
    #[command(flatten)]
    device: DeviceArg,
    /// Type of parameters and activations: f32, f16, bf16 or (CPU only) f64.
    #[arg(long, default_value_t, value_name = "TYPE")]
    precision: Precision,
    /// Sizes of a model of random weights.
    #[arg(long, default_value = "125m", value_name = "NAME")]
    preset: Preset,
    /// A Hugging Face folder instead.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["preset", "save"])]
    model: Option<PathBuf>,
    /// Writes the model of the preset here as a Hugging Face folder.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Seed of the weights and of the prompts.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Tokens of a prompt; 128, or 12 of the preset tiny.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    prompt: Option<u32>,
    /// Tokens to make of each; 64, or 6 of the preset tiny.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    new: Option<u32>,
    /// Prompts at once, several numbers separated by commas.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "1", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    batch: Vec<u32>,
    /// Runs of each; the median is reported.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    reps: u32,
    /// A Python with torch and transformers to time beside, with --save or --model.
    #[arg(long, value_name = "PYTHON")]
    peer: Option<PathBuf>,
    /// Leaves out the check that comes before the times.
    #[arg(long)]
    no_verify: bool,
}

/// Sizes of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Preset {
    /// 12 blocks of 768 features and 12 heads, 32,000 tokens: 134 million parameters.
    #[value(name = "125m")]
    Small,
    /// 2 blocks of 36 features and 3 heads, 211 tokens: for tests.
    Tiny,
}

impl Preset {
    fn config(self) -> LlamaConfig {
        match self {
            Self::Small => LlamaConfig::new(32_000, 768, 2048, 12, 12),
            Self::Tiny => LlamaConfig::new(211, 36, 70, 2, 3),
        }
    }
}

/// A measurement; a JSON line. Numbers of the peer are null where there is none.
#[derive(Serialize)]
struct Record<'a> {
    kind: &'static str,
    model: &'a str,
    parameters: u64,
    device: String,
    precision: &'static str,
    threads: usize,
    batch: usize,
    prompt: usize,
    new: usize,
    /// Tokens a second.
    prefill: f64,
    /// Tokens a second.
    decode: f64,
    /// That a step of decoding must read, shared by the prompts at once.
    bytes_per_token: f64,
    gbps: f64,
    copy_gbps: f64,
    percent_of_copy: f64,
    peer: Option<&'a str>,
    peer_prefill: Option<f64>,
    peer_decode: Option<f64>,
    /// Ours over the peer's.
    prefill_ratio: Option<f64>,
    decode_ratio: Option<f64>,
    /// Part of the tokens that are those of the peer.
    same_tokens: Option<f64>,
}

struct Bench<'a> {
    args: &'a GenerateBenchArgs,
    config: LlamaConfig,
    json: bool,
}

/// Makes or reads the model, checks and times it.
pub(super) fn run(args: &GenerateBenchArgs, global: &Global) -> Result<(), CliError> {
    if args.peer.is_some() && args.model.is_none() && args.save.is_none() {
        let help = "name a folder for the model with --save DIR, or one that there is with --model DIR";
        return Err(CliError::input("--peer reads the model from a folder, and there is none").with_help(help));
    }
    let config = args.model.as_deref().map_or_else(|| Ok(args.preset.config()), LlamaConfig::from_folder)?;
    let (prompt, new) = args.lengths();
    if prompt + new > config.max_position_embeddings {
        let message = format!("--prompt {prompt} and --new {new} exceed the context of {} tokens", config.max_position_embeddings);
        return Err(CliError::input(message));
    }
    dispatch(args.device, Bench { args, config, json: global.json })?
}

impl GenerateBenchArgs {
    fn lengths(&self) -> (usize, usize) {
        let (prompt, new) = if self.model.is_none() && self.preset == Preset::Tiny { (12, 6) } else { (128, 64) };
        (self.prompt.map_or(prompt, |n| n as usize), self.new.map_or(new, |n| n as usize))
    }

    fn name(&self) -> String {
        let preset = || clap::ValueEnum::to_possible_value(&self.preset).map_or_else(String::new, |value| value.get_name().to_owned());
        self.model.as_deref().map_or_else(preset, name_of)
    }

    /// The folder that the peer reads.
    fn folder(&self) -> Option<&Path> {
        self.model.as_deref().or(self.save.as_deref())
    }
}

impl WithBackend for Bench<'_> {
    type Out = Result<(), CliError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        let Self { args, config, json } = self;
        args.precision.check::<B>(&device)?;
        let model = prepared::<B>(args, &config, &device)?;
        let context = LlamaContext::new(&config, args.precision, &device)?;
        let (name, (prompt, new), copy) = (args.name(), args.lengths(), copy::<B>(args, &device)?);
        let mut peer = args.peer.as_deref().zip(args.folder()).map(|(python, folder)| Peer::start(python, folder, args)).transpose()?;
        let mut columns = vec!["batch", "prefill tokens/s", "decode tokens/s", "MB/token", "GB/s", "% of copy"];
        if peer.is_some() {
            columns.extend(["peer prefill", "ratio", "peer decode", "ratio", "same tokens"]);
        }
        let mut table = output::table_of(columns.clone(), &(0..columns.len()).collect::<Vec<_>>());
        for &batch in &args.batch {
            let sizes = Sizes { batch: batch as usize, prompt, new, vocabulary: config.vocab_size, seed: args.seed };
            let prompts = sizes.prompts();
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            timed(&model, &context, &prompts, new)?;
            for _ in 0..args.reps {
                ours.push(timed(&model, &context, &prompts, new)?);
                if let Some(peer) = &mut peer {
                    theirs.push(peer.run(&prompts, new)?);
                }
            }
            let same = ours.last().zip(theirs.last()).map(|(a, b)| timing::same(&a.tokens, &b.tokens));
            let speed = Speed::of(sizes, &ours);
            let other = (!theirs.is_empty()).then(|| Speed::of(sizes, &theirs));
            let bytes = sizes.step_bytes(&config, args.precision) as f64;
            let gbps = bytes * speed.decode / sizes.batch as f64 / 1e9;
            let record = Record {
                kind: "generate",
                model: &name,
                parameters: config.parameters(),
                device: args.device.device.to_string(),
                precision: args.precision.name(),
                threads: rayon::current_num_threads(),
                batch: sizes.batch,
                prompt,
                new,
                prefill: speed.prefill,
                decode: speed.decode,
                bytes_per_token: bytes / sizes.batch as f64,
                gbps,
                copy_gbps: copy,
                percent_of_copy: 100.0 * gbps / copy,
                peer: peer.as_ref().map(Peer::name),
                peer_prefill: other.map(|o| o.prefill),
                peer_decode: other.map(|o| o.decode),
                prefill_ratio: other.map(|o| speed.prefill / o.prefill),
                decode_ratio: other.map(|o| speed.decode / o.decode),
                same_tokens: same,
            };
            if json {
                output::json(&record)?;
            } else {
                table.add_row(record.cells());
            }
        }
        if json {
            return Ok(());
        }
        let parameters = config.parameters() as f64 / 1e6;
        let threads = rayon::current_num_threads();
        output::line(format!("{name}: {parameters:.1} M parameters, {}, {prompt} + {new} tokens, {threads} threads", args.precision))?;
        output::line(format!("copy {copy:.1} GB/s{}", peer.as_ref().map_or_else(String::new, |peer| format!("; peer {}", peer.name()))))?;
        output::line(table.to_string())
    }
}

impl Record<'_> {
    fn cells(&self) -> Vec<String> {
        let Self { prefill, decode, bytes_per_token, gbps, percent_of_copy, .. } = self;
        let mut cells = vec![self.batch.to_string(), format!("{prefill:.0}"), format!("{decode:.1}")];
        cells.extend([format!("{:.1}", bytes_per_token / 1e6), format!("{gbps:.1}"), format!("{percent_of_copy:.0}")]);
        let rest = [(self.peer_prefill, 0), (self.prefill_ratio, 2), (self.peer_decode, 1), (self.decode_ratio, 2), (self.same_tokens, 3)];
        cells.extend(rest.into_iter().filter_map(|(value, digits)| value.map(|value| format!("{value:.digits$}"))));
        cells
    }
}

/// The model in the precision asked for, saved where that is asked for, and checked.
fn prepared<B: HyperBackend>(args: &GenerateBenchArgs, config: &LlamaConfig, device: &B::Device) -> Result<Llama<B>, CliError> {
    let wide = args.precision.wide();
    let load = |precision| match &args.model {
        Some(folder) => Ok::<_, CliError>(Llama::<B>::from_folder(folder, precision, device)?.0),
        None => Ok(config.init::<B>(args.seed, device)?.map(&mut Cast(precision))),
    };
    if args.no_verify && args.save.is_none() {
        return load(args.precision);
    }
    let model = load(wide)?;
    if let Some(folder) = &args.save {
        model.save(config, folder)?;
    }
    if !args.no_verify {
        let context = LlamaContext::new(config, wide, device)?;
        check::tokens(&model, &context, args.seed)?;
        if wide != args.precision {
            let narrow = model.clone().map(&mut Cast(args.precision));
            check::logits((&model, &context), (&narrow, &LlamaContext::new(config, args.precision, device)?), args.seed)?;
        }
    }
    Ok(model.map(&mut Cast(args.precision)))
}

/// Gives every parameter a type.
struct Cast(Precision);

impl<B: HyperBackend> ModuleMapper<B> for Cast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        param.map(|tensor| self.0.cast(tensor))
    }
}

/// GB/s of a copy of 128 MiB.
fn copy<B: HyperBackend>(args: &GenerateBenchArgs, device: &B::Device) -> Result<f64, CliError> {
    const ROWS: usize = 1 << 15;
    let clock = Clock::<B>::new(5, args.device.device.kind, device);
    let x = Tensor::<B, 2>::ones([ROWS, 1024], device);
    Ok(Ceiling::measure(&x, &scattered(ROWS), DType::F32, &clock, args.device.device.kind)?.copy)
}
