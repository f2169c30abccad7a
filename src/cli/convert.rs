//! `hgql convert`: a data set in another format.

use std::path::PathBuf;

use hypergraphql_framework::io::{self, Format};
use hypergraphql_framework::{Dataset, Duplicates, Error};
use serde::Serialize;

use super::error::CliError;
use super::{Global, kb, output};

/// Write a data set in another format, or a knowledge base as one.
#[derive(Debug, clap::Args)]
#[command(long_about = "Reads a data set, checks it, and writes it in another format.\n\n\
                        Formats are told from the paths: a folder of text files (text), .hif.json, .json or .hif (hif), .csv, .tsv, .npz. HIF and \
                        npz hold everything that a data set can have; text holds no weights, and features of 0 and 1 only; CSV and TSV hold the \
                        hypergraph, its names and the weights of its incidences, so features, labels and splits must be left out by \
                        --hypergraph-only. Relations and roles, too, stand in HIF and npz only.\n\n\
                        A folder of `hgql load` is read as a data set: players are nodes; --hyperedges says what the hyperedges are, --labels which \
                        predicate tells the classes. `hgql load` makes a knowledge base of HIF and npz again.\n\n\
                        The output is written beside its place and renamed; a text folder is replaced as a whole.")]
#[command(after_help = "Examples:\n  \
                        hgql convert data/cora cora.npz\n  \
                        hgql convert kb.hgql kb.npz --hyperedges all --labels http://example.org/kind\n  \
                        hgql convert network.json edges.csv --hypergraph-only\n  \
                        hgql convert edges.txt data/mine --from csv --to text")]
pub(crate) struct ConvertArgs {
    /// Folder or file to read.
    input: PathBuf,
    /// Folder or file to write.
    output: PathBuf,
    /// Format of the input, where its path does not tell: text, hif, csv, tsv, npz or parquet.
    #[arg(long, value_name = "FORMAT")]
    from: Option<Format>,
    /// Format of the output, where its path does not tell.
    #[arg(long, value_name = "FORMAT")]
    to: Option<Format>,
    /// Leave out features, labels, splits, weights of nodes, relations and roles; names and the hypergraph's own weights stay.
    #[arg(long)]
    hypergraph_only: bool,
    /// What a node twice in a hyperedge means: merge (once, with a warning), sum (weights add up) or error.
    #[arg(long, value_name = "RULE", default_value_t)]
    duplicates: Duplicates,
    #[command(flatten)]
    of_kb: kb::DatasetArgs,
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
    let options = io::Options { format: args.from, duplicates: args.duplicates };
    let mut dataset = match args.of_kb.dataset(&args.input, options)? {
        Some(dataset) => dataset,
        None => io::read_with(&args.input, options)?,
    };
    if args.hypergraph_only {
        let Dataset { name, hypergraph, node_names, hyperedge_names, .. } = dataset;
        dataset = Dataset { node_names, hyperedge_names, ..Dataset::new(name, hypergraph) };
    }
    io::write_as(&dataset, &args.output, format).map_err(|e| refused(e, args.hypergraph_only))?;
    let h = &dataset.hypergraph;
    let (nodes, hyperedges, incidences) = (h.nodes(), h.hyperedges(), h.incidences());
    let done = Converted { kind: "converted", output: args.output, format: format.name(), nodes, hyperedges, incidences };
    if global.json {
        return output::json(&done);
    }
    output::line(format!("{} ({}): {nodes} nodes, {hyperedges} hyperedges, {incidences} incidences", done.output.display(), done.format))
}

/// The error, with the flag that may help where the format has no place for something.
fn refused(error: Error, hypergraph_only: bool) -> CliError {
    let is_too_much = matches!(error, Error::Unsupported { .. }) && !hypergraph_only;
    let error = CliError::from(error);
    if !is_too_much {
        return error;
    }
    error.with_help(
        "--hypergraph-only leaves out features, labels, splits, weights of nodes, relations and roles; `hgql convert --help` says what each format holds",
    )
}
