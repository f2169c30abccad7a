//! Questions about the n-ary facts of WD50K (Galkin et al., "Message Passing for Hyper-Relational Knowledge Graphs", 2020), held against loops over the lines
//! of its file.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Instant;

use hypergraphql_framework::store::{AtomSpace, Format, LoadOptions};
use hypergraphql_runtime::engine::{Answer, Engine, QueryOptions};

/// A line: subject, relation, object and the distinct qualifiers.
struct Fact {
    subject: String,
    relation: String,
    object: String,
    qualifiers: BTreeSet<(String, String)>,
}

impl Fact {
    fn read(line: &str) -> Self {
        let words: Vec<&str> = line.trim().split(',').collect();
        let qualifiers = words[3..].chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect();
        Self { subject: words[0].to_owned(), relation: words[1].to_owned(), object: words[2].to_owned(), qualifiers }
    }

    /// Values of a qualifier.
    fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.qualifiers.iter().filter(move |(q, _)| q == name).map(|(_, value)| value.as_str())
    }
}

fn file() -> Option<PathBuf> {
    let shared = std::env::var_os("HGQL_SHARED").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let file = shared.join("data/wd50k/train.txt");
    if file.is_file() {
        return Some(file);
    }
    eprintln!("SKIPPED answers_over_wd50k_are_those_of_loops: no {}", file.display());
    None
}

/// The number that a query counts.
fn count(engine: &Engine, query: &str) -> usize {
    let begin = Instant::now();
    let Answer::Solutions(solutions) = engine.query(query, &QueryOptions::default()).unwrap_or_else(|error| panic!("{query}\n{error}"))
    else {
        panic!("{query} is no SELECT")
    };
    let row = solutions.rows().next().unwrap();
    println!("{:7.2} ms  {query}", begin.elapsed().as_secs_f64() * 1e3);
    match row[0].as_ref().unwrap() {
        oxrdf::Term::Literal(literal) => literal.value().parse().unwrap(),
        other => panic!("{other} is no number"),
    }
}

#[test]
fn answers_over_wd50k_are_those_of_loops() {
    let Some(file) = file() else { return };
    let options = LoadOptions { format: Some(Format::Statements), ..LoadOptions::default() };
    let engine = Engine::new(AtomSpace::load(&[&file], &options).unwrap());
    let text = std::fs::read_to_string(&file).unwrap();
    let facts: Vec<Fact> = text.lines().map(Fact::read).collect();
    let same = |query: &str, expected: usize| {
        assert!(expected > 0, "nothing to find: {query}");
        assert_eq!(count(&engine, query), expected, "{query}");
    };

    same(
        "SELECT (COUNT(*) AS ?n) { { SELECT ?he { ?he hq:relation :P1411 . HYPEREDGE ?he { ?q ?v } FILTER (?q NOT IN (hq:subject, hq:object)) } \
         GROUP BY ?he HAVING (COUNT(*) >= 3) } }",
        facts.iter().filter(|fact| fact.relation == "P1411" && fact.qualifiers.len() >= 3).count(),
    );

    let mut by_subject: HashMap<&str, usize> = HashMap::new();
    facts.iter().for_each(|fact| *by_subject.entry(&fact.subject).or_default() += 1);
    let hops = |fact: &Fact| fact.of("P805").map(|value| by_subject.get(value).copied().unwrap_or(0)).sum::<usize>();
    same(
        "SELECT (COUNT(*) AS ?n) { HYPEREDGE ?one { hq:subject ?s ; :P805 ?middle } HYPEREDGE ?two { hq:subject ?middle ; hq:object ?o } }",
        facts.iter().map(hops).sum(),
    );

    let is_exact = |fact: &&Fact| fact.qualifiers.len() == 1 && fact.of("P805").count() == 1;
    same(
        "SELECT (COUNT(*) AS ?n) { HYPEREDGE EXACT ?he { hq:subject ?s ; hq:object ?o ; :P805 ?of } }",
        facts.iter().filter(is_exact).count(),
    );

    let different = |fact: &Fact| match fact.subject == fact.object {
        true => 0,
        false => fact.of("P1686").filter(|&work| work != fact.subject && work != fact.object).count(),
    };
    same(
        "SELECT (COUNT(*) AS ?n) { HYPEREDGE DISTINCT PLAYERS ?he { hq:subject ?s ; hq:object ?o ; :P1686 ?work } }",
        facts.iter().map(different).sum(),
    );
}
