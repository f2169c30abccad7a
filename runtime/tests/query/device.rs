//! Queries on a device: a Vulkan one, lavapipe where there is no GPU.

use std::time::Duration;

use hypergraphql_framework::store::AtomSpace;
use hypergraphql_runtime::engine::{Answer, Engine, Profile, QueryDevice, QueryError, QueryOptions, Solutions};
use oxrdf::{GraphName, Quad, Term};

use super::{node, text};

/// The device; none, with a line on stderr, where the build or the machine has none. `cargo xtask test` sets HGQL_REQUIRE_VULKAN where the machine has a
/// driver, so that a test that finds no device there fails.
#[cfg(feature = "vulkan")]
pub(super) fn vulkan(test: &str) -> Option<QueryDevice> {
    use std::sync::OnceLock;

    static DEVICE: OnceLock<Result<QueryDevice, String>> = OnceLock::new();
    let open = || QueryDevice::open("vulkan".parse().unwrap()).map_err(|error| error.to_string());
    match DEVICE.get_or_init(open) {
        Ok(device) => Some(device.clone()),
        Err(why) => {
            assert!(std::env::var_os("HGQL_REQUIRE_VULKAN").is_none(), "{test}: a Vulkan driver is here, but {why}");
            eprintln!("SKIPPED {test} on a device: {why}");
            None
        }
    }
}

#[cfg(not(feature = "vulkan"))]
pub(super) fn vulkan(test: &str) -> Option<QueryDevice> {
    static SAID: std::sync::Once = std::sync::Once::new();
    SAID.call_once(|| eprintln!("SKIPPED {test} and others on a device: built without the feature vulkan"));
    None
}

/// Walks of one hub and of many others: person i knows i + 1, i + 2 and i + 5; everybody knows person 0, whom the ages skip.
fn walks(people: usize) -> Vec<Quad> {
    let person = |i: usize| node(&format!("person{}", i % people));
    let quad = |s: usize, p: &str, o: Term| Quad::new(person(s), node(p), o, GraphName::DefaultGraph);
    let mut quads = vec![];
    for i in 0..people {
        quads.extend([1, 2, 5, people - i].map(|step| quad(i, "knows", person(i + step).into())));
        if i % 7 != 0 {
            quads.push(quad(i, "age", oxrdf::Literal::from((i % 60) as i64).into()));
        }
        quads.push(quad(i, "livesIn", node(&format!("city{}", i % 13)).into()));
    }
    quads.sort_by_key(ToString::to_string);
    quads.dedup();
    quads
}

fn on(device: &QueryDevice) -> QueryOptions {
    QueryOptions { device: device.clone(), device_rows: 0, ..QueryOptions::default() }
}

fn solutions(engine: &Engine, query: &str, options: &QueryOptions) -> Solutions {
    profiled(engine, query, options).0
}

fn profiled(engine: &Engine, query: &str, options: &QueryOptions) -> (Solutions, Profile) {
    match engine.profile(&text(query), options).unwrap_or_else(|error| panic!("{query}\n{error}")) {
        (Answer::Solutions(solutions), profile) => (solutions, profile),
        (other, _) => panic!("{query} gave {other:?}"),
    }
}

fn words(solutions: &Solutions) -> Vec<String> {
    solutions.rows().map(|row| format!("{row:?}")).collect()
}

/// Queries over the walks, with the operators that have to have run on the device.
const QUERIES: [(&str, &[&str]); 14] = [
    ("SELECT (COUNT(*) AS ?n) { ?a x:knows ?b . ?b x:knows ?c }", &["Scan", "Extend"]),
    ("SELECT ?a ?b ?c { ?a x:livesIn x:city7 . ?a x:knows ?b . ?b x:knows ?c }", &["Scan", "Extend"]),
    ("SELECT (COUNT(*) AS ?n) { ?a x:knows ?b . ?b x:knows ?c . ?c x:knows ?a }", &["Scan", "Intersect"]),
    ("SELECT ?a ?b ?c { ?a x:knows ?b . ?b x:knows ?c . ?c x:knows ?a }", &["Scan", "Intersect"]),
    ("SELECT ?c (COUNT(?a) AS ?n) { ?a x:livesIn ?c . ?a x:knows ?b } GROUP BY ?c", &["Scan", "Extend", "Aggregate"]),
    ("SELECT ?c (COUNT(DISTINCT ?b) AS ?n) { ?a x:livesIn ?c . ?a x:knows ?b } GROUP BY ?c", &["Extend", "Aggregate"]),
    ("SELECT (COUNT(DISTINCT ?c) AS ?n) { ?a x:knows ?b . ?b x:livesIn ?c }", &["Aggregate"]),
    ("SELECT DISTINCT ?c ?d { ?a x:livesIn ?c . ?a x:knows ?b . ?b x:livesIn ?d }", &["Extend", "Distinct"]),
    ("SELECT ?a ?g { ?a x:age ?g . ?a x:knows x:person0 FILTER(?g >= 30 && ?g < 40) }", &["Scan"]),
    ("SELECT ?a ?b { ?a x:knows ?b FILTER(?b != x:person0 && STRENDS(STR(?a), \"1\")) }", &["Scan"]),
    ("SELECT ?a ?g { ?a x:knows x:person3 OPTIONAL { ?a x:age ?g } }", &["Scan", "LeftJoin"]),
    ("SELECT ?a { ?a x:livesIn x:city1 MINUS { ?a x:age ?g } }", &["Scan", "Minus"]),
    ("SELECT ?a ?g { ?a x:age ?g . { SELECT DISTINCT ?a { ?a x:knows x:person9 } } }", &["Scan"]),
    ("SELECT ?c (COUNT(*) AS ?n) { ?a x:livesIn ?c . ?a x:knows ?b } GROUP BY ?c ORDER BY DESC(?n) ?c LIMIT 5", &["Aggregate", "TopK"]),
];

#[test]
fn a_device_answers_as_the_host_and_the_profile_says_who_did_what() {
    let Some(device) = vulkan("a_device_answers_as_the_host_and_the_profile_says_who_did_what") else { return };
    for people in [1, 40, 611] {
        let engine = Engine::new(AtomSpace::from_quads(walks(people)).unwrap());
        for (query, expected) in QUERIES {
            let (host, on_host) = profiled(&engine, query, &QueryOptions::default());
            let (there, on_device) = profiled(&engine, query, &on(&device));
            let (mut a, mut b) = (words(&host), words(&there));
            if !query.contains("ORDER BY") {
                a.sort();
                b.sort();
            }
            assert_eq!(a, b, "{people}: {query}");
            assert!(on_host.operators.iter().all(|operator| operator.device == "cpu"), "{query}");
            let ran: Vec<&str> = on_device.operators.iter().filter(|o| o.device == "vulkan").map(|o| o.operator.as_str()).collect();
            for name in expected.iter().filter(|_| people > 1) {
                assert!(ran.iter().any(|operator| operator.starts_with(name)), "{name} of {query} did not run on the device, only {ran:?}");
            }
        }
    }
}

#[test]
fn small_inputs_stay_on_the_host_unless_they_are_told_not_to() {
    let Some(device) = vulkan("small_inputs_stay_on_the_host_unless_they_are_told_not_to") else { return };
    let engine = Engine::new(AtomSpace::from_quads(walks(50)).unwrap());
    let query = "SELECT ?a ?c { ?a x:knows ?b . ?b x:knows ?c }";
    let ran = |device_rows: usize| {
        let (_, profile) = profiled(&engine, query, &QueryOptions { device_rows, ..on(&device) });
        let mut names: Vec<String> = profile.operators.iter().map(|operator| operator.device.clone()).collect();
        names.dedup();
        names
    };
    assert_eq!(ran(1 << 20), ["cpu"]);
    assert_eq!(ran(0), ["vulkan"]);
}

#[test]
fn limits_hold_on_a_device() {
    let Some(device) = vulkan("limits_hold_on_a_device") else { return };
    let engine = Engine::new(AtomSpace::from_quads(walks(400)).unwrap());
    let query = text("SELECT ?a ?d { ?a x:knows ?b . ?b x:knows ?c . ?c x:knows ?d }");
    let error = engine.query(&query, &QueryOptions { memory: Some(20_000), ..on(&device) }).unwrap_err();
    assert!(matches!(&error, QueryError::Memory { budget: 20_000, operator, .. } if operator.contains('#')), "{error}");
    let error = engine.query(&query, &QueryOptions { timeout: Some(Duration::ZERO), ..on(&device) }).unwrap_err();
    assert!(matches!(error, QueryError::Timeout { .. }), "{error}");
}

#[test]
fn updates_are_seen_though_columns_stay_on_the_device() {
    let Some(device) = vulkan("updates_are_seen_though_columns_stay_on_the_device") else { return };
    let engine = Engine::new(AtomSpace::from_quads(walks(30)).unwrap());
    let count = || words(&solutions(&engine, "SELECT (COUNT(*) AS ?n) { ?a x:knows ?b . ?b x:livesIn ?c }", &on(&device)));
    let host = || words(&solutions(&engine, "SELECT (COUNT(*) AS ?n) { ?a x:knows ?b . ?b x:livesIn ?c }", &QueryOptions::default()));
    assert_eq!(count(), host());
    for update in ["INSERT DATA { x:new x:knows x:person1 . x:new x:livesIn x:city1 }", "DELETE WHERE { x:person3 ?p ?o }"] {
        let before = count();
        engine.update(&text(update), &QueryOptions::default()).unwrap();
        assert_eq!(count(), host());
        assert_ne!(count(), before, "{update}");
    }
}
