//! `hgql export`: the statements of a knowledge base as RDF, as a table of hyperedges or as a data set.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use hypergraphql_framework::Error;
use hypergraphql_framework::store::{AtomSpace, ExportOptions, Format};

use super::error::CliError;
use super::{Global, kb};

/// Write a knowledge base as RDF, or its hyperedges as a table.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Writes every statement, ordered by subject, to stdout or to a file. RDF loses nothing: hyperedges, valid time and truth values are RDF. \
                  N-Triples and Turtle hold no named graphs: to a file they are refused where there are some, to stdout all graphs are merged.\n\n\
                  CSV, TSV and Parquet hold a hyperedge (a node of type hq:Hyperedge) a row with its roles as columns, statements lines of qualified \
                  statements, HIF and npz a data set. What such a format does not hold is counted and refused, or left out with --lenient."
)]
#[command(after_help = "Examples:\n  \
                        hgql export kb.hgql -o kb.nq\n  \
                        hgql export kb.hgql -o kb.ttl.gz\n  \
                        hgql export kb.hgql -o hyperedges.parquet --lenient\n  \
                        hgql export kb.hgql | gzip > kb.nq.gz")]
pub(crate) struct ExportArgs {
    /// Folder of `hgql load`, or a file that it reads.
    kb: PathBuf,
    /// File to write instead of stdout; its extension tells the format.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// ntriples, nquads, turtle, trig, csv, tsv, statements, or to a file parquet, hif or npz [default: nquads, or what the extension says].
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Leave out what the format does not hold, and say on stderr how much that is.
    #[arg(long)]
    lenient: bool,
}

/// Writes the statements.
pub(crate) fn run(args: &ExportArgs, global: &Global) -> Result<(), CliError> {
    let of_path = args.output.as_deref().map(Format::of);
    let format = args.format.map_or_else(|| of_path.unwrap_or(Ok(Format::NQuads)), Ok)?;
    let space = kb::space(&args.kb, global)?;
    let left_out = match &args.output {
        Some(path) => {
            let written = space.export_with(path, &ExportOptions { format, lenient: args.lenient });
            written.map_err(|error| match error {
                Error::Unsupported { instead, .. } if instead.contains("nquads") => {
                    CliError::from(error).with_help("--lenient leaves out what the format does not hold")
                }
                error => error.into(),
            })?
        }
        None => to_stdout(&space, format, args.lenient)?,
    };
    if left_out > 0 {
        tracing::warn!("{format} does not hold {left_out} of the {} statements, which were left out", space.len());
    }
    Ok(())
}

fn to_stdout(space: &AtomSpace, format: Format, lenient: bool) -> Result<u64, CliError> {
    let left_out = match format {
        Format::Hif | Format::Npz | Format::Parquet => {
            return Err(CliError::input(format!("{format} is written to a file, not to stdout")).with_help("name one with --output"));
        }
        // All graphs are merged.
        Format::NTriples | Format::Turtle => 0,
        format => space.left_out(format)?,
    };
    if left_out > 0 && !lenient {
        let message = format!("{format} cannot hold {left_out} of the {} statements", space.len());
        return Err(CliError::input(message).with_help("--lenient leaves them out; nquads and trig hold everything"));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    space.write(&mut out, format)?;
    out.flush()?;
    Ok(left_out)
}
