//! `hgql export`: all statements of a knowledge base as N-Quads.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use hypergraphql_framework::store::AtomSpace;
use oxttl::NQuadsSerializer;

use super::error::CliError;
use super::{Global, kb};

/// Write a knowledge base as N-Quads.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Writes every statement as a line of N-Quads (which is N-Triples where there are no named graphs), ordered by subject, to stdout or \
                  to a file. Nothing is lost: hyperedges, valid time and truth values are RDF."
)]
#[command(after_help = "Examples:\n  \
                        hgql export kb.hgql -o kb.nq\n  \
                        hgql export kb.hgql | gzip > kb.nq.gz")]
pub(crate) struct ExportArgs {
    /// File of `hgql load`, or an RDF file.
    kb: PathBuf,
    /// File to write instead of stdout.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the statements.
pub(crate) fn run(args: ExportArgs, global: &Global) -> Result<(), CliError> {
    let space = kb::space(&args.kb, global)?;
    match &args.output {
        None => Ok(write(&space, io::stdout().lock())?.flush()?),
        Some(path) => whole(&space, path),
    }
}

/// Beside its place, then renamed: no reader sees half of it.
fn whole(space: &AtomSpace, path: &Path) -> Result<(), CliError> {
    let partial = path.with_added_extension("partial");
    let failed = |error: io::Error| CliError::failed(format!("{}: cannot write: {error}", path.display()));
    let file = File::create(&partial).map_err(failed)?;
    let written = write(space, file).and_then(|file| file.sync_all().map_err(failed));
    let renamed = written.and_then(|()| std::fs::rename(&partial, path).map_err(failed));
    renamed.inspect_err(|_| drop(std::fs::remove_file(&partial)))
}

fn write<W: Write>(space: &AtomSpace, to: W) -> Result<W, CliError> {
    let mut writer = NQuadsSerializer::new().for_writer(BufWriter::new(to));
    for quad in kb::quads(space) {
        writer.serialize_quad(&quad?)?;
    }
    writer.finish().into_inner().map_err(|error| CliError::from(error.into_error()))
}
