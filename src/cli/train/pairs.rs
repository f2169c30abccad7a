//! `hgql train pairs`: which nodes are connected, and how.

mod report;

use std::path::{Path, PathBuf};
use std::time::Instant;

use hypergraphql_framework::io;
use hypergraphql_framework::links::LinkDataset;
use hypergraphql_framework::store::Hyperedges;
use hypergraphql_models::Precision;
use hypergraphql_models::pairs::{PairCheckpoint, PairConfig, PairData, PairOptions, PairTrainConfig, PairTrainer, PairWeights};
use hypergraphql_models::schedule::Schedule;
use hypergraphql_models::train::{OptimizerKind, TrainConfig};
use hypergraphql_ops::HyperBackend;

use super::progress::{self, StepBar};
use super::stdout::Stdout;
use crate::cli::Global;
use crate::cli::backend::{DeviceArg, WithBackend, dispatch};
use crate::cli::error::CliError;
use crate::cli::kb::DatasetArgs;
use report::Setup;

/// The file of a checkpoint in its folder.
pub(crate) const FILE: &str = "pairs.safetensors";

/// Train a network that tells which nodes are connected, and how.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Trains GATv2 (Brody et al. 2022) on pairs of nodes, with two heads: whether a pair is connected, and by which type of connection. Pairs are \
                  subject and object of the statements of a folder of train.txt, valid.txt and test.txt, or every two members of the hyperedges of a data \
                  set or of a knowledge base (there also of its statements, unless --hyperedges says otherwise). The relation is the type; the most frequent \
                  --types of training have a name, the others are one type `(other)`.\n\n\
                  Parts never share two nodes that are connected, in whatever direction and by whatever type, and the network passes messages along training \
                  pairs alone, without those it is asked for in a step. Reported are, against pairs that no part connects (one node of the pair \
                  replaced by any other): area under the ROC curve, average precision as if half of all pairs were connected, mean reciprocal rank and hits \
                  of each pair among its own --eval-negatives (same scores share their mean rank), and accuracy and macro-F1 of types, by the epoch of the \
                  best validation MRR.\n\n\
                  The same seed gives the same numbers. Ctrl-C saves the last whole epoch and says how to go on."
)]
#[command(after_help = "Examples:\n  \
                        hgql train pairs --data data/wd50k_100 --out pairs\n  \
                        hgql train pairs --data kb.hgql --directed --hyperedges triples --split 0.9,0.05,0.05 --out pairs\n  \
                        hgql train pairs --data data/wd50k_100 --resume pairs --epochs 200\n  \
                        hgql predict pairs --model pairs --top 10")]
pub(crate) struct PairsArgs {
    /// Folder of train.txt, valid.txt and test.txt, data set, or knowledge base of `hgql load`.
    #[arg(long, value_name = "DATA")]
    data: PathBuf,
    #[command(flatten)]
    dataset: DatasetArgs,
    #[command(flatten)]
    device: DeviceArg,
    /// Folder for the checkpoint pairs.safetensors and report.json [default: the one of --resume].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the training that left its checkpoint in this folder; options are the checkpoint's, --epochs may say more.
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// Passes over the training pairs [default: 100].
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
    /// (u, v) and (v, u) are two pairs: from subject to object.
    #[arg(long)]
    directed: bool,
    /// Most types, `(other)` among them; 0: connections have no types.
    #[arg(long, value_name = "N", default_value_t = 10)]
    types: usize,
    /// Shares of train, valid and test, drawn from the seed [default: the folder's own parts, else 0.8,0.1,0.1].
    #[arg(long, value_name = "A,B,C", value_parser = shares)]
    split: Option<[f64; 3]>,
    /// Leave out hyperedges of more members.
    #[arg(long, value_name = "N", default_value_t = 32)]
    max_members: usize,
    /// Connected pairs of a step, at most half of them.
    #[arg(long, value_name = "N", default_value_t = 4096)]
    batch_size: usize,
    /// Pairs that are not connected, for each that is.
    #[arg(long, value_name = "N", default_value_t = 4)]
    negatives: usize,
    /// The same in evaluations.
    #[arg(long, value_name = "N", default_value_t = 100)]
    eval_negatives: usize,
    /// Epochs between two evaluations on the validation part.
    #[arg(long, value_name = "EPOCHS", default_value_t = 5)]
    evaluate_every: usize,
    /// Stop after so many evaluations without a better one.
    #[arg(long, value_name = "N")]
    patience: Option<usize>,
    /// Highest learning rate.
    #[arg(long, default_value_t = 5e-3)]
    lr: f64,
    /// adam or adamw.
    #[arg(long, default_value = "adamw")]
    optimizer: OptimizerKind,
    /// Added to gradients (adam) or applied to parameters (adamw).
    #[arg(long, default_value_t = 1e-4)]
    weight_decay: f64,
    /// How the learning rate falls: constant or cosine.
    #[arg(long, default_value = "cosine")]
    schedule: Schedule,
    /// Epochs in which the learning rate rises.
    #[arg(long, value_name = "EPOCHS", default_value_t = 0)]
    warmup: usize,
    /// Scale gradients down so that their norm is at most this.
    #[arg(long, value_name = "NORM")]
    clip: Option<f64>,
    /// Width of the states of nodes.
    #[arg(long, value_name = "F", default_value_t = 128)]
    hidden: usize,
    /// Layers of GATv2; 0 leaves the graph out.
    #[arg(long, value_name = "N", default_value_t = 2)]
    layers: usize,
    /// Heads of its attention; they divide the width.
    #[arg(long, value_name = "N", default_value_t = 4)]
    heads: usize,
    /// Width of the embedding of a relation, which the attention reads.
    #[arg(long, value_name = "N", default_value_t = 32)]
    relation_width: usize,
    /// Probability of dropping an activation.
    #[arg(long, default_value_t = 0.2)]
    dropout: f64,
    /// What the loss of the head that searches for candidates counts.
    #[arg(long, value_name = "W", default_value_t = 1.0)]
    candidate_weight: f64,
    /// What the loss of the types counts.
    #[arg(long, value_name = "W", default_value_t = 1.0)]
    type_weight: f64,
    /// Draws the split, weights, dropout, negatives and the order of pairs.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Type of activations: f32 or bf16.
    #[arg(long, default_value = "f32")]
    precision: Precision,
}

fn shares(text: &str) -> Result<[f64; 3], String> {
    let shares: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    let shares = shares.and_then(|shares| <[f64; 3]>::try_from(shares).ok());
    shares.ok_or_else(|| "expected three numbers such as 0.8,0.1,0.1".to_owned())
}

impl Options {
    fn pairs(&self) -> PairOptions {
        let Self { directed, types, split, seed, max_members, .. } = *self;
        PairOptions { directed, types, split, seed, max_members }
    }

    fn train(&self, epochs: usize) -> PairTrainConfig {
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
        PairTrainConfig {
            train,
            batch_size: self.batch_size,
            negatives: self.negatives,
            evaluate_every: self.evaluate_every,
            eval_negatives: self.eval_negatives,
            weights: PairWeights { candidate: self.candidate_weight, types: self.type_weight },
        }
    }

    fn network(&self, data: &PairData) -> PairConfig {
        PairConfig {
            width: self.hidden,
            layers: self.layers,
            heads: self.heads,
            relation_width: self.relation_width,
            dropout: self.dropout,
            ..PairConfig::of(data)
        }
    }
}

struct Training<'a> {
    args: &'a PairsArgs,
    global: &'a Global,
    data: &'a PairData,
    checkpoint: Option<PairCheckpoint>,
}

/// Reads the data, trains and reports.
pub(super) fn run(args: &PairsArgs, global: &Global) -> Result<(), CliError> {
    super::start_threads(args.threads)?;
    let checkpoint = args.resume.as_deref().map(|folder| PairCheckpoint::read(&folder.join(FILE))).transpose()?;
    let data = read(args, &checkpoint.as_ref().map_or_else(|| args.options.pairs(), |checkpoint| checkpoint.data.options))?;
    dispatch(args.device, Training { args, global, data: &data, checkpoint })?
}

fn read(args: &PairsArgs, options: &PairOptions) -> Result<PairData, CliError> {
    let path = args.data.as_path();
    if let Some(dataset) = args.dataset.dataset_or(path, io::Options::default(), Hyperedges::All)? {
        return Ok(PairData::of_dataset(&dataset, options)?);
    }
    if path.join("train.txt").is_file() {
        return Ok(PairData::of_links(&LinkDataset::read(path)?, options)?);
    }
    Ok(PairData::of_dataset(&io::read(path)?, options)?)
}

impl WithBackend for Training<'_> {
    type Out = Result<(), CliError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        let Self { args, global, data, checkpoint } = self;
        let mut trainer = match checkpoint {
            Some(mut checkpoint) => {
                checkpoint.config.train.epochs = args.epochs.unwrap_or(checkpoint.config.train.epochs);
                PairTrainer::<B>::resume(data, checkpoint, &device)?
            }
            None => PairTrainer::<B>::new(data, &args.options.network(data), &args.options.train(args.epochs.unwrap_or(100)), &device)?,
        };
        let setup = Setup::new(&args.data, data, args.device.device.to_string(), &trainer);
        let out = args.out.as_deref().or(args.resume.as_deref());
        if let Some(out) = out {
            std::fs::create_dir_all(out).map_err(|error| CliError::failed(format!("{}: cannot create: {error}", out.display())))?;
            // Before hours of training: whether the checkpoint will find its place.
            trainer.checkpoint()?.write(&out.join(FILE))?;
        }
        let stdout = Stdout::new(out.is_some());
        stdout.print(|| setup.print(global))?;
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
            stdout.print(|| report::print_epoch(&epoch, start.elapsed().as_secs_f64(), global))?;
            if progress::is_interrupted() {
                return Err(interrupted(args, epoch.epoch, out));
            }
        }
        report::finish(&trainer, &setup, out, |report| stdout.print(|| report.print(global)))
    }
}

fn interrupted(args: &PairsArgs, epochs: usize, out: Option<&Path>) -> CliError {
    match out {
        Some(out) => {
            eprintln!("saved {epochs} epochs in {}; go on with:", out.display());
            eprintln!("  hgql train pairs --data {} --resume {}", args.data.display(), out.display());
        }
        None => eprintln!("stopped after {epochs} epochs; with --out DIR they would have been saved"),
    }
    CliError::Interrupted
}

/// What is left of a name that people read: of an IRI the part after the last `/` or `#`.
pub(crate) fn short(name: &str) -> &str {
    let end = name.strip_suffix(['/', '#', '>']).unwrap_or(name);
    match end.rsplit(['/', '#']).next() {
        Some(last) if !last.is_empty() && end.contains("://") => last,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_three_numbers() {
        assert_eq!(shares("0.8, 0.1,0.1"), Ok([0.8, 0.1, 0.1]));
        for bad in ["0.8,0.2", "a,b,c", "", "1,0,0,0"] {
            assert!(shares(bad).unwrap_err().contains("0.8,0.1,0.1"), "{bad}");
        }
    }

    #[test]
    fn iris_are_cut_for_people() {
        assert_eq!(short("http://www.wikidata.org/prop/direct/P31"), "P31");
        assert_eq!(short("https://example.org/ns#knows"), "knows");
        assert_eq!(short("https://example.org/"), "example.org");
        assert_eq!(short("km/h"), "km/h");
    }
}
