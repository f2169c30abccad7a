//! `hgql train transformer`: a language model that reads facts.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::tensor::Tensor;
use hypergraphql_framework::store::AtomSpace;
use hypergraphql_models::Precision;
use hypergraphql_models::episodes::{NameOptions, QuestionKind, Schema, StoreFacts};
use hypergraphql_models::graph_memory::train::{
    MemoryCheckpoint, MemoryEvaluation, MemorySetup, MemoryTrainConfig, MemoryTrainer, Preset, Stage, StageConfig, StepLosses, Told,
};
use hypergraphql_models::graph_memory::{HypergraphTransformerConfig, Words};
use hypergraphql_models::text::{Tokenizer, end_tokens};
use hypergraphql_models::transformer::{Llama, LlamaConfig};
use hypergraphql_ops::HyperBackend;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::{memory_curve, progress};
use crate::cli::backend::{DeviceArg, WithBackend, dispatch};
use crate::cli::error::CliError;
use crate::cli::{Global, kb, logging, output};

pub(crate) use hypergraphql_models::graph_memory::train::FILE;

/// The losses and evaluations of a training, a JSON line each.
const METRICS: &str = "metrics.jsonl";
const REPORT: &str = "report.svg";

/// Train a language model that reads facts from a knowledge base.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Trains the HypergraphQL transformer: a Llama decoder with memory layers, whose keys and values are the hyperedges of a knowledge base. Every step \
                  draws a fresh base of invented names and facts from the schema of --kb (or a built-in one), so that the parameters cannot store facts and \
                  must learn to read them; the facts of --kb itself are read when it is asked, and may be edited then.\n\n\
                  Stage 0 trains the decoder on questions without facts; stage 1 freezes it and trains the memory. With --base stage 0 is left out and the \
                  decoder is the one of a Hugging Face folder.\n\n\
                  The same seed gives the same numbers. Ctrl-C saves the last step and says how to go on."
)]
#[command(after_help = "Examples:\n  \
                        hgql train transformer --out reader\n  \
                        hgql train transformer --kb kb.hgql --out reader --preset small --steps 5000\n  \
                        hgql train transformer --resume reader\n  \
                        hgql generate --model reader --kb kb.hgql 'treaty : mediator Zorak , venue Miru ; signatory ?' --evidence\n\n\
                        With --out DIR: DIR/transformer.safetensors (what answers and what --resume goes on with), DIR/metrics.jsonl, DIR/report.svg.")]
pub(crate) struct TransformerArgs {
    /// Knowledge base, or file of RDF or hyperedges, whose relations and roles are learned [default: a built-in schema].
    #[arg(long, value_name = "KB", conflicts_with = "resume")]
    kb: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArg,
    /// Folder for the checkpoint, the metrics and the report.
    #[arg(long, value_name = "DIR", required_unless_present = "resume")]
    out: Option<PathBuf>,
    /// Go on with the training that left its checkpoint in this folder; options are the checkpoint's, --steps may say more.
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// Steps of stage 1 [default: 1500].
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    #[command(flatten)]
    options: Options,
    /// Steps between two checkpoints.
    #[arg(long, value_name = "N", default_value_t = 250, value_parser = clap::value_parser!(u32).range(1..))]
    save_every: u32,
    /// CPU threads [default: one per core].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// What a resumed training takes from its checkpoint.
#[derive(Debug, clap::Args)]
#[group(id = "transformer-options", multiple = true, conflicts_with = "resume")]
struct Options {
    /// Size of the network: tiny, small or base.
    #[arg(long, default_value_t)]
    preset: Preset,
    /// Hugging Face folder of a Llama decoder to put the memory around; it stays as it is.
    #[arg(long, value_name = "HF_DIR", conflicts_with = "preset")]
    base: Option<PathBuf>,
    /// Most tokens of a tokenizer that is learned from the schema, without --base.
    #[arg(long, value_name = "N", default_value_t = 1024)]
    vocabulary: usize,
    /// Steps of stage 0.
    #[arg(long, value_name = "N", default_value_t = MemoryTrainConfig::default().base.steps)]
    base_steps: usize,
    /// Highest learning rate of stage 0.
    #[arg(long, value_name = "LR", default_value_t = MemoryTrainConfig::default().base.lr)]
    base_lr: f64,
    /// Highest learning rate of stage 1.
    #[arg(long, default_value_t = MemoryTrainConfig::default().memory.lr)]
    lr: f64,
    /// Steps in which the learning rate rises.
    #[arg(long, value_name = "STEPS", default_value_t = MemoryTrainConfig::default().memory.warmup)]
    warmup: usize,
    /// Applied to parameters at each step.
    #[arg(long, default_value_t = MemoryTrainConfig::default().weight_decay)]
    weight_decay: f64,
    /// Scale gradients down so that their norm is at most this.
    #[arg(long, value_name = "NORM", default_value_t = MemoryTrainConfig::default().clip)]
    clip: f64,
    /// Questions of a step.
    #[arg(long, value_name = "N", default_value_t = MemoryTrainConfig::default().questions)]
    questions: usize,
    /// Fewest slots of a step's memory; a slot is a member of a fact.
    #[arg(long, value_name = "N", default_value_t = MemoryTrainConfig::default().slots[0])]
    min_slots: usize,
    /// Most slots of a step's memory.
    #[arg(long, value_name = "N", default_value_t = MemoryTrainConfig::default().slots[1])]
    max_slots: usize,
    /// Steps between two evaluations.
    #[arg(long, value_name = "N", default_value_t = MemoryTrainConfig::default().evaluate_every)]
    evaluate_every: usize,
    /// Slots of the evaluation's memory, of names that no step draws.
    #[arg(long, value_name = "N", default_value_t = MemoryTrainConfig::default().evaluation_slots)]
    evaluation_slots: usize,
    /// Questions of an evaluation.
    #[arg(long, value_name = "N", default_value_t = MemoryTrainConfig::default().evaluation_questions)]
    evaluation_questions: usize,
    /// Stop after so many evaluations without a better one.
    #[arg(long, value_name = "N")]
    patience: Option<usize>,
    /// How facts are told: hyperedges, or clique or star edges to compare with.
    #[arg(long, default_value_t)]
    told: Told,
    /// Entities do not hear of their other facts, to compare with.
    #[arg(long)]
    no_message_passing: bool,
    /// Draws weights, facts and questions.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Type of activations: f32 or bf16.
    #[arg(long, default_value_t)]
    precision: Precision,
}

impl Options {
    fn config(&self, steps: Option<usize>, names: NameOptions) -> MemoryTrainConfig {
        let default = MemoryTrainConfig::default();
        let stage = |steps, lr| StageConfig { steps, lr, warmup: self.warmup };
        MemoryTrainConfig {
            seed: self.seed,
            base: stage(if self.base.is_some() { 0 } else { self.base_steps }, self.base_lr),
            memory: stage(steps.unwrap_or(default.memory.steps), self.lr),
            questions: self.questions,
            slots: [self.min_slots, self.max_slots],
            names,
            told: self.told,
            weight_decay: self.weight_decay,
            clip: self.clip,
            precision: self.precision,
            evaluate_every: self.evaluate_every,
            evaluation_slots: self.evaluation_slots,
            evaluation_questions: self.evaluation_questions,
            patience: self.patience,
            ..default
        }
    }

    /// Tokenizer and sizes.
    fn setup(&self, schema: Schema, names: &NameOptions) -> Result<MemorySetup, CliError> {
        let setup = match &self.base {
            Some(folder) => {
                let (tokenizer, base) = (Tokenizer::from_folder(folder)?, LlamaConfig::from_folder(folder)?);
                let end = end_tokens(folder)?.first().copied().ok_or_else(|| {
                    let message = format!("{}: neither generation_config.json nor config.json names an eos_token_id", folder.display());
                    CliError::input(message).with_help("add \"eos_token_id\" to its config.json: it ends answers")
                })?;
                let start = tokenizer.encode("", true)?.tokens.first().copied();
                let memory = HypergraphTransformerConfig {
                    blocks: (0..base.num_hidden_layers).rev().step_by(3).take(2).collect::<Vec<_>>().into_iter().rev().collect(),
                    ..HypergraphTransformerConfig::default()
                };
                MemorySetup { schema, words: Words { tokenizer, start, end }, base, memory }
            }
            None => MemorySetup::from_nothing(schema, names, self.vocabulary, self.preset)?,
        };
        let memory = HypergraphTransformerConfig { message_passing: !self.no_message_passing, ..setup.memory };
        Ok(MemorySetup { memory, ..setup })
    }
}

/// What is trained; the first JSON line.
#[derive(Serialize)]
struct Setup<'a> {
    kind: &'static str,
    relations: usize,
    roles: usize,
    vocabulary: usize,
    decoder_parameters: u64,
    device: String,
    threads: usize,
    memory: &'a HypergraphTransformerConfig,
    options: &'a MemoryTrainConfig,
}

/// A step; a line of the metrics.
#[derive(Serialize)]
struct StepLine {
    kind: &'static str,
    step: usize,
    stage: Stage,
    #[serde(flatten)]
    losses: StepLosses,
    seconds: f64,
    tokens_per_second: f64,
    /// The part of the speed of a product of two square matrices, measured before the first step.
    flops_utilisation: f64,
}

/// An evaluation; a line of the metrics and of --json.
#[derive(Serialize)]
struct EvaluationLine<'a> {
    kind: &'static str,
    exact: f64,
    recall_at_10: f64,
    refusal_f1: f64,
    graph_use: f64,
    #[serde(flatten)]
    evaluation: &'a MemoryEvaluation,
}

impl<'a> EvaluationLine<'a> {
    fn new(kind: &'static str, evaluation: &'a MemoryEvaluation) -> Self {
        let scores = &evaluation.scores;
        Self {
            kind,
            exact: scores.exact_of_all(),
            recall_at_10: scores.recall(),
            refusal_f1: scores.refusal_f1(),
            graph_use: evaluation.graph_use(),
            evaluation,
        }
    }
}

struct Training<'a> {
    args: &'a TransformerArgs,
    global: &'a Global,
    out: &'a Path,
    start: Start,
}

#[expect(clippy::large_enum_variant, reason = "there is one")]
enum Start {
    Fresh(MemorySetup, NameOptions),
    Resumed(MemoryCheckpoint),
}

/// Reads the schema, trains and reports.
pub(super) fn run(args: &TransformerArgs, global: &Global) -> Result<(), CliError> {
    super::start_threads(args.threads)?;
    let start = match &args.resume {
        Some(folder) => Start::Resumed(MemoryCheckpoint::read(&folder.join(FILE))?),
        None => {
            let (schema, names) = learned(args.kb.as_deref(), global)?;
            Start::Fresh(args.options.setup(schema, &names)?, names)
        }
    };
    let Some(out) = args.out.as_deref().or(args.resume.as_deref()) else {
        return Err(CliError::input("there is neither --out nor --resume"));
    };
    dispatch(args.device, Training { args, global, out, start })?
}

/// The relations and roles that are learned, and how names are made: like those of the knowledge base.
fn learned(kb: Option<&Path>, global: &Global) -> Result<(Schema, NameOptions), CliError> {
    let Some(path) = kb else { return Ok((Schema::synthetic(), NameOptions::default())) };
    let space: AtomSpace = kb::space(path, global)?;
    let base = StoreFacts::read(&space, usize::MAX)?.base;
    Ok((Schema::of_base(&base)?, NameOptions::like(&base.entities)))
}

impl WithBackend for Training<'_> {
    type Out = Result<(), CliError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        let Self { args, global, out, start } = self;
        let mut trainer = match start {
            Start::Resumed(mut checkpoint) => {
                checkpoint.config.memory.steps = args.steps.unwrap_or(checkpoint.config.memory.steps);
                MemoryTrainer::<B>::resume(checkpoint, &device)?
            }
            Start::Fresh(setup, names) => {
                let config = args.options.config(args.steps, names);
                let decoder = args.options.base.as_deref().map(|folder| Llama::from_folder(folder, Precision::F32, &device)).transpose()?;
                MemoryTrainer::<B>::new(setup, &config, decoder.map(|(decoder, _)| decoder), &device)?
            }
        };
        std::fs::create_dir_all(out).map_err(|error| CliError::failed(format!("{}: cannot create: {error}", out.display())))?;
        // Before hours of training: whether the checkpoint will find its place.
        let first = trainer.checkpoint();
        first.write(&out.join(FILE))?;
        let setup = Setup {
            kind: "setup",
            relations: first.setup.schema.relations.len(),
            roles: first.setup.schema.roles.len(),
            vocabulary: first.setup.base.vocab_size,
            decoder_parameters: first.setup.base.parameters(),
            device: args.device.device.to_string(),
            threads: rayon::current_num_threads(),
            memory: &first.setup.memory,
            options: &first.config,
        };
        if global.json {
            output::json(&setup)?;
        } else {
            let parameters = setup.decoder_parameters;
            let line = format!("{} relations, {} roles, {} tokens", setup.relations, setup.roles, setup.vocabulary);
            output::line(format!("{line}; a decoder of {parameters} parameters and {} memory layers", setup.memory.blocks.len()))?;
        }
        let mut metrics = open_metrics(&out.join(METRICS), trainer.progress().losses.len())?;
        progress::watch_interrupts()?;
        let bar = Bar::new(global, &trainer);
        let ceiling = products_per_second::<B>(trainer.config().precision, &device);
        while !trainer.is_finished() {
            let began = Instant::now();
            let (stage, _) = trainer.stage();
            let before = trainer.progress().evaluations.len();
            // Where a step fails, the last checkpoint stays: parameters may have left the good ones before.
            let losses = trainer.step(&mut |_| {})?;
            let step = trainer.progress().losses.len();
            let (work, seconds) = (trainer.work(), began.elapsed().as_secs_f64());
            let (tokens_per_second, flops_utilisation) = (work.tokens as f64 / seconds, work.operations / seconds / ceiling);
            let line = StepLine { kind: "step", step, stage, losses, seconds, tokens_per_second, flops_utilisation };
            bar.show(&line);
            write_line(&mut metrics, out, &line)?;
            if let Some(evaluation) = trainer.progress().evaluations.get(before) {
                let line = EvaluationLine::new("evaluation", evaluation);
                write_line(&mut metrics, out, &line)?;
                if global.json {
                    output::json(&line)?;
                } else {
                    print(&line)?;
                }
            }
            let interrupted = progress::is_interrupted();
            if interrupted || step.is_multiple_of(args.save_every as usize) || trainer.is_finished() {
                trainer.save(&out.join(FILE))?;
            }
            if interrupted && !trainer.is_finished() {
                drop(bar);
                eprintln!("saved {step} of {} steps in {}; go on with:", trainer.steps(), out.display());
                eprintln!("  hgql train transformer --resume {}", out.display());
                return Err(CliError::Interrupted);
            }
        }
        drop(bar);
        memory_curve::write(&out.join(REPORT), trainer.config(), trainer.progress())?;
        report(&trainer, global)
    }
}

/// Rows and columns of the product that says what the device can do.
const SQUARE: usize = 1024;

/// Operations of a second in products of two square matrices: the best of three.
fn products_per_second<B: HyperBackend>(precision: Precision, device: &B::Device) -> f64 {
    let a = Tensor::<B, 2>::ones([SQUARE, SQUARE], device).cast(precision.dtype());
    let seconds = (0..3).map(|_| {
        let began = Instant::now();
        // One number read back waits for the product.
        drop(a.clone().matmul(a.clone()).slice([0..1, 0..1]).into_data());
        began.elapsed().as_secs_f64()
    });
    2.0 * (SQUARE as f64).powi(3) / seconds.fold(f64::INFINITY, f64::min)
}

/// Appends to the metrics of the steps that are done; lines of later ones, which an interrupted training may have left, go.
fn open_metrics(path: &Path, done: usize) -> Result<File, CliError> {
    let failed = |error: std::io::Error| CliError::failed(format!("{}: cannot write: {error}", path.display()));
    let known = if done > 0 { std::fs::read_to_string(path).unwrap_or_default() } else { String::new() };
    let is_done = |line: &&str| {
        let step = serde_json::from_str::<serde_json::Value>(line).ok().and_then(|line| line.get("step")?.as_u64());
        step.is_some_and(|step| step <= done as u64)
    };
    let kept: String = known.lines().filter(is_done).flat_map(|line| [line, "\n"]).collect();
    std::fs::write(path, kept).map_err(failed)?;
    OpenOptions::new().append(true).open(path).map_err(failed)
}

fn write_line(metrics: &mut File, out: &Path, line: &impl Serialize) -> Result<(), CliError> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    metrics.write_all(&text).map_err(|error| CliError::failed(format!("{}: cannot write: {error}", out.join(METRICS).display())))
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn print(line: &EvaluationLine<'_>) -> Result<(), CliError> {
    let kinds = QuestionKind::ALL.into_iter().filter_map(|kind| Some(format!("{kind} {}", percent(line.evaluation.scores.exact(kind)?))));
    let kinds = kinds.collect::<Vec<_>>().join(", ");
    let rest = format!("gold slot in the first 10 {}, refusal F1 {:.2}", percent(line.recall_at_10), line.refusal_f1);
    output::line(format!("step {}: exact {} ({kinds}); {rest}", line.evaluation.step, percent(line.exact)))
}

fn report<B: HyperBackend>(trainer: &MemoryTrainer<B>, global: &Global) -> Result<(), CliError> {
    let progress = trainer.progress();
    let best = progress.best.and_then(|best| progress.evaluations.get(best));
    let best = best.ok_or_else(|| CliError::input("no step of stage 1 has been done; give --steps of at least 1"))?;
    let line = EvaluationLine::new("result", best);
    if global.json {
        return output::json(&line);
    }
    let mut table = output::table(["questions", "asked", "exact", "gold slot in the first 10", "refused"], &[1, 2, 3, 4]);
    for (kind, score) in &best.scores.0 {
        let share = |part: usize| percent(part as f64 / score.asked.max(1) as f64);
        let recalled = if *kind == QuestionKind::Unanswerable { "-".to_owned() } else { share(score.recalled) };
        table.add_row([kind.to_string(), score.asked.to_string(), share(score.exact), recalled, share(score.refused)]);
    }
    let slots = trainer.config().evaluation_slots;
    output::line(format!("step {} of {}, {slots} slots of names and facts that no step drew", best.step, progress.losses.len()))?;
    output::line(table.to_string())
}

/// The bar of a training; it draws nothing without a terminal, with --json or with -q.
struct Bar(ProgressBar);

impl Bar {
    fn new<B: HyperBackend>(global: &Global, trainer: &MemoryTrainer<B>) -> Self {
        let hidden = global.json || global.quiet > 0 || !std::io::stderr().is_terminal();
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
        let bar = ProgressBar::with_draw_target(Some(trainer.steps() as u64), target);
        bar.set_position(trainer.progress().losses.len() as u64);
        if let Ok(style) = ProgressStyle::with_template("step {bar:24} {pos}/{len} {msg} {per_sec} {eta}") {
            bar.set_style(style);
        }
        logging::set_bar(Some(bar.clone()));
        Self(bar)
    }

    fn show(&self, line: &StepLine) {
        self.0.set_position(line.step as u64);
        let StepLosses { answer, retrieval, null, .. } = line.losses;
        let (speed, share) = (line.tokens_per_second, percent(line.flops_utilisation));
        self.0.set_message(format!("answer {answer:.3} retrieval {retrieval:.3} null {null:.3}, {speed:.0} tokens/s, {share} of peak"));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        logging::set_bar(None);
        self.0.finish_and_clear();
    }
}
