//! `hgql export`: all statements of a knowledge base as RDF.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use hypergraphql_framework::store::Format;

use super::error::CliError;
use super::{Global, kb};

/// Write a knowledge base as RDF.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Writes every statement, ordered by subject, to stdout or to a file. Nothing is lost: hyperedges, valid time and truth values are RDF. \
                  N-Triples and Turtle hold no named graphs: to a file they are refused where there are some, to stdout all graphs are merged."
)]
#[command(after_help = "Examples:\n  \
                        hgql export kb.hgql -o kb.nq\n  \
                        hgql export kb.hgql -o kb.ttl\n  \
                        hgql export kb.hgql | gzip > kb.nq.gz")]
pub(crate) struct ExportArgs {
    /// Folder of `hgql load`, or a file that it reads.
    kb: PathBuf,
    /// File to write instead of stdout; its extension tells the format.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// ntriples, nquads, turtle or trig [default: nquads, or what the extension says].
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

/// Writes the statements.
pub(crate) fn run(args: &ExportArgs, global: &Global) -> Result<(), CliError> {
    let of_path = args.output.as_deref().map(Format::of);
    let format = args.format.map_or_else(|| of_path.unwrap_or(Ok(Format::NQuads)), Ok)?;
    let space = kb::space(&args.kb, global)?;
    match &args.output {
        Some(path) => Ok(space.export(path, format)?),
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            space.write(&mut out, format)?;
            Ok(out.flush()?)
        }
    }
}
