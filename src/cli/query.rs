//! `hgql query`: the answer of one query.

use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use bytesize::ByteSize;
use hypergraphql_query::algebra::Regime;
use hypergraphql_query::parameters::parse_term;
use hypergraphql_query::syntax::decode;
use hypergraphql_query::{ParseOptions, SyntaxError};
use hypergraphql_runtime::engine::{QueryError, QueryOptions};
use oxrdf::Term;

use super::answer::{self, AnswerFormat};
use super::backend::QueryDeviceArg;
use super::error::CliError;
use super::models::ModelArgs;
use super::profile::ProfileArgs;
use super::{Global, kb, output};

/// Ask a question in HyperQL or SPARQL.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Runs one query over a knowledge base (a folder of `hgql load`) or over an RDF file, which is read into memory first.\n\n\
                  HyperQL is SPARQL 1.1 Query with n-ary edges, valid time, inference and trained networks, and reads AND, OR, implicit grouping and dates in \
                  strings; --strict reads SPARQL to the letter. docs/hyperql.md teaches it by example."
)]
#[command(after_help = "Examples:\n  \
                        hgql query kb.hgql 'SELECT ?s ?o { ?s a ?o } LIMIT 10'\n  \
                        hgql query data.ttl -f question.rq --format csv\n  \
                        hgql query kb.hgql -f question.rq --explain\n  \
                        hgql query kb.hgql 'SELECT ?x { ?x :knows $who }' --param who=:ada\n  \
                        hgql query kb.hgql 'SELECT ?x { ?x a :Animal }' --infer rdfs --timeout 10s --memory 2GiB\n  \
                        hgql query kb.hgql 'SELECT ?x { PREDICT { :ada :knows ?x LIMIT 3 } AS ?p }' --model links\n  \
                        hgql query kb.hgql 'SELECT ?x { SIMILAR(?x, \"an old machine\", 5) AS ?score }' --encoder minilm/\n  \
                        hgql query kb.hgql -f question.rq --device vulkan --profile\n  \
                        hgql query kb.hgql -f question.rq --profile svg --profile-file question.svg")]
pub(crate) struct QueryArgs {
    /// Folder of `hgql load`, or a file that it reads.
    kb: PathBuf,
    #[command(flatten)]
    text: Text,
    /// Give the variable $NAME this term: an IRI in <…> or by its prefix, a "string", a number; once for each parameter.
    #[arg(long = "param", value_name = "NAME=TERM", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// How the answer is printed; json with --json, else table.
    #[arg(long, value_name = "FORMAT")]
    format: Option<AnswerFormat>,
    /// Print the plan with the rows expected of each operator, and run nothing.
    #[arg(long, conflicts_with_all = ["profile", "format"])]
    explain: bool,
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    models: ModelArgs,
    #[command(flatten)]
    device: QueryDeviceArg,
}

/// A text of HyperQL, given or in a file.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Text {
    /// The text itself.
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    /// A file with the text; `-` is stdin.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// How a text is read.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Reading {
    /// Read SPARQL to the letter: no AND and OR, no implicit grouping, no undeclared prefixes.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Base of the IRIs in the text.
    #[arg(long, value_name = "IRI")]
    base: Option<String>,
    /// Match over the closure under these rules: rhodf, rdfs, owl2rl or rules.
    #[arg(long, value_name = "REGIME", value_parser = regime)]
    infer: Option<Regime>,
    /// Leave the plan as it was written, to compare.
    #[arg(long)]
    unoptimized: bool,
}

/// What a query may use.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Limits {
    /// Longest time, such as 10s or 2min.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
    /// Most memory of its rows, such as 2GiB.
    #[arg(long, value_name = "BYTES")]
    memory: Option<ByteSize>,
    /// Most rows; more are an error.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

/// Runs the query, or explains it.
pub(crate) fn run(args: &QueryArgs, global: &Global) -> Result<(), CliError> {
    let text = args.text.read()?;
    let options = args.models.apply(args.device.device, args.device.apply(options(&args.reading, &args.limits))?)?;
    let values = args.parameters.iter().map(|(name, text)| Ok((name.as_str(), term(name, text, &options)?)));
    let values = values.collect::<Result<Vec<_>, CliError>>()?;
    let engine = kb::engine(&args.kb, global)?;
    if args.explain {
        let plan = match args.parameters.is_empty() {
            true => engine.explain(&text, &options),
            false => engine.prepare(&text, &options).and_then(|prepared| prepared.explain(&values)),
        };
        let plan = plan.map_err(failed)?;
        return output::line(plan.trim_end());
    }
    let format = args.format.unwrap_or(if global.json { AnswerFormat::Json } else { AnswerFormat::Table });
    let start = Instant::now();
    let answer = match args.parameters.is_empty() {
        true => engine.profile(&text, &options),
        false => engine.prepare(&text, &options).and_then(|prepared| prepared.profile(&values)),
    };
    let (answer, profile) = answer.map_err(failed)?;
    let time = start.elapsed();
    let rows = answer::print(&answer, format)?;
    tracing::info!("{rows} rows in {:.1} ms", time.as_secs_f64() * 1e3);
    args.profile.show(&profile, global)
}

impl Text {
    /// The text.
    pub(crate) fn read(&self) -> Result<String, CliError> {
        let Some(path) = &self.file else { return Ok(self.text.clone().unwrap_or_default()) };
        let mut bytes = Vec::new();
        let read = match path.as_os_str() == "-" {
            true => std::io::stdin().read_to_end(&mut bytes),
            false => std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
        };
        read.map_err(|error| CliError::input(format!("{}: cannot read the text: {error}", path.display())))?;
        decode(bytes).map_err(|error| CliError::input(syntax(&error)))
    }
}

/// Set by Ctrl-C; queries of one process come one after the other.
static CANCEL: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| {
    let flag = Arc::new(AtomicBool::new(false));
    let pressed = Arc::clone(&flag);
    let handler = move || {
        if pressed.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        tracing::warn!("cannot watch for Ctrl-C: {error}");
    }
    flag
});

/// The options of the engine; Ctrl-C cancels the query, a second one ends the process.
pub(crate) fn options(reading: &Reading, limits: &Limits) -> QueryOptions {
    CANCEL.store(false, Ordering::SeqCst);
    let base = QueryOptions::default();
    QueryOptions {
        strict: reading.strict,
        unoptimized: reading.unoptimized,
        base: reading.base.clone(),
        infer: reading.infer,
        timeout: limits.timeout.or(base.timeout),
        memory: limits.memory.map(|bytes| bytes.as_u64()).or(base.memory),
        limit: limits.limit.or(base.limit),
        cancel: Some(Arc::clone(&CANCEL)),
        ..base
    }
}

/// A query that is no query is input; one that ran out of something failed.
pub(crate) fn failed(error: QueryError) -> CliError {
    match error {
        QueryError::Cancelled { .. } => CliError::Interrupted,
        QueryError::Syntax(error) => CliError::input(syntax(&error)),
        error @ (QueryError::Parameter(_) | QueryError::Load { .. } | QueryError::NoModel { .. } | QueryError::Unknown { .. }) => {
            CliError::input(error.to_string())
        }
        QueryError::Store(error) => CliError::from(error),
        error => CliError::failed(error.to_string()),
    }
}

/// The text of a syntax error, which here follows `error: `.
pub(crate) fn syntax(error: &SyntaxError) -> String {
    let text = error.to_string();
    text.strip_prefix("error at ").map_or_else(|| text.clone(), str::to_owned)
}

/// The term of a parameter.
fn term(name: &str, text: &str, options: &QueryOptions) -> Result<Term, CliError> {
    let known = ParseOptions { base: options.base.clone(), ..ParseOptions::default() };
    parse_term(text, &known).map_err(|error| CliError::input(format!("--param {name}: {}", syntax(&error))))
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, term) = text.split_once('=').ok_or("expected NAME=TERM, such as who=:ada")?;
    Ok((name.trim_start_matches(['$', '?']).to_owned(), term.to_owned()))
}

pub(crate) fn regime(name: &str) -> Result<Regime, String> {
    match name.to_ascii_lowercase().as_str() {
        "rhodf" => Ok(Regime::RhoDf),
        "rdfs" => Ok(Regime::Rdfs),
        "owl2rl" => Ok(Regime::Owl2Rl),
        "rules" => Ok(Regime::Rules),
        _ => Err("expected rhodf, rdfs, owl2rl or rules".to_owned()),
    }
}
