//! `hgql stats`: what a knowledge base holds.

use std::path::PathBuf;

use hypergraphql_framework::store::{AtomSpace, Id, Order, Position};
use oxrdf::vocab::rdf;
use oxrdf::{NamedNodeRef, Term};
use serde::Serialize;

use super::error::CliError;
use super::{Global, kb, output, term};

/// Show what a knowledge base holds.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Counts statements, terms, graphs, hyperedges and annotations, and lists the predicates with their statements, distinct subjects and \
                        distinct objects, the most frequent first: the numbers by which the optimiser orders joins."
)]
#[command(after_help = "Examples:\n  \
                        hgql stats kb.hgql\n  \
                        hgql stats kb.hgql --predicates 1000 --json | jq .predicates")]
pub(crate) struct StatsArgs {
    /// Folder of `hgql load`, or a file that it reads.
    kb: PathBuf,
    /// Predicates listed at most.
    #[arg(long, value_name = "N", default_value_t = 20)]
    predicates: usize,
}

#[derive(Serialize)]
struct Stats {
    kind: &'static str,
    statements: u64,
    terms: u32,
    named_graphs: usize,
    subjects: u64,
    objects: u64,
    distinct_predicates: usize,
    hyperedges: usize,
    with_valid_time: usize,
    predicates: Vec<Predicate>,
}

#[derive(Serialize)]
struct Predicate {
    predicate: String,
    statements: u64,
    subjects: u64,
    objects: u64,
}

const HYPEREDGE: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("https://hypergraphql.org/ns#Hyperedge");
const VALID_FROM: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("https://hypergraphql.org/ns#validFrom");
const VALID_TO: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("https://hypergraphql.org/ns#validTo");

/// Counts and prints.
pub(crate) fn run(args: StatsArgs, global: &Global) -> Result<(), CliError> {
    let space = kb::space(&args.kb, global)?;
    let stats = Stats::of(&space, args.predicates);
    if global.json { output::json(&stats) } else { print(&stats) }
}

impl Stats {
    fn of(space: &AtomSpace, most: usize) -> Self {
        let known = space.statistics();
        let mut predicates = known.predicates().to_vec();
        predicates.sort_by_key(|predicate| (std::cmp::Reverse(predicate.rows), predicate.predicate));
        let listed = predicates.iter().take(most).map(|of| Predicate {
            predicate: space.term(of.predicate).as_ref().map(name).unwrap_or_default(),
            statements: of.rows,
            subjects: of.subjects,
            objects: of.objects,
        });
        Self {
            kind: "stats",
            statements: space.len(),
            terms: space.terms(),
            named_graphs: space.graphs().len(),
            subjects: known.subjects(),
            objects: known.objects(),
            distinct_predicates: predicates.len(),
            hyperedges: with_type(space, HYPEREDGE),
            with_valid_time: with_valid_time(space),
            predicates: listed.collect(),
        }
    }
}

fn name(term: &Term) -> String {
    if let Term::NamedNode(node) = term { node.as_str().to_owned() } else { term.to_string() }
}

/// Distinct subjects of this type, in all graphs.
fn with_type(space: &AtomSpace, class: NamedNodeRef<'_>) -> usize {
    let (Some(predicate), Some(class)) = (space.id(rdf::TYPE), space.id(class)) else { return 0 };
    distinct(&[space.rows(Order::Pos, &[predicate, class]).column(Position::Subject)])
}

/// Reifiers and hyperedges that have a bound of valid time.
fn with_valid_time(space: &AtomSpace) -> usize {
    let rows: Vec<_> = [VALID_FROM, VALID_TO].into_iter().filter_map(|bound| Some(space.rows(Order::Pso, &[space.id(bound)?]))).collect();
    let columns: Vec<&[Id]> = rows.iter().map(|rows| rows.column(Position::Subject)).collect();
    distinct(&columns)
}

fn distinct(columns: &[&[Id]]) -> usize {
    let mut ids: Vec<Id> = columns.concat();
    ids.sort_unstable();
    ids.dedup();
    ids.len()
}

fn print(stats: &Stats) -> Result<(), CliError> {
    let mut table = output::table(["", ""], &[1]);
    table.add_row(["statements".to_owned(), stats.statements.to_string()]);
    table.add_row(["terms".to_owned(), stats.terms.to_string()]);
    table.add_row(["named graphs".to_owned(), stats.named_graphs.to_string()]);
    table.add_row(["subjects".to_owned(), stats.subjects.to_string()]);
    table.add_row(["predicates".to_owned(), stats.distinct_predicates.to_string()]);
    table.add_row(["objects".to_owned(), stats.objects.to_string()]);
    table.add_row(["hyperedges".to_owned(), stats.hyperedges.to_string()]);
    table.add_row(["nodes with a valid time".to_owned(), stats.with_valid_time.to_string()]);
    output::line(table.to_string())?;
    let mut table = output::table(["predicate", "statements", "subjects", "objects"], &[1, 2, 3]);
    for of in &stats.predicates {
        let name = term::short(&oxrdf::NamedNode::new_unchecked(&of.predicate).into());
        table.add_row([name, of.statements.to_string(), of.subjects.to_string(), of.objects.to_string()]);
    }
    output::line(table.to_string())
}
