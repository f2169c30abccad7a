//! `hgql train link-prediction`: which entity completes a statement with qualifiers.

use std::path::{Path, PathBuf};
use std::time::Instant;

use hypergraphql_framework::io;
use hypergraphql_framework::links::LinkDataset;
use hypergraphql_models::Precision;
use hypergraphql_models::layers::Composition;
use hypergraphql_models::link::{FILE, LinkCheckpoint, LinkConfig, LinkEpoch, LinkTrainConfig, LinkTrainer, RankMetrics};
use hypergraphql_models::schedule::Schedule;
use hypergraphql_models::train::{OptimizerKind, TrainConfig};
use hypergraphql_ops::HyperBackend;
use serde::Serialize;

use super::progress::{self, StepBar};
use crate::cli::backend::{DeviceArg, WithBackend, dispatch};
use crate::cli::error::CliError;
use crate::cli::{Global, output};

/// Train a network that completes statements with qualifiers.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Trains StarE (Galkin et al. 2020) with a transformer on statements (subject, relation, object) with qualifiers, to answer which object or \
                  which subject completes one. The folder has train.txt, valid.txt and test.txt, a statement a line: subject,relation,object and pairs \
                  ,relation,value.\n\n\
                  Reported are mean reciprocal rank and hits at 1, 3, 5 and 10 over both questions of each test statement, by the epoch of the best \
                  validation MRR. Ranks are filtered: other answers that any part of the data gives to the same question (entity, relation and \
                  qualifiers) do not count. Entities with the same score share their mean rank.\n\n\
                  The same seed gives the same numbers. Ctrl-C saves the last whole epoch and says how to go on."
)]
#[command(after_help = "Examples:\n  \
                        hgql train link-prediction --data data/wd50k_100 --out wd50k_100\n  \
                        hgql train link-prediction --data data/wd50k_100 --resume wd50k_100 --epochs 200\n  \
                        hgql predict link --model wd50k_100 --subject Q95068 --relation P1411 --top 5")]
pub(crate) struct LinkPredictionArgs {
    /// Folder of train.txt, valid.txt and test.txt.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    device: DeviceArg,
    /// Folder for the checkpoint link.safetensors and report.json [default: the one of --resume].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the training that left its checkpoint in this folder; options are the checkpoint's, --epochs may say more.
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// Passes over the questions that the training statements ask, each once [default: 100].
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    #[command(flatten)]
    options: Options,
    /// CPU threads [default: one per core].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// What a resumed training takes from its checkpoint.
#[derive(Debug, clap::Args)]
#[group(id = "options", multiple = true, conflicts_with = "resume")]
struct Options {
    /// Questions of a step; larger ones need fewer passes of the encoder.
    #[arg(long, value_name = "N", default_value_t = 1024)]
    batch_size: usize,
    /// Wrong answers that a step draws to stand for all others in its softmax, beside the right ones of its questions [default: all entities].
    #[arg(long, value_name = "N")]
    negatives: Option<usize>,
    /// Share of the right that all entities have together, from 0 to below 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    label_smoothing: f64,
    /// Epochs between two evaluations on valid.txt.
    #[arg(long, value_name = "EPOCHS", default_value_t = 5)]
    evaluate_every: usize,
    /// Stop after so many evaluations without a better one.
    #[arg(long, value_name = "N")]
    patience: Option<usize>,
    /// Highest learning rate.
    #[arg(long, default_value_t = 1e-3)]
    lr: f64,
    /// adam or adamw.
    #[arg(long, default_value = "adam")]
    optimizer: OptimizerKind,
    /// Added to gradients (adam) or applied to parameters (adamw).
    #[arg(long, default_value_t = 0.0)]
    weight_decay: f64,
    /// How the learning rate falls: constant or cosine.
    #[arg(long, default_value = "constant")]
    schedule: Schedule,
    /// Epochs in which the learning rate rises.
    #[arg(long, value_name = "EPOCHS", default_value_t = 0)]
    warmup: usize,
    /// Scale gradients down so that their norm is at most this.
    #[arg(long, value_name = "NORM")]
    clip: Option<f64>,
    /// Width of embeddings.
    #[arg(long, value_name = "F", default_value_t = 200)]
    hidden: usize,
    /// Layers of StarE; 0 leaves the graph out.
    #[arg(long, value_name = "N", default_value_t = 1)]
    layers: usize,
    /// How StarE composes an entity and a relation: mult or rotate.
    #[arg(long, default_value = "rotate")]
    composition: Composition,
    /// Share of a relation beside its qualifiers, from 0 to 1.
    #[arg(long, default_value_t = 0.8)]
    alpha: f64,
    /// Layers of the transformer.
    #[arg(long, value_name = "N", default_value_t = 2)]
    decoder_layers: usize,
    /// Heads of its attention; they divide the width.
    #[arg(long, value_name = "N", default_value_t = 4)]
    heads: usize,
    /// Width between its two linear maps.
    #[arg(long, value_name = "N", default_value_t = 512)]
    feed_forward: usize,
    /// Qualifiers that the transformer reads of a question; StarE reads all.
    #[arg(long, value_name = "N", default_value_t = 6)]
    max_qualifiers: usize,
    /// Probability of dropping an activation.
    #[arg(long, default_value_t = 0.2)]
    dropout: f64,
    /// Draws weights, dropout and the order of questions.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Type of activations: f32 or bf16.
    #[arg(long, default_value = "f32")]
    precision: Precision,
}

impl Options {
    fn train(&self, epochs: usize) -> LinkTrainConfig {
        let Self { lr, optimizer, weight_decay, schedule, warmup, patience, clip, seed, precision, .. } = *self;
        let train = TrainConfig {
            seed,
            epochs,
            optimizer,
            lr,
            weight_decay,
            schedule,
            warmup,
            patience,
            clip,
            precision,
            ..TrainConfig::default()
        };
        let Self { batch_size, evaluate_every, negatives, label_smoothing, .. } = *self;
        LinkTrainConfig { train, batch_size, evaluate_every, negatives, label_smoothing }
    }

    fn network(&self, data: &LinkDataset) -> LinkConfig {
        LinkConfig {
            entities: data.entities.len(),
            relations: data.relations.len(),
            width: self.hidden,
            layers: self.layers,
            composition: self.composition,
            alpha: self.alpha,
            decoder_layers: self.decoder_layers,
            heads: self.heads,
            feed_forward: self.feed_forward,
            max_qualifiers: self.max_qualifiers,
            dropout: self.dropout,
        }
    }
}

/// What is trained on what; the first JSON line.
#[derive(Serialize)]
struct Setup<'a> {
    kind: &'static str,
    data: &'a Path,
    entities: usize,
    relations: usize,
    /// In train, valid and test.
    statements: [usize; 3],
    device: String,
    threads: usize,
    network: LinkConfig,
    options: LinkTrainConfig,
}

#[derive(Serialize)]
struct Line {
    kind: &'static str,
    seconds: f64,
    #[serde(flatten)]
    epoch: LinkEpoch,
}

/// The result; the last JSON line, and `report.json`.
#[derive(Serialize)]
struct Report<'a> {
    kind: &'static str,
    best_epoch: usize,
    epochs: usize,
    valid: Option<RankMetrics>,
    test: RankMetrics,
    curve: &'a [LinkEpoch],
    setup: &'a Setup<'a>,
}

struct Training<'a> {
    args: &'a LinkPredictionArgs,
    global: &'a Global,
    data: &'a LinkDataset,
    checkpoint: Option<LinkCheckpoint>,
}

/// Reads the data, trains and reports.
pub(super) fn run(args: &LinkPredictionArgs, global: &Global) -> Result<(), CliError> {
    super::start_threads(args.threads)?;
    let checkpoint = args.resume.as_deref().map(|folder| LinkCheckpoint::read(&folder.join(FILE))).transpose()?;
    let data = LinkDataset::read(&args.data)?;
    dispatch(args.device, Training { args, global, data: &data, checkpoint })?
}

impl WithBackend for Training<'_> {
    type Out = Result<(), CliError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        let Self { args, global, data, checkpoint } = self;
        let mut trainer = match checkpoint {
            Some(mut checkpoint) => {
                checkpoint.config.train.epochs = args.epochs.unwrap_or(checkpoint.config.train.epochs);
                LinkTrainer::<B>::resume(data, checkpoint, &device)?
            }
            None => LinkTrainer::<B>::new(data, &args.options.network(data), &args.options.train(args.epochs.unwrap_or(100)), &device)?,
        };
        let setup = Setup {
            kind: "setup",
            data: &args.data,
            entities: data.entities.len(),
            relations: data.relations.len(),
            statements: [&data.train, &data.valid, &data.test].map(Vec::len),
            device: args.device.device.to_string(),
            threads: rayon::current_num_threads(),
            network: trainer.network().clone(),
            options: trainer.config().clone(),
        };
        let out = args.out.as_deref().or(args.resume.as_deref());
        if let Some(out) = out {
            std::fs::create_dir_all(out).map_err(|error| CliError::failed(format!("{}: cannot create: {error}", out.display())))?;
            // Before hours of training: whether the checkpoint will find its place.
            trainer.checkpoint()?.write(&out.join(FILE))?;
        }
        if global.json {
            output::json(&setup)?;
        } else {
            let [train, valid, test] = setup.statements;
            let counts = format!(
                "{} entities, {} relations, {train} statements to learn from, {valid} to choose by, {test} to test",
                setup.entities, setup.relations
            );
            output::line(format!("{}: {counts}", args.data.display()))?;
        }
        progress::watch_interrupts()?;
        while !trainer.is_finished() {
            let start = Instant::now();
            let (epoch, epochs) = (trainer.progress().curve.len() + 1, trainer.config().train.epochs);
            let bar = StepBar::new(global, epoch, epochs, trainer.steps());
            let ended = trainer.epoch(|step, loss| bar.show(step, loss))?;
            drop(bar);
            let Some(epoch) = ended else { return Err(interrupted(args, trainer.progress().curve.len(), out)) };
            if let Some(out) = out {
                trainer.checkpoint()?.write(&out.join(FILE))?;
            }
            let line = Line { kind: "epoch", seconds: start.elapsed().as_secs_f64(), epoch };
            if global.json {
                output::json(&line)?;
            } else {
                print(&line)?;
            }
            if progress::is_interrupted() {
                return Err(interrupted(args, epoch.epoch, out));
            }
        }
        report(&trainer, &setup, out, global)
    }
}

fn interrupted(args: &LinkPredictionArgs, epochs: usize, out: Option<&Path>) -> CliError {
    match out {
        Some(out) => {
            eprintln!("saved {epochs} epochs in {}; go on with:", out.display());
            eprintln!("  hgql train link-prediction --data {} --resume {}", args.data.display(), out.display());
        }
        None => eprintln!("stopped after {epochs} epochs; with --out DIR they would have been saved"),
    }
    CliError::Interrupted
}

fn print(line: &Line) -> Result<(), CliError> {
    let LinkEpoch { epoch, loss, valid } = &line.epoch;
    let valid = valid.map_or_else(String::new, |valid| format!("  valid MRR {:.4}  hits@10 {:.4}", valid.mrr, valid.hits[3]));
    output::line(format!("epoch {epoch}  loss {loss:.4}  {:.1} s{valid}", line.seconds))
}

fn report<B: HyperBackend>(trainer: &LinkTrainer<'_, B>, setup: &Setup<'_>, out: Option<&Path>, global: &Global) -> Result<(), CliError> {
    let test = trainer.test(|_| {})?;
    let progress = trainer.progress();
    let best = progress.best.ok_or_else(|| CliError::input("no epoch has been trained; give --epochs of at least 1"))?;
    let report = Report {
        kind: "result",
        best_epoch: best.epoch,
        epochs: progress.curve.len(),
        valid: best.valid,
        test,
        curve: &progress.curve,
        setup,
    };
    if let Some(out) = out {
        io::write_file(&out.join("report.json"), &serde_json::to_vec_pretty(&report)?)?;
    }
    if global.json {
        return output::json(&report);
    }
    let mut table =
        output::table(["part", "questions", "MRR", "mean rank", "hits@1", "hits@3", "hits@5", "hits@10"], &[1, 2, 3, 4, 5, 6, 7]);
    for (part, metrics) in [("valid", best.valid), ("test", Some(test))] {
        let Some(RankMetrics { count, mrr, mean_rank, hits }) = metrics else { continue };
        let row = [part.to_owned(), count.to_string(), format!("{mrr:.4}"), format!("{mean_rank:.1}")];
        table.add_row(row.into_iter().chain(hits.map(|share| format!("{share:.4}"))));
    }
    output::line(format!("epoch {} of {}, filtered, ties by mean rank", best.epoch, progress.curve.len()))?;
    output::line(table.to_string())
}
