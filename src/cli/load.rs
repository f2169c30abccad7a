//! `hgql load`: RDF and hyperedges as a knowledge base.

use std::path::PathBuf;
use std::time::Instant;

use hypergraphql_framework::store::{AtomSpace, Format, LoadOptions};
use oxrdf::NamedNode;
use serde::Serialize;

use super::error::CliError;
use super::{Global, kb, output};

/// Make a knowledge base from files.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Reads RDF (N-Triples, N-Quads, Turtle, TriG) and hyperedges (HIF, npz, CSV, TSV, Parquet, lines of qualified statements), gives every term a number \
                  in an order of values, sorts the statements in four orders and writes a folder, which the other commands map into memory.\n\n\
                  Formats are told from the extensions, before which there may be .gz: .nt, .nq, .ttl, .trig, .hif.json, .npz, .csv, .tsv, .parquet."
)]
#[command(after_help = "Examples:\n  \
                        hgql load people.ttl works.nt.gz -o kb.hgql\n  \
                        hgql load wd50k/statements.txt --format statements -o wd50k.hgql\n  \
                        hgql load more.ttl -o kb.hgql --add\n  \
                        hgql load labels.nt -o kb.hgql --text-index\n  \
                        hgql load dump.nt -o kb.hgql --lenient refused.nt")]
pub(crate) struct LoadArgs {
    /// Files to read.
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Folder to write.
    #[arg(short, long, value_name = "KB")]
    output: PathBuf,
    /// Format of all files, where their extensions do not tell: ntriples, nquads, turtle, trig, hif, npz, csv, tsv, statements or parquet.
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Base of relative IRIs in Turtle and TriG.
    #[arg(long, value_name = "IRI")]
    base: Option<String>,
    /// What names in HIF, npz, CSV, TSV, Parquet and statements are appended to [default: `http://example.org/`].
    #[arg(long, value_name = "IRI")]
    namespace: Option<String>,
    /// The graph of statements that name none.
    #[arg(long, value_name = "IRI", value_parser = iri)]
    graph: Option<NamedNode>,
    /// Make an index of the texts of strings, with which the optimiser finds those that contain a part (CONTAINS, REGEX); --add keeps one that is there.
    #[arg(long, overrides_with = "no_text_index")]
    text_index: bool,
    /// Make no index of texts, though the output has one.
    #[arg(long, overrides_with = "text_index")]
    no_text_index: bool,
    /// Go on after lines that cannot be read, and write them to this file; formats of lines only.
    #[arg(long, value_name = "FILE")]
    lenient: Option<PathBuf>,
    /// Add the files to what the output holds.
    #[arg(long, conflicts_with = "force")]
    add: bool,
    /// Replace the output when it exists.
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Loaded {
    kind: &'static str,
    output: PathBuf,
    statements: u64,
    terms: u32,
    graphs: usize,
    bytes: u64,
    ms: f64,
}

/// Reads, sorts, writes, and says what was written.
pub(crate) fn run(args: LoadArgs, global: &Global) -> Result<(), CliError> {
    if args.output.exists() && !args.force && !args.add {
        let message = format!("{} exists already", args.output.display());
        return Err(CliError::input(message).with_help("give --force to replace it, or --add to add to it"));
    }
    kb::check_output(&args.output, true)?;
    let options = LoadOptions {
        format: args.format,
        base: args.base,
        namespace: args.namespace,
        graph: args.graph,
        onto: if args.add { Some(AtomSpace::open(&args.output)?) } else { None },
        text_index: (args.text_index || args.no_text_index).then_some(args.text_index),
        rejects: args.lenient,
        progress: None,
    };
    let start = Instant::now();
    let space = kb::load(&args.files, &options, global)?;
    space.save(&args.output)?;
    let loaded = Loaded {
        kind: "load",
        statements: space.len(),
        terms: space.terms(),
        graphs: space.graphs().len(),
        bytes: kb::bytes(&args.output),
        ms: start.elapsed().as_secs_f64() * 1e3,
        output: args.output,
    };
    if global.json {
        return output::json(&loaded);
    }
    let (seconds, size) = (loaded.ms / 1e3, output::bytes(loaded.bytes));
    output::line(format!("{}: {} statements, {} terms, {size}, {seconds:.1} s", loaded.output.display(), loaded.statements, loaded.terms))
}

pub(crate) fn iri(text: &str) -> Result<NamedNode, String> {
    NamedNode::new(text).map_err(|error| error.to_string())
}
