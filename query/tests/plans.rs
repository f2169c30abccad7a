//! Plans as text: each file of `plans/` is a query and the graph it compiles to; `HGQL_BLESS=1` writes the graphs anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hypergraphql_query::graph::{TensorGraph, TextPattern};
use hypergraphql_query::statistics::{Distinct, Star, Statistics};
use hypergraphql_query::{CompileError, CompileOptions, MOST_PATTERNS, ParseOptions, compile, parse_query};
use oxrdf::Term;

/// A social graph: rows, subjects and objects of each predicate.
struct Social(BTreeMap<&'static str, [f64; 3]>);

impl Social {
    fn new() -> Self {
        Self(BTreeMap::from([
            ("knows", [386_540.0, 100_000.0, 90_000.0]),
            ("worksFor", [100_000.0, 100_000.0, 2_000.0]),
            ("livesIn", [100_000.0, 100_000.0, 500.0]),
            ("age", [100_000.0, 100_000.0, 72.0]),
            ("locatedIn", [2_000.0, 2_000.0, 490.0]),
            ("likes", [190_000.0, 86_000.0, 20_000.0]),
            ("name", [100_000.0, 100_000.0, 70_000.0]),
            ("advises", [600.0, 300.0, 500.0]),
            ("ev_agent", [40_000.0, 40_000.0, 33_000.0]),
            ("ev_object", [40_000.0, 40_000.0, 17_000.0]),
            ("ev_year", [40_000.0, 40_000.0, 26.0]),
        ]))
    }

    fn of(&self, predicate: Option<&Term>) -> [f64; 3] {
        match predicate {
            Some(Term::NamedNode(name)) => {
                self.0.get(name.as_str().rsplit('/').next().unwrap_or_default()).copied().unwrap_or([0.0, 1.0, 1.0])
            }
            _ => [1_190_186.0, 160_000.0, 125_000.0],
        }
    }
}

/// Which predicates people have together, of those that not all have: subjects, and statements of each for each. Who advises likes nothing.
const SETS: [(f64, &[(&str, f64)]); 3] = [
    (86_000.0, &[("knows", 3.8654), ("worksFor", 1.0), ("livesIn", 1.0), ("age", 1.0), ("name", 1.0), ("likes", 2.2093)]),
    (13_700.0, &[("knows", 3.8654), ("worksFor", 1.0), ("livesIn", 1.0), ("age", 1.0), ("name", 1.0)]),
    (300.0, &[("knows", 3.8654), ("worksFor", 1.0), ("livesIn", 1.0), ("age", 1.0), ("name", 1.0), ("advises", 2.0)]),
];

impl Statistics for Social {
    fn rows(&self, subject: Option<&Term>, predicate: Option<&Term>, object: Option<&Term>) -> f64 {
        let [rows, subjects, objects] = self.of(predicate);
        rows / subject.map_or(1.0, |_| subjects) / object.map_or(1.0, |_| objects)
    }

    fn distinct(&self, predicate: Option<&Term>) -> Distinct {
        let [_, subjects, objects] = self.of(predicate);
        Distinct { subjects, predicates: if predicate.is_some() { 1.0 } else { 11.0 }, objects }
    }

    fn star(&self, atoms: &[(&Term, Option<&Term>)]) -> Option<Star<'_>> {
        let each = |set: &[(&str, f64)], (predicate, object): &(&Term, Option<&Term>)| {
            let of = set.iter().find(|(name, _)| predicate.to_string().ends_with(&format!("/{name}>"))).map_or(0.0, |(_, each)| *each);
            of / object.map_or(1.0, |_| self.of(Some(predicate))[2])
        };
        // Of others than people nothing is known.
        if atoms.iter().any(|(predicate, _)| predicate.to_string().contains("/ev_")) {
            return None;
        }
        let of_sets: Vec<(f64, Vec<f64>)> =
            SETS.iter().map(|(subjects, set)| (*subjects, atoms.iter().map(|atom| each(set, atom)).collect())).collect();
        Some(Box::new(move |some| {
            let picked = |of: &[f64]| of.iter().enumerate().filter(|(at, _)| some >> at & 1 == 1).map(|(_, each)| each).product::<f64>();
            Some(of_sets.iter().map(|(subjects, of)| subjects * picked(of)).sum())
        }))
    }

    fn texts(&self, pattern: &TextPattern) -> Option<f64> {
        let long = pattern.parts.iter().map(String::len).max().filter(|longest| *longest > 2)?;
        Some(if long > 3 { 40.0 } else { 60_000.0 })
    }
}

#[test]
fn plans_are_those_that_were_reviewed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let bless = std::env::var_os("HGQL_BLESS").is_some();
    let mut seen = 0;
    for entry in fs::read_dir(&folder).expect("the folder of plans") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a text");
        let (query, expected) = text.split_once("---\n").unwrap_or((&text, ""));
        let options = ParseOptions { strict: false, base: None, store_base: "http://ex.org/".to_owned() };
        let parsed = parse_query(query, &options).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let graph = compile(&parsed, &Social::new(), &CompileOptions::default()).expect("a small query");
        graph.verify().unwrap_or_else(|what| panic!("{}: {what}", path.display()));
        let plain = compile(&parsed, &Social::new(), &CompileOptions { optimize: false, infer: None }).expect("a small query");
        plain.verify().unwrap_or_else(|what| panic!("{}, not optimised: {what}", path.display()));
        let json = serde_json::to_string(&graph).expect("a graph is written");
        assert_eq!(serde_json::from_str::<TensorGraph>(&json).expect("a graph is read"), graph, "{}", path.display());
        if bless {
            fs::write(&path, format!("{query}---\n{graph}")).expect("the file is written");
        } else {
            assert_eq!(graph.to_string(), expected, "{}", path.display());
        }
        seen += 1;
    }
    assert!(seen > 5, "only {seen} plans were found");
}

fn compiled(text: &str) -> Result<TensorGraph, CompileError> {
    let options = ParseOptions { strict: true, base: Some("http://ex.org/".to_owned()), store_base: "http://ex.org/".to_owned() };
    let parsed = parse_query(text, &options).unwrap_or_else(|error| panic!("{error}"));
    compile(&parsed, &Social::new(), &CompileOptions::default())
}

/// A chain of triple patterns, `?v0 <p> ?v1 . ?v1 <p> ?v2 . …`.
fn chain(length: usize) -> String {
    let links: Vec<String> = (0..length).map(|i| format!("?v{i} <knows> ?v{} .", i + 1)).collect();
    format!("SELECT ?v0 {{ {} }}", links.join(" "))
}

#[test]
fn long_and_deep_queries_are_compiled_or_refused() {
    let graph = compiled(&chain(500)).expect("500 patterns are not too many");
    graph.verify().unwrap();
    assert!(graph.nodes.len() >= 500);
    let got = MOST_PATTERNS + 1;
    assert_eq!(compiled(&chain(got)), Err(CompileError::TooManyPatterns { got }));
    let (open, close) = ("OPTIONAL { ?a <knows> ?b ".repeat(100), "}".repeat(100));
    compiled(&format!("SELECT * {{ ?a <knows> ?b {open}{close} }}")).expect("it is not long").verify().unwrap();
}
