//! `hgql convert`: a data set in another format.

use std::path::PathBuf;

use hypergraphql_framework::Dataset;
use hypergraphql_framework::io::{self, Format};
use serde::Serialize;

use super::error::CliError;
use super::{Global, output};

/// Write a data set in another format.
#[derive(Debug, clap::Args)]
#[command(long_about = "Reads a data set, checks it, and writes it in another format.\n\n\
                        Formats are told from the paths: a folder of text files (text), .hif.json, .json or .hif (hif), .csv, .tsv, .npz. HIF and \
                        npz hold everything that a data set can have; CSV and TSV hold the hypergraph and its weights only, so features, labels \
                        and splits must be left out by --hypergraph-only. The output is written beside its place and renamed.")]
#[command(after_help = "Examples:\n  \
                        hgql convert data/cora cora.npz\n  \
                        hgql convert network.json edges.csv --hypergraph-only\n  \
                        hgql convert edges.txt data/mine --from csv --to text")]
pub(crate) struct ConvertArgs {
    /// Folder or file to read.
    input: PathBuf,
    /// Folder or file to write.
    output: PathBuf,
    /// Format of the input, where its path does not tell: text, hif, csv, tsv or npz.
    #[arg(long, value_name = "FORMAT")]
    from: Option<Format>,
    /// Format of the output, where its path does not tell.
    #[arg(long, value_name = "FORMAT")]
    to: Option<Format>,
    /// Leave out features, labels, splits and names.
    #[arg(long)]
    hypergraph_only: bool,
    /// Replace the output when it exists.
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Converted {
    kind: &'static str,
    output: PathBuf,
    format: &'static str,
    nodes: usize,
    hyperedges: usize,
    incidences: usize,
}

/// Reads, writes, and says what was written.
pub(crate) fn run(args: ConvertArgs, global: &Global) -> Result<(), CliError> {
    let format = args.to.map_or_else(|| Format::of(&args.output), Ok)?;
    if args.output.exists() && !args.force {
        let message = format!("{} exists already", args.output.display());
        return Err(CliError::input(message).with_help("give --force to replace it"));
    }
    let mut dataset = io::read_with(&args.input, io::Options { format: args.from, ..io::Options::default() })?;
    if args.hypergraph_only {
        dataset = Dataset::new(dataset.name, dataset.hypergraph);
    }
    io::write_as(&dataset, &args.output, format)?;
    let h = &dataset.hypergraph;
    let (nodes, hyperedges, incidences) = (h.nodes(), h.hyperedges(), h.incidences());
    let done = Converted { kind: "converted", output: args.output, format: format.name(), nodes, hyperedges, incidences };
    if global.json {
        return output::json(&done);
    }
    output::line(format!("{} ({}): {nodes} nodes, {hyperedges} hyperedges, {incidences} incidences", done.output.display(), done.format))
}
