//! `hgql update`: a knowledge base after SPARQL 1.1 updates.

use std::path::PathBuf;

use hypergraphql_runtime::engine::{Engine, QueryOptions};
use hypergraphql_runtime::{DeviceKind, DeviceSpec};
use serde::Serialize;

use super::error::CliError;
use super::models::ModelArgs;
use super::query::{self, Limits, Reading, Text};
use super::{Global, kb, output};

/// Change a knowledge base.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Applies the operations of a SPARQL 1.1 update (INSERT DATA, DELETE WHERE, …) in their order, all of them or, where one fails, none. What changes \
                  is appended to the log of the knowledge base and on the disk when the command ends; --output writes a whole knowledge base to another \
                  folder and leaves this one as it is. An RDF file is changed only into a knowledge base: give --output.\n\n\
                  LOAD <people.ttl> reads a file that `hgql load` reads, from a path or a file: IRI; nothing is fetched from the network."
)]
#[command(after_help = "Examples:\n  \
                        hgql update kb.hgql 'INSERT DATA { :ada :knows :grace }'\n  \
                        hgql update kb.hgql -f changes.ru -o changed.hgql\n  \
                        hgql update kb.hgql 'INSERT { :ada :mayKnow ?x } WHERE { PREDICT { :ada :knows ?x } }' --model links\n  \
                        hgql update kb.hgql 'LOAD <people.ttl> INTO GRAPH <http://example.org/people>'")]
pub(crate) struct UpdateArgs {
    /// Folder of `hgql load`, or an RDF file with --output.
    kb: PathBuf,
    #[command(flatten)]
    text: Text,
    /// Folder to write; the knowledge base itself if not given.
    #[arg(short, long, value_name = "KB")]
    output: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    models: ModelArgs,
}

/// Where networks compute.
const CPU: DeviceSpec = DeviceSpec { kind: DeviceKind::Cpu, index: None };

#[derive(Serialize)]
struct Updated<'a> {
    kind: &'static str,
    output: &'a PathBuf,
    before: u64,
    statements: u64,
}

/// Changes and writes.
pub(crate) fn run(args: &UpdateArgs, global: &Global) -> Result<(), CliError> {
    let output = args.output.as_ref().unwrap_or(&args.kb);
    if kb::is_source(output) {
        let message = format!("{} is no knowledge base, and an update writes one", output.display());
        return Err(CliError::input(message).with_help("name a folder to write with --output, such as changed.hgql"));
    }
    let text = args.text.read()?;
    let in_place = *output == args.kb;
    let engine = if in_place { kb::engine(&args.kb, global)? } else { Engine::new(kb::space(&args.kb, global)?) };
    let before = engine.space().len();
    // LOAD reads files, relative ones from where the command runs.
    let options = args.models.apply(CPU, query::options(&args.reading, &args.limits))?;
    let options = QueryOptions { load: Some(PathBuf::from(".")), ..options };
    engine.update(&text, &options).map_err(query::failed)?;
    let space = engine.space();
    if !in_place {
        space.save(output)?;
    }
    let updated = Updated { kind: "update", output, before, statements: space.len() };
    if global.json {
        return output::json(&updated);
    }
    output::line(format!("{}: {} statements, before {before}", output.display(), updated.statements))
}
