//! Queries and updates through the engine.
#![allow(clippy::unwrap_used, reason = "a test ends where something unexpected is found")]

mod arrow;
mod backups;
mod deserialize;
mod device;
mod forms;
mod learned;
mod limits;
mod patterns;
mod prepared;
mod random;
mod reference;
mod temporal;
mod temporal_laws;
mod texts;
mod updates;
mod wd50k;

use hypergraphql_framework::store::AtomSpace;
use hypergraphql_runtime::engine::{Answer, Engine, QueryDevice, QueryOptions};
use oxrdf::{NamedNode, Quad, Term};

const PEOPLE: &str = r#"
<http://x/ann> <http://x/knows> <http://x/bob> .
<http://x/ann> <http://x/knows> <http://x/cid> .
<http://x/bob> <http://x/knows> <http://x/cid> .
<http://x/cid> <http://x/knows> <http://x/ann> .
<http://x/ann> <http://x/age> "31"^^<http://www.w3.org/2001/XMLSchema#integer> .
<http://x/bob> <http://x/age> "42"^^<http://www.w3.org/2001/XMLSchema#integer> .
<http://x/cid> <http://x/age> "4.5"^^<http://www.w3.org/2001/XMLSchema#decimal> .
<http://x/dan> <http://x/name> "Dan"@en .
<http://x/dan> <http://x/friend> _:someone .
_:someone <http://x/name> "Eve" .
<http://x/ann> <http://x/city> <http://x/rome> <http://x/g1> .
<http://x/bob> <http://x/city> <http://x/rome> <http://x/g2> .
<http://x/ann> <http://x/city> <http://x/rome> <http://x/g2> .
"#;

/// An engine on quads.
fn engine(quads: &str) -> Engine {
    let quads = oxttl::NQuadsParser::new().for_slice(quads.as_bytes()).collect::<Result<Vec<Quad>, _>>().unwrap();
    Engine::new(AtomSpace::from_quads(quads).unwrap())
}

fn people() -> Engine {
    engine(PEOPLE)
}

/// With `x:` for the names of the test data.
fn text(query: &str) -> String {
    format!("PREFIX x: <http://x/> {query}")
}

fn short(term: &Term) -> String {
    match term {
        Term::NamedNode(node) => node.as_str().trim_start_matches("http://x/").to_owned(),
        Term::BlankNode(_) => "_".to_owned(),
        Term::Literal(literal) => literal.value().to_owned(),
        Term::Triple(triple) => triple.to_string(),
    }
}

/// The rows of a query, optimised and not, on the host and on a device where there is one, which have to agree, as words; unbound is `-`.
fn rows(engine: &Engine, query: &str) -> Vec<String> {
    let run = |unoptimized: bool, device: QueryDevice| {
        let options = QueryOptions { unoptimized, device, device_rows: 0, ..QueryOptions::default() };
        let Answer::Solutions(solutions) = engine.query(&text(query), &options).unwrap_or_else(|error| panic!("{query}\n{error}")) else {
            panic!("{query} is no SELECT")
        };
        let row = |row: Vec<Option<Term>>| row.iter().map(|term| term.as_ref().map_or("-".to_owned(), short)).collect::<Vec<_>>().join(" ");
        solutions.rows().map(row).collect::<Vec<String>>()
    };
    let (rows, plain) = (run(false, QueryDevice::host()), run(true, QueryDevice::host()));
    let sorted = |rows: &[String]| {
        let mut rows = rows.to_vec();
        rows.sort();
        rows
    };
    assert_eq!(sorted(&rows), sorted(&plain), "optimised and plain differ: {query}");
    if let Some(device) = device::vulkan("rows") {
        for unoptimized in [false, true] {
            let there = run(unoptimized, device.clone());
            assert_eq!(sorted(&there), sorted(&rows), "device and host differ, unoptimised: {unoptimized}: {query}");
        }
    }
    rows
}

/// The rows as a bag.
fn bag(engine: &Engine, query: &str) -> Vec<String> {
    let mut rows = rows(engine, query);
    rows.sort();
    rows
}

fn ask(engine: &Engine, query: &str) -> bool {
    match engine.query(&text(query), &QueryOptions::default()).unwrap() {
        Answer::Boolean(truth) => truth,
        other => panic!("{query} gave {other:?}"),
    }
}

fn node(name: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("http://x/{name}"))
}
