//! `hgql predict`: classes of the nodes of a hypergraph, by a trained network; `link` completes statements, `pairs` finds missing connections.

mod link;
mod pairs;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use hypergraphql_framework::{Dataset, Duplicates, io};
use hypergraphql_models::checkpoint::{self, Checkpoint};
use hypergraphql_models::task::{Predictions, predict};
use hypergraphql_ops::HyperBackend;
use serde::Serialize;

use super::backend::{DeviceArg, WithBackend, dispatch};
use super::error::CliError;
use super::{Global, output};

/// Rows that are printed where neither --nodes nor --out says otherwise.
const SHOWN: usize = 20;

/// Predict the classes of nodes, what completes a statement, or which connections are missing, with a trained network.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(
    long_about = "Applies the best epoch's network of a checkpoint to a data set, which need not be the one it was trained on: only the \
                        features must be as wide. Self-loops are added as in training; a data set without features needs labels to draw them from, \
                        if the network was trained so."
)]
#[command(after_help = "Examples:\n  \
                        hgql predict --model cora/run-0 --data data/cora --nodes 1,2,3\n  \
                        hgql predict --model cora/run-0 --data other.hif.json --top 3 --out classes.csv\n  \
                        hgql predict --model cora/run-0 --data data/cora --json")]
pub(crate) struct PredictArgs {
    #[command(subcommand)]
    task: Option<Task>,
    /// Checkpoint, as `hgql train --out` writes one per run.
    #[arg(long, value_name = "DIR", required = true)]
    model: Option<PathBuf>,
    /// Folder or file of the data set.
    #[arg(long, value_name = "DATA", required = true)]
    data: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArg,
    /// What a node twice in a hyperedge means: merge (once, with a warning), sum (weights add up) or error.
    #[arg(long, value_name = "RULE", default_value_t)]
    duplicates: Duplicates,
    /// Nodes to show, by number from 0 [default: all with --json or --out, else the first 20].
    #[arg(long, value_delimiter = ',', value_name = "NODE,...")]
    nodes: Option<Vec<u32>>,
    /// Most probable classes to show of each node.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    top: u32,
    /// Write CSV to this file instead of printing the rows.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    Link(link::LinkArgs),
    Pairs(pairs::PairsArgs),
}

struct Prediction<'a> {
    checkpoint: Checkpoint,
    folder: &'a Path,
    dataset: &'a Dataset,
}

impl WithBackend for Prediction<'_> {
    type Out = hypergraphql_models::Result<Predictions>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        predict::<B>(self.checkpoint, self.folder, self.dataset, &device)
    }
}

/// A class of a node.
#[derive(Serialize)]
struct Row<'a> {
    kind: &'static str,
    node: u32,
    /// From 1, the most probable class.
    rank: usize,
    class: usize,
    label: &'a str,
    probability: f32,
}

/// What --out has left.
#[derive(Serialize)]
struct Written<'a> {
    kind: &'static str,
    output: &'a Path,
    rows: usize,
}

/// Reads, predicts and prints.
pub(crate) fn run(args: PredictArgs, global: &Global) -> Result<(), CliError> {
    match &args.task {
        Some(Task::Link(args)) => return link::run(args, global),
        Some(Task::Pairs(args)) => return pairs::run(args, global),
        None => {}
    }
    let (Some(model), Some(data)) = (&args.model, &args.data) else {
        return Err(CliError::input("expected --model and --data"));
    };
    let checkpoint = checkpoint::read(model)?;
    let dataset = io::read_with(data, io::Options { format: None, duplicates: args.duplicates })?;
    let nodes = dataset.hypergraph.nodes();
    if let Some(node) = args.nodes.iter().flatten().find(|n| **n as usize >= nodes) {
        return Err(CliError::input(format!("--nodes: expected nodes below {nodes}, found {node}")));
    }
    let work = Prediction { checkpoint, folder: model, dataset: &dataset };
    let predictions = dispatch(args.device, work)??;
    let shown = if global.json || args.out.is_some() { nodes } else { nodes.min(SHOWN) };
    let chosen = args.nodes.clone().unwrap_or_else(|| (0..shown as u32).collect());
    let rows = chosen.iter().flat_map(|node| rows(&predictions, *node, args.top as usize));
    match &args.out {
        Some(path) => return write(path, rows, global),
        None if global.json => return rows.into_iter().try_for_each(|row| output::json(&row)),
        None => print(rows)?,
    }
    if args.nodes.is_none() && nodes > shown {
        output::line(format!("{} more nodes; --nodes, --out FILE or --json shows them", nodes - shown))?;
    }
    Ok(())
}

fn rows(predictions: &Predictions, node: u32, top: usize) -> Vec<Row<'_>> {
    let classes = predictions.top(node as usize, top).into_iter().zip(1..);
    let row = |((class, probability), rank)| Row { kind: "prediction", node, rank, class, label: &predictions.names[class], probability };
    classes.map(row).collect()
}

fn print<'a>(rows: impl Iterator<Item = Row<'a>>) -> Result<(), CliError> {
    let mut table = output::table(["node", "class", "label", "probability"], &[0, 1, 3]);
    for Row { node, class, label, probability, .. } in rows {
        table.add_row([node.to_string(), class.to_string(), label.to_owned(), format!("{probability:.4}")]);
    }
    output::line(table.to_string())
}

fn write<'a>(path: &Path, rows: impl Iterator<Item = Row<'a>>, global: &Global) -> Result<(), CliError> {
    let mut text = "node,rank,class,label,probability\n".to_owned();
    let mut count = 0;
    for Row { node, rank, class, label, probability, .. } in rows {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{node},{rank},{class},{},{probability}", csv(label));
        count += 1;
    }
    io::write_file(path, text.as_bytes())?;
    if global.json {
        return output::json(&Written { kind: "written", output: path, rows: count });
    }
    output::line(format!("{count} rows in {}", path.display()))
}

/// A field as RFC 4180 has it.
fn csv(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
