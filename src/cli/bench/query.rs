//! `hgql bench query`: seven queries over a social world that is drawn here, checked against plain loops before they are timed; or one query over a
//! knowledge base.

mod reference;
mod statements;
mod world;

use std::path::PathBuf;
use std::time::Instant;

use hypergraphql_framework::store::AtomSpace;
use hypergraphql_runtime::engine::{Answer, Engine, QueryOptions};
use oxrdf::Term;
use serde::Serialize;

use crate::cli::backend::QueryDeviceArg;
use crate::cli::error::CliError;
use crate::cli::{Global, kb, output, query};
use reference::Counts;
use world::World;

/// Time queries.
#[derive(Debug, Clone, clap::Args)]
#[command(
    long_about = "Draws a social world from the seed (at scale 1: 100,000 people, 2,000 organisations, 500 cities, 20,000 products and 40,000 events of \
                  four roles, about 1.2 million triples), checks the answers of seven queries on a small world against plain loops, and times them. A \
                  time is that of the whole query: parsing, planning, running, reading the rows. The first run of a query is not counted.\n\n\
                  With --kb one query is timed over a knowledge base.",
    after_help = "Examples:\n  \
                  hgql bench query --scale 0.1\n  \
                  hgql bench query --dump world/ --json\n  \
                  hgql bench query --kb kb.hgql --query 'SELECT (COUNT(*) AS ?n) { ?s ?p ?o }' --json"
)]
pub(super) struct QueryBenchArgs {
    /// Size of the world; 1 has about 1.2 million triples.
    #[arg(long, default_value_t = 1.0, value_parser = scale, conflicts_with = "kb")]
    scale: f64,
    /// Seed of the world.
    #[arg(long, default_value_t = 42, conflicts_with = "kb")]
    seed: u64,
    /// Timed runs of each query; the median is reported.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    reps: u32,
    /// Only these queries, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "kb", value_parser = clap::builder::PossibleValuesParser::new(QUERIES.map(|(name, _)| name)))]
    case: Vec<String>,
    /// Write the world here as t.nt and a table of numbers for each predicate, so that other programs can time the very same one.
    #[arg(long, value_name = "DIR", conflicts_with = "kb")]
    dump: Option<PathBuf>,
    /// A knowledge base instead of the world.
    #[arg(long, requires = "query")]
    kb: Option<PathBuf>,
    /// The query over it.
    #[arg(long, value_name = "TEXT", requires = "kb")]
    query: Option<String>,
    #[command(flatten)]
    device: QueryDeviceArg,
}

/// The queries: counts, so that no time goes into printing rows.
const QUERIES: [(&str, &str); 7] = [
    ("q1_2hop_sel", "SELECT (COUNT(*) AS ?n) { ?a :livesIn :city7 . ?a :knows ?b . ?b :knows ?c }"),
    ("q2_2hop_all", "SELECT (COUNT(*) AS ?n) { ?a :knows ?b . ?b :knows ?c }"),
    (
        "q3_star",
        "SELECT (COUNT(*) AS ?n) { ?p :livesIn :city0 ; :age ?g ; :worksFor ?o ; :likes ?x . ?o :locatedIn ?c FILTER(?g>=30 && ?g<40) }",
    ),
    ("q4_group", "SELECT ?o (COUNT(?p) AS ?n) { ?p :worksFor ?o } GROUP BY ?o ORDER BY DESC(?n) ?o LIMIT 10"),
    ("q5_tri", "SELECT (COUNT(*) AS ?n) { ?a :knows ?b . ?b :knows ?c . ?c :knows ?a }"),
    (
        "q6_nary",
        "SELECT ?o (COUNT(*) AS ?n) { ?e :ev_agent ?a ; :ev_object ?o ; :ev_year ?y . ?a :livesIn :city0 FILTER(?y>=2020) } \
         GROUP BY ?o ORDER BY DESC(?n) ?o LIMIT 10",
    ),
    ("q7_path", "SELECT (COUNT(*) AS ?n) { :person1 :knows+ ?x }"),
];

const PREFIX: &str = "PREFIX : <http://ex.org/>\n";

/// Scale of the world on which answers are checked: the loops need a second or less.
const CHECKED: f64 = 0.02;

#[derive(Serialize)]
struct Timed<'a> {
    kind: &'static str,
    case: &'a str,
    /// Median of whole milliseconds and parts.
    ms: f64,
    ms_min: f64,
    ms_first: f64,
    rows: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    counts: Counts,
}

/// The IRI of a thing of the world.
fn iri(class: &str, number: u32) -> String {
    format!("http://ex.org/{class}{number}")
}

/// Checks, times and reports.
pub(super) fn run(args: &QueryBenchArgs, global: &Global) -> Result<(), CliError> {
    let options = args.device.apply(QueryOptions::default())?;
    if let (Some(path), Some(text)) = (&args.kb, &args.query) {
        let engine = kb::engine(path, global)?;
        return report(&[Timed { counts: Counts::new(), ..time(&engine, "query", text, &options, args.reps)? }], global);
    }
    let chosen: Vec<_> =
        QUERIES.into_iter().filter(|(name, _)| args.case.is_empty() || args.case.iter().any(|case| case == name)).collect();
    check(&chosen, args.seed, &options)?;
    let world = World::new(args.scale, args.seed);
    if let Some(folder) = &args.dump {
        world.dump(folder).map_err(|error| CliError::failed(format!("{}: cannot write the world: {error}", folder.display())))?;
    }
    let start = Instant::now();
    let engine = Engine::new(AtomSpace::from_quads(world.quads())?);
    let load = start.elapsed().as_secs_f64() * 1e3;
    let mut timed = vec![Timed { kind: "bench", case: "load", ms: load, ms_min: load, ms_first: load, rows: 0, counts: Vec::new() }];
    for (name, text) in chosen {
        timed.push(time(&engine, name, &format!("{PREFIX}{text}"), &options, args.reps)?);
    }
    report(&timed, global)
}

/// The answers on a small world must be those of the loops.
fn check(queries: &[(&str, &str)], seed: u64, options: &QueryOptions) -> Result<(), CliError> {
    let world = World::new(CHECKED, seed);
    let engine = Engine::new(AtomSpace::from_quads(world.quads())?);
    for (name, text) in queries {
        let (got, _) = ask(&engine, &format!("{PREFIX}{text}"), options)?;
        let expected = reference::answer(&world, name);
        if expected.as_ref() != Some(&got) {
            return Err(CliError::failed(format!("{name} answers {got:?} on a world of scale {CHECKED}, but loops count {expected:?}")));
        }
    }
    Ok(())
}

fn time<'a>(engine: &Engine, case: &'a str, text: &str, options: &QueryOptions, reps: u32) -> Result<Timed<'a>, CliError> {
    let mut samples = Vec::new();
    let mut last = (Counts::new(), 0);
    for _ in 0..=reps {
        let start = Instant::now();
        last = ask(engine, text, options)?;
        samples.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let first = samples.remove(0);
    samples.sort_by(f64::total_cmp);
    let (counts, rows) = last;
    Ok(Timed { kind: "bench", case, ms: samples[samples.len() / 2], ms_min: samples[0], ms_first: first, rows, counts })
}

/// The rows that are a name and a count, or a count, and how many rows there are.
fn ask(engine: &Engine, text: &str, options: &QueryOptions) -> Result<(Counts, usize), CliError> {
    let answer = engine.query(text, options).map_err(query::failed)?;
    match answer {
        Answer::Boolean(_) => Ok((Counts::new(), 1)),
        Answer::Graph(triples) => Ok((Counts::new(), triples.len())),
        Answer::Solutions(solutions) => {
            let mut rows = 0;
            let counts = solutions.rows().inspect(|_| rows += 1).filter_map(|row| count(&row)).collect();
            Ok((counts, rows))
        }
    }
}

fn count(row: &[Option<Term>]) -> Option<(Option<String>, u64)> {
    let number = |term: &Option<Term>| if let Some(Term::Literal(literal)) = term { literal.value().parse().ok() } else { None };
    match row {
        [count] => Some((None, number(count)?)),
        [Some(Term::NamedNode(name)), count] => Some((Some(name.as_str().to_owned()), number(count)?)),
        _ => None,
    }
}

fn report(timed: &[Timed<'_>], global: &Global) -> Result<(), CliError> {
    if global.json {
        return timed.iter().try_for_each(output::json);
    }
    let mut table = output::table(["query", "ms", "least", "first", "rows", "answer"], &[1, 2, 3, 4]);
    for line in timed {
        let ms = |value: f64| format!("{value:.2}");
        let answer =
            line.counts.first().map(|(name, count)| name.as_ref().map_or_else(|| count.to_string(), |name| format!("{name} {count}, …")));
        table.add_row([
            line.case.to_owned(),
            ms(line.ms),
            ms(line.ms_min),
            ms(line.ms_first),
            line.rows.to_string(),
            answer.unwrap_or_default(),
        ]);
    }
    output::line(table.to_string())
}

fn scale(text: &str) -> Result<f64, String> {
    // Above 1,000 the persons alone would not fit 32 bits with their acquaintances.
    text.parse().ok().filter(|scale| (0.001..=1000.0).contains(scale)).ok_or_else(|| "expected a number from 0.001 to 1000".to_owned())
}
