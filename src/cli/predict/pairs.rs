//! `hgql predict pairs`: connections that are missing.

use std::path::PathBuf;

use hypergraphql_models::pairs::{
    CandidateOptions, End, FoundPair, IndexOptions, PairCheckpoint, PairData, PairFinder, TrainedPairs, Verification,
};
use hypergraphql_ops::HyperBackend;
use serde::Serialize;

use super::link::number;
use crate::cli::backend::{DeviceArg, WithBackend, dispatch};
use crate::cli::error::CliError;
use crate::cli::train::pairs::{FILE, short};
use crate::cli::{Global, kb, logging, output};

/// Predict connections that the data does not have.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Shows the pairs of nodes that are in no part of the data and have the highest scores, with the most probable type of their connection. Not every \
                  pair is scored: of each node only its --candidates, those with the largest inner products, which are searched in the --probes nearest of \
                  --lists lists. --verify-candidates measures what that misses.\n\n\
                  The score is the probability of a connection where one of two pairs is connected, as in training; of all pairs far fewer are, so take it \
                  for an order."
)]
#[command(after_help = "Examples:\n  \
                        hgql predict pairs --model pairs --top 10\n  \
                        hgql predict pairs --model pairs --of Q95068 --top 5 --json\n  \
                        hgql predict pairs --model pairs --of Q95068 --to Q103618\n  \
                        hgql predict pairs --model pairs --candidates 100 --verify-candidates")]
pub(super) struct PairsArgs {
    /// Folder that `hgql train pairs --out` wrote.
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    #[command(flatten)]
    device: DeviceArg,
    /// Only pairs with this node; in directed data, those that begin with it.
    #[arg(long, value_name = "NODE")]
    of: Option<String>,
    /// In directed data, only pairs that end with this node; with --of, this one pair, also if it is known.
    #[arg(long, value_name = "NODE")]
    to: Option<String>,
    /// Pairs to show.
    #[arg(long, value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    top: u32,
    /// Candidates of each node, which are scored.
    #[arg(long, value_name = "N", default_value_t = 50)]
    candidates: usize,
    /// Lists that are searched for the candidates of a node.
    #[arg(long, value_name = "N", default_value_t = 8)]
    probes: usize,
    /// Lists that the nodes are shared out to [default: the square root of their number]; 1 is the exact search.
    #[arg(long, value_name = "N")]
    lists: Option<usize>,
    /// Also measure, on so many nodes, which of the best pairs the candidates have [default where no number stands: 100].
    #[arg(long, value_name = "NODES", num_args = 0..=1, default_missing_value = "100", value_parser = clap::value_parser!(u32).range(1..))]
    verify_candidates: Option<u32>,
}

/// A pair; a JSON line.
#[derive(Serialize)]
struct Row<'a> {
    kind: &'static str,
    /// From 1.
    rank: usize,
    source: &'a str,
    target: &'a str,
    score: f64,
    /// The most probable type.
    r#type: Option<&'a str>,
    type_probability: Option<f32>,
    /// Whether some part of the data has it.
    known: bool,
}

#[derive(Serialize)]
struct Verified {
    kind: &'static str,
    #[serde(flatten)]
    found: Verification,
}

struct Prediction<'a> {
    checkpoint: &'a PairCheckpoint,
    args: &'a PairsArgs,
    global: &'a Global,
    /// The nodes of --of and --to.
    asked: [Option<u32>; 2],
}

impl WithBackend for Prediction<'_> {
    type Out = Result<(Vec<FoundPair>, Option<Verification>), CliError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        let Self { checkpoint, args, global, asked } = self;
        let trained = TrainedPairs::<B>::new(checkpoint, &device)?;
        let (end, nodes) = match asked {
            [Some(source), Some(target)] => return Ok((trained.score(&[(source, target)])?, None)),
            [Some(node), None] => (End::Source, vec![node]),
            [None, Some(node)] => (End::Target, vec![node]),
            [None, None] => (End::Source, (0..checkpoint.data.nodes.len() as u32).collect()),
        };
        let index = IndexOptions { lists: args.lists, ..IndexOptions::default() };
        let finder = PairFinder::new(&trained, end, CandidateOptions { per_node: args.candidates, probes: args.probes, index })?;
        let spinner = kb::spinner(global);
        let found = finder.best(&nodes, args.top as usize, |done| {
            spinner.set_message(format!("{done} of {} nodes", nodes.len()));
            true
        });
        logging::set_bar(None);
        spinner.finish_and_clear();
        let verification = args.verify_candidates.map(|count| {
            let count = (count as usize).min(nodes.len());
            let some: Vec<u32> = (0..count).map(|i| nodes[i * nodes.len() / count]).collect();
            finder.verify(&some, args.top as usize)
        });
        Ok((found?.unwrap_or_default(), verification.transpose()?))
    }
}

/// Reads, predicts and prints.
pub(super) fn run(args: &PairsArgs, global: &Global) -> Result<(), CliError> {
    let checkpoint = PairCheckpoint::read(&args.model.join(FILE))?;
    let data = &checkpoint.data;
    if args.to.is_some() && args.of.is_none() && !data.options.directed {
        return Err(CliError::input("--to: the pairs of this model have no direction").with_help("ask for the pairs of a node with --of"));
    }
    if args.of.is_some() && args.to.is_some() && args.verify_candidates.is_some() {
        return Err(CliError::input("--verify-candidates: a pair that is named by --of and --to is scored without a search"));
    }
    let node = |name: &Option<String>| name.as_deref().map(|name| number("node", name, &data.nodes)).transpose();
    let asked = [node(&args.of)?, node(&args.to)?];
    if asked[0].is_some() && asked[0] == asked[1] {
        return Err(CliError::input("--of and --to: expected two nodes, found one"));
    }
    let (found, verification) = dispatch(args.device, Prediction { checkpoint: &checkpoint, args, global, asked })??;
    let rows = rows(&found, data);
    if global.json {
        rows.iter().try_for_each(output::json)?;
        return verification.map_or(Ok(()), |found| output::json(&Verified { kind: "verification", found }));
    }
    let mut table = output::table(["rank", "source", "target", "score", "type", "of type", "known"], &[0, 3, 5]);
    for Row { rank, source, target, score, r#type, type_probability, known, .. } in rows {
        let (rank, score) = (rank.to_string(), format!("{score:.4}"));
        let share = type_probability.map_or_else(String::new, |p| format!("{p:.4}"));
        let kind = r#type.map(short).unwrap_or_default();
        let cells: [&str; 7] = [&rank, source, target, &score, kind, &share, if known { "yes" } else { "" }];
        table.add_row(cells);
    }
    output::line(table.to_string())?;
    verification.map_or(Ok(()), |found| print(&found))
}

fn rows<'a>(found: &[FoundPair], data: &'a PairData) -> Vec<Row<'a>> {
    let known = data.known();
    let row = |(pair, rank): (&FoundPair, usize)| Row {
        kind: "pair",
        rank,
        source: &data.nodes[pair.source as usize],
        target: &data.nodes[pair.target as usize],
        score: pair.score(),
        r#type: pair.kind.map(|(class, _)| data.types[class as usize].as_str()),
        type_probability: pair.kind.map(|kind| kind.1),
        known: known.contains(pair.source, pair.target),
    };
    found.iter().zip(1..).map(row).collect()
}

fn print(found: &Verification) -> Result<(), CliError> {
    let percent = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", 100.0 * share));
    let Verification { nodes, per_node, search_recall, top, top_recall, compared, search_ms, exact_ms } = found;
    output::line(format!(
        "{per_node} candidates of {nodes} nodes: {} of those of an exact search, with {} of its products ({search_ms:.1} ms, exact {exact_ms:.1} ms)",
        percent(*search_recall),
        percent(Some(*compared)),
    ))?;
    output::line(format!("of the {top} best pairs of a node, when all are scored, {} are among its candidates", percent(*top_recall)))
}
