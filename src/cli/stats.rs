//! `hgql stats`: what a knowledge base holds.

use std::path::PathBuf;

use hypergraphql_framework::store::{AtomSpace, CharacteristicSet, CharacteristicSets, Id, Order, Position};
use oxrdf::vocab::rdf;
use oxrdf::{NamedNodeRef, Term};
use serde::Serialize;

use super::error::CliError;
use super::{Global, kb, output, term};

/// Show what a knowledge base holds.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Counts statements, terms, graphs, hyperedges and annotations, and lists the predicates with their statements, distinct subjects and \
                        distinct objects, and the characteristic sets (predicates that subjects have together) with their subjects, the most frequent \
                        first: the numbers by which the optimiser orders joins."
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
    /// Characteristic sets listed at most.
    #[arg(long, value_name = "N", default_value_t = 10)]
    sets: usize,
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
    text_index_keys: Option<usize>,
    text_index_bytes: Option<u64>,
    predicates: Vec<Predicate>,
    /// None where the knowledge base was written before they were counted.
    characteristic_sets: Option<usize>,
    subjects_of_other_sets: Option<u64>,
    sets: Vec<Set>,
}

#[derive(Serialize)]
struct Set {
    subjects: u64,
    statements: u64,
    predicates: Vec<String>,
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
    let stats = Stats::of(&space, &args);
    if global.json { output::json(&stats) } else { print(&stats) }
}

impl Stats {
    fn of(space: &AtomSpace, args: &StatsArgs) -> Self {
        let known = space.statistics();
        let mut predicates = known.predicates().to_vec();
        predicates.sort_by_key(|predicate| (std::cmp::Reverse(predicate.rows), predicate.predicate));
        let listed = predicates.iter().take(args.predicates).map(|of| Predicate {
            predicate: named(space, of.predicate),
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
            text_index_keys: space.text_index().map(|index| index.0),
            text_index_bytes: space.text_index().map(|index| index.1),
            predicates: listed.collect(),
            characteristic_sets: known.characteristic_sets().map(|sets| sets.sets().len()),
            subjects_of_other_sets: known.characteristic_sets().map(|sets| sets.rest().subjects()),
            sets: known
                .characteristic_sets()
                .into_iter()
                .flat_map(CharacteristicSets::sets)
                .take(args.sets)
                .map(|set| Set::of(space, set))
                .collect(),
        }
    }
}

impl Set {
    fn of(space: &AtomSpace, set: &CharacteristicSet) -> Self {
        let predicates = set.predicates();
        let statements = predicates.iter().fold(0, |sum: u64, of| sum.saturating_add(of.rows));
        Self { subjects: set.subjects(), statements, predicates: predicates.iter().map(|of| named(space, of.predicate)).collect() }
    }
}

fn named(space: &AtomSpace, id: Id) -> String {
    space.term(id).as_ref().map(name).unwrap_or_default()
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
    let index = stats.text_index_bytes.map_or_else(|| "none".to_owned(), output::bytes);
    table.add_row(["index of texts".to_owned(), index]);
    output::line(table.to_string())?;
    let mut table = output::table(["predicate", "statements", "subjects", "objects"], &[1, 2, 3]);
    for of in &stats.predicates {
        table.add_row([short(&of.predicate), of.statements.to_string(), of.subjects.to_string(), of.objects.to_string()]);
    }
    output::line(table.to_string())?;
    print_sets(stats)
}

fn print_sets(stats: &Stats) -> Result<(), CliError> {
    let (Some(sets), Some(others)) = (stats.characteristic_sets, stats.subjects_of_other_sets) else {
        return output::line("characteristic sets: none, the knowledge base was written before they were counted; load it again");
    };
    let mut table = output::table(["subjects", "statements", "predicates that they have together"], &[0, 1]);
    for of in &stats.sets {
        let predicates: Vec<String> = of.predicates.iter().map(|predicate| short(predicate)).collect();
        table.add_row([of.subjects.to_string(), of.statements.to_string(), predicates.join(" ")]);
    }
    output::line(table.to_string())?;
    output::line(format!("{sets} characteristic sets; {others} subjects have others"))
}

fn short(iri: &str) -> String {
    term::short(&oxrdf::NamedNode::new_unchecked(iri).into())
}
