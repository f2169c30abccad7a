//! `hgql train`: training, one file per part: options, splits, runs, checkpoints, progress, stdout, report, confusion, curve.

pub(super) mod checkpoints;
mod confusion;
mod curve;
pub(super) mod links;
mod memory_curve;
pub(super) mod options;
pub(super) mod pairs;
mod progress;
mod report;
mod run;
pub(super) mod splits;
mod stdout;
pub(super) mod transformer;

use std::path::PathBuf;

use clap::Subcommand;
use hypergraphql_framework::{Duplicates, io};

use super::Global;
use super::backend::{DeviceArg, dispatch};
use super::error::CliError;
use options::Flags;

/// Train a network and report how good it is.
#[derive(Debug, clap::Args)]
pub(crate) struct TrainArgs {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    NodeClassification(Box<NodeClassificationArgs>),
    LinkPrediction(Box<links::LinkPredictionArgs>),
    Pairs(Box<pairs::PairsArgs>),
    Transformer(Box<transformer::TransformerArgs>),
}

/// Train a network that gives every node a class.
#[derive(Debug, clap::Args)]
#[command(args_override_self = true)]
#[command(
    long_about = "Trains on the labelled nodes of a data set, in full batches unless --batch-size or --clusters asks for smaller ones, with an \
                  evaluation on all parts every epoch, and tests the model of the best validation epoch. Run i takes line i of splits_50_25_25.txt, \
                  or of --splits, or else a split drawn from seed + i. A data set without features gets the one-hot label padded to 100 columns \
                  plus N(0, 1), drawn from the seed.\n\n\
                  Options come from flags, else from --config, else from the defaults in brackets. The same seed gives the same numbers at any \
                  --threads. Ctrl-C saves a checkpoint and says how to go on."
)]
#[command(after_help = "Examples:\n  \
                        hgql train node-classification --data data/cora --layer hgnn --runs 10\n  \
                        hgql train node-classification --data data/cora --layer attention --out cora-attention\n  \
                        hgql train node-classification --data data/cora --config best.toml --lr 0.005 --json\n  \
                        hgql train node-classification --data data/walmart --batch-size 1024 --fanout 10x10,10x10\n  \
                        hgql train node-classification --data data/cora --resume cora-attention/run-0\n\n\
                        With --out DIR: DIR/report.json, DIR/curve.svg, DIR/splits.txt, and DIR/run-I, a checkpoint for `hgql predict` and \
                        --resume.")]
pub(crate) struct NodeClassificationArgs {
    /// Folder or file of the data set.
    #[arg(long, value_name = "DATA")]
    data: PathBuf,
    #[command(flatten)]
    device: DeviceArg,
    #[command(flatten)]
    flags: Flags,
    /// TOML file of options, named as the flags are: `lr = 0.01`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Splits to take instead of the data set's: a line per split, a character per node, 0 train, 1 valid, 2 test, - none.
    #[arg(long, value_name = "FILE")]
    splits: Option<PathBuf>,
    /// What a node twice in a hyperedge means: merge (once, with a warning), sum (weights add up) or error.
    #[arg(long, value_name = "RULE", default_value_t)]
    duplicates: Duplicates,
    /// Folder for the report, the learning curve, the splits and a checkpoint per run [default: the folder of a resumed run-I].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the training that this checkpoint stopped in; options are the checkpoint's.
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// Save a checkpoint every so many epochs, with --out or --resume; 0 only at the end of a run.
    #[arg(long, value_name = "EPOCHS", default_value_t = 100)]
    checkpoint_every: usize,
    /// Print a line every so many epochs; 0 none.
    #[arg(long, value_name = "EPOCHS", default_value_t = 0)]
    log_every: usize,
    /// CPU threads [default: one per core].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Train even if the estimate of memory is above what is available.
    #[arg(long)]
    force: bool,
}

/// Reads the data, trains and reports.
pub(crate) fn run(args: TrainArgs, global: &Global) -> Result<(), CliError> {
    match args.task {
        Task::NodeClassification(args) => node_classification(&args, global),
        Task::LinkPrediction(args) => links::run(&args, global),
        Task::Pairs(args) => pairs::run(&args, global),
        Task::Transformer(args) => transformer::run(&args, global),
    }
}

fn node_classification(args: &NodeClassificationArgs, global: &Global) -> Result<(), CliError> {
    start_threads(args.threads)?;
    let resumed = args.resume.as_deref().map(checkpoints::Resumed::read).transpose()?;
    let options = options::resolve(&args.flags, args.config.as_deref(), resumed.as_ref().map(|r| &r.options))?;
    let dataset = io::read_with(&args.data, io::Options { format: None, duplicates: args.duplicates })?;
    let splits = splits::choose(&dataset, args.splits.as_deref(), &options)?;
    resumed.as_ref().map_or(Ok(()), |r| r.check_splits(&splits))?;
    dispatch(args.device, run::Training::new(args, global, options, &dataset, splits, resumed))?
}

/// The threads of --threads, before anything is computed.
pub(super) fn start_threads(threads: Option<u16>) -> Result<(), CliError> {
    let Some(threads) = threads else { return Ok(()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global();
    pool.map_err(|e| CliError::failed(format!("cannot start {threads} threads: {e}")))
}
