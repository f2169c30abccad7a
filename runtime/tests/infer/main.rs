//! `INFER` through the engine: examples whose answers are known, and the laws of the language.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod hierarchy;
mod laws;
mod regimes;
mod store_rules;
mod timed;

use std::collections::BTreeSet;

use hypergraphql_framework::store::AtomSpace;
use hypergraphql_query::algebra::Regime;
use hypergraphql_runtime::engine::{Answer, Engine, QueryError, QueryOptions};
use oxrdf::Quad;

const PREFIXES: &str = "@prefix : <http://example.org/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . \
    @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix owl: <http://www.w3.org/2002/07/owl#> . \
    @prefix hq: <https://hypergraphql.org/ns#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .";

/// An engine on a document in TriG.
fn engine(trig: &str) -> Engine {
    let text = format!("{PREFIXES}\n{trig}");
    let quads: Vec<Quad> = oxttl::TriGParser::new().for_slice(text.as_bytes()).collect::<Result<_, _>>().unwrap();
    Engine::new(AtomSpace::from_quads(quads).unwrap())
}

/// The solutions of a query, each as its values in the order of the variables, shortened.
fn solutions(engine: &Engine, query: &str, infer: Option<Regime>) -> Result<BTreeSet<String>, QueryError> {
    let mut all = BTreeSet::new();
    for unoptimized in [false, true] {
        let options = QueryOptions { infer, unoptimized, ..QueryOptions::default() };
        let Answer::Solutions(found) = engine.query(query, &options)? else { panic!("{query} is no SELECT") };
        let text = |row: Vec<Option<oxrdf::Term>>| row.into_iter().map(|term| term.map_or("-".to_owned(), |t| short(&t.to_string())));
        let rows: BTreeSet<String> = found.rows().map(|row| text(row).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(rows.len(), found.len(), "a closure is a set: {query}");
        assert!(all.is_empty() || all == rows, "{query}: {all:?} but unoptimised {rows:?}");
        all = rows;
    }
    Ok(all)
}

fn short(term: &str) -> String {
    let namespaces = [
        ("<http://example.org/", ":"),
        ("<http://www.w3.org/2002/07/owl#", "owl:"),
        ("<http://www.w3.org/2000/01/rdf-schema#", "rdfs:"),
        ("<http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf:"),
    ];
    let known = namespaces.iter().find_map(|(namespace, prefix)| Some(format!("{prefix}{}", term.strip_prefix(namespace)?)));
    known.map_or_else(|| term.to_owned(), |name| name.trim_end_matches('>').to_owned())
}

#[track_caller]
fn check(engine: &Engine, query: &str, expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(|row| (*row).to_owned()).collect();
    assert_eq!(solutions(engine, query, None).unwrap(), expected, "{query}");
}
