//! `hgql info`: what a data set holds.

use std::path::{Path, PathBuf};

use hypergraphql_framework::io::{self, Format};
use hypergraphql_framework::stats::Summary;
use hypergraphql_framework::{Dataset, Duplicates, Features};
use serde::Serialize;

use super::error::CliError;
use super::{Global, kb, output};

/// Show what a data set holds.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Reads a data set, checks it, and shows its hypergraph (counts, degrees, sizes, peculiarities), its features, labels and \
                  splits, and the memory it takes. Of a folder of `hgql load`, the data set that `hgql convert` would make of it.\n\n\
                  The format is told from the path: a folder of text files, or a file that ends in .hif.json, .json, .hif, .csv, .tsv, .npz or .parquet."
)]
#[command(after_help = "Examples:\n  \
                        hgql info data/cora\n  \
                        hgql info edges.txt --from csv\n  \
                        hgql info kb.hgql --hyperedges triples\n  \
                        hgql info data.npz --json | jq .incidences")]
pub(crate) struct InfoArgs {
    /// Folder or file of the data set.
    data: PathBuf,
    /// Its format, where the path does not tell: text, hif, csv, tsv, npz or parquet.
    #[arg(long, value_name = "FORMAT")]
    from: Option<Format>,
    /// What a node twice in a hyperedge means: merge (once, with a warning), sum (weights add up) or error.
    #[arg(long, value_name = "RULE", default_value_t)]
    duplicates: Duplicates,
    #[command(flatten)]
    of_kb: kb::DatasetArgs,
}

#[derive(Serialize)]
struct Info {
    kind: &'static str,
    name: String,
    format: &'static str,
    file_bytes: u64,
    #[serde(flatten)]
    summary: Summary,
    features: FeatureInfo,
    labels: Option<LabelInfo>,
    splits: Vec<SplitInfo>,
    relations: Option<RelationInfo>,
    memory_bytes: usize,
}

/// How many distinct relations and roles there are.
#[derive(Serialize)]
struct RelationInfo {
    relations: usize,
    roles: usize,
}

#[derive(Serialize)]
struct FeatureInfo {
    storage: &'static str,
    width: usize,
    stored: usize,
    bytes: usize,
}

#[derive(Serialize)]
struct LabelInfo {
    classes: usize,
    labelled: usize,
    counts: Vec<usize>,
    names: Vec<String>,
}

/// One protocol: how many splits it has, and the sizes of the first one.
#[derive(Serialize)]
struct SplitInfo {
    name: String,
    count: usize,
    train: usize,
    valid: usize,
    test: usize,
}

/// Reads the data set and prints what it holds.
pub(crate) fn run(args: InfoArgs, global: &Global) -> Result<(), CliError> {
    let options = io::Options { format: args.from, duplicates: args.duplicates };
    let (dataset, format) = match args.of_kb.dataset(&args.data, options)? {
        Some(dataset) => (dataset, "knowledge base"),
        None => {
            let format = args.from.map_or_else(|| Format::of(&args.data), Ok)?;
            (io::read_with(&args.data, io::Options { format: Some(format), ..options })?, format.name())
        }
    };
    let info = Info::of(&dataset, format, file_bytes(&args.data));
    if global.json { output::json(&info) } else { print(&info) }
}

impl Info {
    fn of(dataset: &Dataset, format: &'static str, file_bytes: u64) -> Self {
        let summary = Summary::of(&dataset.hypergraph);
        let features = feature_info(&dataset.features);
        let labels = dataset.labels.as_ref().map(|labels| LabelInfo {
            classes: labels.classes,
            labelled: labels.labelled().len(),
            counts: labels.counts(),
            names: dataset.label_names.clone(),
        });
        let memory_bytes = summary.bytes + features.bytes;
        let name = dataset.name.clone();
        let relations =
            dataset.relations.as_ref().map(|of| RelationInfo { relations: of.relations.names.len(), roles: of.roles.names.len() });
        let splits = split_info(dataset);
        Self { kind: "info", name, format, file_bytes, summary, features, labels, splits, relations, memory_bytes }
    }
}

fn feature_info(features: &Features) -> FeatureInfo {
    let (storage, bytes) = match features {
        Features::Dense(x) => ("dense", x.len() * size_of::<f32>()),
        Features::Sparse(x) => ("sparse", x.nnz() * (size_of::<usize>() + size_of::<f32>()) + (x.rows() + 1) * size_of::<usize>()),
        Features::None => ("none", 0),
    };
    FeatureInfo { storage, width: features.width(), stored: features.nnz(), bytes }
}

fn split_info(dataset: &Dataset) -> Vec<SplitInfo> {
    let unnamed = [(String::new(), dataset.splits.len())];
    let named = dataset.split_sets.iter().map(|set| (set.name.clone(), set.count));
    let sets: Vec<_> = if dataset.split_sets.is_empty() { unnamed.into() } else { named.collect() };
    let mut start = 0;
    let mut found = Vec::new();
    for (name, count) in sets {
        if let Some(first) = dataset.splits.get(start).filter(|_| count > 0) {
            found.push(SplitInfo { name, count, train: first.train.len(), valid: first.valid.len(), test: first.test.len() });
        }
        start += count;
    }
    found
}

/// Bytes on disk: of the file, or of the files directly in the folder.
fn file_bytes(path: &Path) -> u64 {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |meta| if meta.is_file() { meta.len() } else { 0 });
    match std::fs::read_dir(path) {
        Err(_) => size(path),
        Ok(entries) => entries.flatten().map(|entry| size(&entry.path())).sum(),
    }
}

fn print(info: &Info) -> Result<(), CliError> {
    let s = &info.summary;
    let mut table = output::table([info.name.as_str(), ""], &[]);
    table.add_row(["format".into(), format!("{}, {} on disk", info.format, output::bytes(info.file_bytes))]);
    table.add_row(["nodes".into(), s.nodes.to_string()]);
    table.add_row(["hyperedges".into(), s.hyperedges.to_string()]);
    table.add_row(["incidences".into(), s.incidences.to_string()]);
    table.add_row(["hyperedges of a node".into(), format!("{} to {}, mean {:.2}", s.min_degree, s.max_degree, s.mean_degree)]);
    table.add_row(["nodes of a hyperedge".into(), format!("{} to {}, mean {:.2}", s.min_size, s.max_size, s.mean_size)]);
    table.add_row(["isolated nodes".into(), s.isolated_nodes.to_string()]);
    table.add_row(["singleton hyperedges".into(), s.singletons.to_string()]);
    table.add_row(["duplicate hyperedges".into(), s.duplicate_hyperedges.to_string()]);
    table.add_row(["connected components".into(), s.components.to_string()]);
    table.add_row(["weights".into(), weights(s).to_owned()]);
    let relations = info.relations.as_ref().map_or_else(|| "none".into(), |of| format!("{} relations, {} roles", of.relations, of.roles));
    table.add_row(["relations".into(), relations]);
    table.add_row(["features".into(), features(&info.features, s.nodes)]);
    table.add_row(["labels".into(), info.labels.as_ref().map_or_else(|| "none".into(), |l| labels(l, s.nodes))]);
    for split in &info.splits {
        let name = if split.name.is_empty() { String::new() } else { format!("{}: ", split.name) };
        let sizes = format!("{} train, {} validation, {} test", split.train, split.valid, split.test);
        table.add_row(["splits".into(), format!("{name}{}; the first has {sizes}", split.count)]);
    }
    table.add_row(["memory".into(), output::bytes(info.memory_bytes as u64)]);
    output::line(table.to_string())
}

fn weights(summary: &Summary) -> &'static str {
    match (summary.incidence_weights, summary.hyperedge_weights) {
        (false, false) => "none",
        (true, false) => "on incidences",
        (false, true) => "on hyperedges",
        (true, true) => "on incidences and hyperedges",
    }
}

fn features(features: &FeatureInfo, nodes: usize) -> String {
    if features.storage == "none" {
        return "none".to_owned();
    }
    let share = 100.0 * features.stored as f64 / ((nodes * features.width).max(1)) as f64;
    format!("{} columns, {}, {share:.1} % stored", features.width, features.storage)
}

fn labels(labels: &LabelInfo, nodes: usize) -> String {
    const SHOWN: usize = 12;
    let name = |class: usize| labels.names.get(class).cloned().unwrap_or_else(|| class.to_string());
    let counts: Vec<_> = labels.counts.iter().take(SHOWN).enumerate().map(|(class, n)| format!("{} ({n})", name(class))).collect();
    let rest = if labels.counts.len() > SHOWN { ", …" } else { "" };
    format!("{} classes, {} of {nodes} nodes labelled: {}{rest}", labels.classes, labels.labelled, counts.join(", "))
}
