//! Time, memory, rows and cancellation.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hypergraphql_runtime::engine::{Answer, Engine, QueryError, QueryOptions};

use hypergraphql_framework::store::AtomSpace;
use oxrdf::{GraphName, NamedNode, Quad};

use super::{engine, node, people, text};

fn failure(engine: &Engine, query: &str, options: &QueryOptions) -> QueryError {
    engine.query(&text(query), options).expect_err(query)
}

/// A hundred nodes, all of which lead to all.
fn dense() -> Engine {
    let pairs = (0..100).flat_map(|a| (0..100).map(move |b| (a, b)));
    engine(&pairs.map(|(a, b)| format!("<http://x/n{a}> <http://x/to> <http://x/n{b}> .\n")).collect::<String>())
}

#[test]
fn a_limit_names_the_operator() {
    let dense = dense();
    let walk = "SELECT * { ?a x:to ?b . ?b x:to ?c . ?c x:to ?d . ?d x:to ?e }";
    let options = QueryOptions { memory: Some(1 << 20), ..QueryOptions::default() };
    let error = failure(&dense, walk, &options);
    assert!(matches!(&error, QueryError::Memory { operator, budget: 0x10_0000, .. } if operator.contains('#')), "{error}");
    let error = failure(&dense, walk, &QueryOptions { timeout: Some(Duration::ZERO), ..QueryOptions::default() });
    assert!(matches!(error, QueryError::Timeout { .. }), "{error}");
    let cancelled = QueryOptions { cancel: Some(Arc::new(AtomicBool::new(true))), ..QueryOptions::default() };
    assert!(matches!(failure(&dense, walk, &cancelled), QueryError::Cancelled { .. }));
}

#[test]
fn more_rows_than_there_are_names_for_are_refused_or_counted() {
    let dense = dense();
    let walk = "?a x:to ?b . ?b x:to ?c . ?c x:to ?d . ?d x:to ?e . ?e x:to ?f";
    let error = failure(&dense, &format!("SELECT * {{ {walk} }}"), &QueryOptions::default());
    assert!(matches!(error, QueryError::TooManyRows { .. } | QueryError::Memory { .. }), "{error}");
    let Answer::Solutions(count) = dense.query(&text(&format!("SELECT (COUNT(*) AS ?n) {{ {walk} }}")), &QueryOptions::default()).unwrap()
    else {
        panic!("no solutions")
    };
    let number = count.rows().next().unwrap()[0].as_ref().unwrap().to_string();
    assert_eq!(number, "\"1000000000000\"^^<http://www.w3.org/2001/XMLSchema#integer>");
}

#[test]
fn rows_of_the_answer_are_limited() {
    let options = QueryOptions { limit: Some(3), ..QueryOptions::default() };
    let error = failure(&people(), "SELECT ?a { ?a x:knows ?b }", &options);
    assert!(matches!(error, QueryError::TooManyRows { rows: 4, limit: 3, .. }), "{error}");
    assert!(people().query(&text("SELECT ?a { ?a x:age ?b }"), &options).is_ok());
}

#[test]
fn the_profile_says_what_ran() {
    let walk = "{ ?a x:knows ?b . ?b x:age ?age }";
    for (form, last) in [("SELECT ?a ?age", "Project"), ("CONSTRUCT { ?b x:knownBy ?a } WHERE", "Construct"), ("DESCRIBE ?a", "Describe")] {
        let (answer, profile) = people().profile(&text(&format!("{form} {walk}")), &QueryOptions::default()).unwrap();
        let rows = match answer {
            Answer::Solutions(solutions) => solutions.len(),
            Answer::Graph(triples) => triples.len(),
            Answer::Boolean(_) => unreachable!("{form}"),
        };
        let tree = profile.tree();
        assert_eq!(tree.len(), profile.operators.len(), "{form}: every operator stands in the tree once");
        let (depth, root) = tree[0];
        assert!(root.operator.starts_with(last), "{form}: {} is last", root.operator);
        assert_eq!((depth, root.rows, root.device.as_str(), root.runs), (0, rows as u64, "cpu", 1), "{form}");
        assert!(tree.iter().any(|(depth, of)| *depth > 0 && of.detail.contains("x/knows")), "{form}: {tree:?}");
        assert!(profile.operators.iter().map(|operator| operator.time).sum::<Duration>() <= profile.total);
    }
    let (_, profile) = people().profile(&text(&format!("ASK {walk}")), &QueryOptions::default()).unwrap();
    assert!(!profile.operators.is_empty());
}

#[test]
fn what_is_not_there_is_an_error() {
    let error = failure(&people(), "SELECT ?a { SERVICE <http://x/other> { ?a ?b ?c } }", &QueryOptions::default());
    let QueryError::Syntax(error) = error else { panic!("{error}") };
    assert_eq!((error.line, error.column), (1, text("SELECT ?a { SERVICE ").len() as u32 + 1));
    assert!(
        error.to_string().contains("SERVICE <http://x/other> cannot be asked") && error.to_string().contains("SERVICE SILENT"),
        "{error}"
    );
    let people = people();
    let query = "SELECT ?a {\n  { SELECT ?a { OPTIONAL { SERVICE $where { ?a ?b ?c } } } } }";
    let prepared = people.prepare(&text(query), &QueryOptions::default()).unwrap();
    let QueryError::Syntax(error) = prepared.query(&[("where", node("there").into())]).unwrap_err() else { panic!("no place") };
    assert_eq!((error.line, error.column), (2, 36));
    let Answer::Solutions(silent) =
        people.query("SELECT * { SERVICE SILENT <http://x/other> { ?a ?b ?c } }", &QueryOptions::default()).unwrap()
    else {
        panic!("no solutions")
    };
    assert_eq!(silent.rows().collect::<Vec<_>>(), [[None, None, None]]);
    assert!(matches!(failure(&people, "SELECT ?a {", &QueryOptions::default()), QueryError::Syntax(_)));
}

/// `MiB` that the process had at most so far.
#[cfg(target_os = "linux")]
fn peak() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
#[cfg(target_os = "linux")]
fn a_product_of_a_million_by_a_million_rows_is_refused_before_it_is_made() {
    const ROWS: u32 = 1_000_000;
    let node = |kind: &str, number: u32| NamedNode::new_unchecked(format!("http://x/{kind}{number}"));
    let quad = |at: u32| {
        let predicate = if at < ROWS { "p" } else { "q" };
        Quad::new(
            node("s", at % 1000),
            NamedNode::new_unchecked(format!("http://x/{predicate}")),
            node("o", at % ROWS / 1000),
            GraphName::DefaultGraph,
        )
    };
    let engine = Engine::new(AtomSpace::from_quads((0..2 * ROWS).map(quad)).unwrap());
    let before = peak();
    let options = QueryOptions { memory: Some(1 << 30), ..QueryOptions::default() };
    for query in ["SELECT * { ?a x:p ?b . ?c x:q ?d }", "SELECT * { { ?a x:p ?b } { ?c x:q ?d } FILTER(?b != ?d) }"] {
        for unoptimized in [false, true] {
            let error = failure(&engine, query, &QueryOptions { unoptimized, ..options.clone() });
            let named = |operator: &str| operator.contains('#');
            match &error {
                QueryError::Memory { operator, wanted, budget } => {
                    assert!(named(operator) && wanted > budget && *budget == 1 << 30, "{error}");
                }
                QueryError::TooManyRows { operator, rows, .. } => assert!(named(operator) && *rows >= 1_000_000_000_000, "{error}"),
                other => panic!("{other}"),
            }
        }
    }
    // The other tests run beside this one.
    assert!(peak() < before + 512, "{} MiB, before {before}", peak());
}

#[test]
fn a_deadline_ends_every_operator() {
    let dense = dense();
    for query in [
        "SELECT * { ?a x:to ?b . ?b x:to ?c . ?c x:to ?d . FILTER(STRLEN(STR(?a)) > STRLEN(STR(?d))) }",
        "SELECT DISTINCT ?a ?d { ?a x:to ?b . ?b x:to ?c . ?c x:to ?d }",
        "SELECT * { ?a x:to ?b OPTIONAL { ?c x:to ?d FILTER(?a != ?d) } }",
        "SELECT (COUNT(DISTINCT ?x) AS ?n) { ?a x:to ?b . ?b x:to ?c . ?c x:to ?d BIND(CONCAT(STR(?a), STR(?b), STR(?c), STR(?d)) AS ?x) }",
        "SELECT * { ?a x:to ?b . ?b x:to ?c . ?c x:to ?d } ORDER BY ?d ?b ?c ?a",
        "SELECT ?a ?d (SAMPLE(?b) AS ?s) { ?a x:to ?b . ?b x:to ?c . ?c x:to ?d } GROUP BY ?a ?d",
    ] {
        let timeout = Duration::from_millis(20);
        let begin = std::time::Instant::now();
        let error = failure(&dense, query, &QueryOptions { timeout: Some(timeout), ..QueryOptions::default() });
        assert!(matches!(&error, QueryError::Timeout { operator, .. } if operator.contains('#')), "{query}: {error}");
        println!("{:?} {query}", begin.elapsed());
        // As far as the machine is not busy with other things.
        assert!(begin.elapsed() < timeout + Duration::from_secs(5), "{:?}: {query}", begin.elapsed());
    }
}
