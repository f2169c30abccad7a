//! `hgql infer`: a knowledge base with what follows from it.

use std::path::PathBuf;
use std::time::Instant;

use hypergraphql_query::algebra::Regime;
use serde::Serialize;

use super::error::CliError;
use super::query::{self, Limits, Reading};
use super::{Global, kb, logging, output};

/// Write what follows from a knowledge base into another.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Writes another knowledge base with the statements of the first and what follows from each of its graphs for itself, so that queries need no \
                  INFER. An inconsistent graph is an error that names the rule and the statements. The result is a closure until it is changed: change the first \
                  knowledge base and infer anew."
)]
#[command(after_help = "Examples:\n  \
                        hgql infer kb.hgql --regime rdfs -o closed.hgql\n  \
                        hgql infer kb.hgql --regime owl2rl -o closed.hgql --force --timeout 10min")]
pub(crate) struct InferArgs {
    /// Folder of `hgql load`, or a file that it reads.
    kb: PathBuf,
    /// The rules: rhodf, rdfs, owl2rl or rules.
    #[arg(long, value_name = "REGIME", value_parser = query::regime)]
    regime: Regime,
    /// Folder to write.
    #[arg(short, long, value_name = "KB")]
    output: PathBuf,
    /// Replace the output when it exists.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    limits: Limits,
}

#[derive(Serialize)]
struct Inferred<'a> {
    kind: &'static str,
    output: &'a PathBuf,
    regime: String,
    asserted: u64,
    derived: u64,
    annotations: u64,
    left_out: u64,
    inexact: u64,
    ms: f64,
}

/// Infers and writes.
pub(crate) fn run(args: &InferArgs, global: &Global) -> Result<(), CliError> {
    kb::check_output(&args.output, args.force)?;
    let same = args.output.canonicalize().is_ok_and(|output| args.kb.canonicalize().is_ok_and(|kb| kb == output));
    if same {
        let message = format!("{} is the knowledge base itself", args.output.display());
        return Err(
            CliError::input(message).with_help("name another folder: what is inferred cannot be told from what was asserted later on")
        );
    }
    let start = Instant::now();
    let engine = kb::engine(&args.kb, global)?;
    let bar = kb::spinner(global);
    bar.set_message(format!("closing {} statements under {:?}", engine.space().len(), args.regime));
    let closed = engine.materialize(args.regime, &query::options(&Reading::default(), &args.limits)).map_err(query::failed);
    logging::set_bar(None);
    bar.finish_and_clear();
    let closed = closed?;
    closed.space.save(&args.output)?;
    let inferred = Inferred {
        kind: "infer",
        output: &args.output,
        regime: format!("{:?}", args.regime).to_ascii_lowercase(),
        asserted: closed.asserted,
        derived: closed.derived,
        annotations: closed.annotations,
        left_out: closed.left_out,
        inexact: closed.inexact,
        ms: start.elapsed().as_secs_f64() * 1e3,
    };
    if inferred.inexact > 0 {
        tracing::warn!(
            "{} statements are about hyperedges or reifiers with valid times of their own, so that theirs is another than it follows",
            inferred.inexact
        );
    }
    if global.json {
        return output::json(&inferred);
    }
    let Inferred { asserted, derived, left_out, ms, .. } = inferred;
    let beside = if left_out == 0 { String::new() } else { format!(", {left_out} left out whose subject is a literal") };
    output::line(format!("{}: {asserted} statements asserted, {derived} inferred{beside}, {:.1} s", args.output.display(), ms / 1e3))
}
