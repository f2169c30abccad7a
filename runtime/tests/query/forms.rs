//! Query forms, grouping and order.

use hypergraphql_runtime::engine::{Answer, QueryOptions};
use oxrdf::Triple;

use super::{ask, bag, people, rows, text};

fn graph(query: &str) -> Vec<Triple> {
    match people().query(&text(query), &QueryOptions::default()).unwrap() {
        Answer::Graph(triples) => triples,
        other => panic!("{query} gave {other:?}"),
    }
}

#[test]
fn aggregates() {
    let people = people();
    assert_eq!(bag(&people, "SELECT ?a (COUNT(?b) AS ?n) { ?a x:knows ?b } GROUP BY ?a"), ["ann 2", "bob 1", "cid 1"]);
    assert_eq!(bag(&people, "SELECT ?b (COUNT(*) AS ?n) { ?a x:knows ?b } GROUP BY ?b"), ["ann 1", "bob 1", "cid 2"]);
    assert_eq!(
        rows(&people, "SELECT (SUM(?g) AS ?s) (AVG(?g) AS ?m) (MIN(?g) AS ?l) (MAX(?g) AS ?h) { ?a x:age ?g }"),
        ["77.5 25.833333333333333333 4.5 42"]
    );
    assert_eq!(rows(&people, "SELECT (COUNT(DISTINCT ?b) AS ?n) { ?a x:knows ?b }"), ["3"]);
    assert_eq!(rows(&people, "SELECT (COUNT(*) AS ?n) { ?a x:nothing ?b }"), ["0"]);
    assert_eq!(rows(&people, "SELECT ?a (COUNT(*) AS ?n) { ?a x:nothing ?b } GROUP BY ?a"), [""; 0]);
    assert_eq!(bag(&people, "SELECT ?a { ?a x:knows ?b } GROUP BY ?a HAVING (COUNT(*) > 1)"), ["ann"]);
    assert_eq!(rows(&people, "SELECT (SUM(?g) AS ?s) { ?a x:knows ?b . ?b x:knows ?c . ?c x:age ?g }"), ["113"]);
    assert_eq!(rows(&people, "SELECT (COUNT(?n) AS ?c) { ?s ?p ?o OPTIONAL { ?s x:name ?n } }"), ["3"]);
    assert_eq!(rows(&people, "SELECT (GROUP_CONCAT(?n; separator='|') AS ?all) { { SELECT ?n { ?s x:name ?n } ORDER BY ?n } }").len(), 1);
}

#[test]
fn order_and_slices() {
    let people = people();
    assert_eq!(rows(&people, "SELECT ?a { ?a x:age ?g } ORDER BY ?g"), ["cid", "ann", "bob"]);
    assert_eq!(rows(&people, "SELECT ?a { ?a x:age ?g } ORDER BY DESC(?g) LIMIT 2"), ["bob", "ann"]);
    assert_eq!(rows(&people, "SELECT ?a { ?a x:age ?g } ORDER BY DESC(?g) OFFSET 1 LIMIT 1"), ["ann"]);
    assert_eq!(rows(&people, "SELECT ?a ?b { ?a x:knows ?b } ORDER BY DESC(?b) ?a"), ["ann cid", "bob cid", "ann bob", "cid ann"]);
    assert_eq!(rows(&people, "SELECT ?a (COUNT(*) AS ?n) { ?a x:knows ?b } GROUP BY ?a ORDER BY DESC(?n) ?a LIMIT 2"), ["ann 2", "bob 1"]);
    assert_eq!(
        rows(&people, "SELECT ?s ?g { ?s ?p ?o OPTIONAL { ?s x:age ?g } FILTER(?p IN (x:friend, x:age)) } ORDER BY ?g"),
        ["dan -", "cid 4.5", "ann 31", "bob 42"]
    );
    assert_eq!(rows(&people, "SELECT DISTINCT ?a { ?a x:knows ?b } ORDER BY ?a"), ["ann", "bob", "cid"]);
    assert_eq!(rows(&people, "SELECT ?a { ?a x:age ?g } ORDER BY (0 - ?g) LIMIT 1"), ["bob"]);
}

#[test]
fn ask_construct_describe() {
    let people = people();
    assert!(ask(&people, "ASK { x:ann x:knows x:bob }"));
    assert!(!ask(&people, "ASK { x:bob x:knows x:ann }"));
    assert_eq!(graph("CONSTRUCT { ?b x:knownBy ?a } WHERE { ?a x:knows ?b }").len(), 4);
    assert_eq!(graph("CONSTRUCT { ?g x:of ?a . ?a x:is x:old } WHERE { ?a x:age ?g FILTER(?g > 30) }").len(), 2, "a literal is no subject");
    let fresh = graph("CONSTRUCT { _:n x:of ?a ; x:again _:n } WHERE { ?a x:age ?g }");
    let nodes: std::collections::BTreeSet<String> = fresh.iter().map(|triple| triple.subject.to_string()).collect();
    assert_eq!((fresh.len(), nodes.len()), (6, 3), "one blank node per solution");
    assert_eq!(graph("DESCRIBE x:dan").len(), 3, "with the blank node's name");
    assert_eq!(graph("DESCRIBE ?a WHERE { ?a x:age ?g FILTER(?g > 40) }").len(), 2);
    assert_eq!(graph("DESCRIBE x:stranger").len(), 0);
}

/// SPARQL 1.1, 17.4.2.9.
#[test]
fn a_blank_node_belongs_to_one_solution() {
    let people = people();
    let made = |pattern: &str| {
        let count = format!("SELECT (COUNT(DISTINCT ?n) AS ?nodes) {{ {pattern} }}");
        rows(&people, &count).concat()
    };
    assert_eq!(made("?a x:age ?g BIND(BNODE(\"l\") AS ?n)"), "3");
    assert_eq!(made("?a x:age ?g BIND(BNODE() AS ?n)"), "3");
    assert_eq!(made("{ BIND(BNODE(\"l\") AS ?n) } UNION { BIND(BNODE(\"l\") AS ?n) }"), "2");
    assert_eq!(made("{ ?a x:age ?g BIND(BNODE(\"l\") AS ?n) } UNION { ?a x:age ?g BIND(BNODE(\"l\") AS ?n) }"), "6");
    assert_eq!(made("{ SELECT (BNODE(\"l\") AS ?n) { ?a x:age ?g } }"), "3");
    assert_eq!(made("{ SELECT DISTINCT (BNODE() AS ?n) { ?a x:knows ?b } }"), "4", "each of equal rows is a solution");
    assert_eq!(made("GRAPH ?graph { ?a x:city ?c BIND(BNODE(\"l\") AS ?n) }"), "3", "one sub-query, run twice");
    let same = "?a x:age ?g BIND(BNODE(\"l\") AS ?n) BIND(BNODE(\"l\") AS ?m) BIND(BNODE(\"k\") AS ?o) FILTER(?n = ?m && ?n != ?o)";
    assert_eq!(made(same), "3", "one label in one solution is one node");
    assert_eq!(bag(&people, "SELECT (BNODE(\"l\") = BNODE(\"l\") AS ?same) { ?a x:age ?g }"), ["true", "true", "true"]);
    let numbers = "SELECT (COUNT(DISTINCT ?r) AS ?n) { GRAPH ?graph { ?a x:city ?c BIND(RAND() AS ?r) } }";
    assert_eq!(rows(&people, numbers), ["3"]);
}
