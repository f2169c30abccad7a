//! Updates, each operation on a snapshot of its own.

use hypergraphql_runtime::engine::{Engine, QueryError, QueryOptions};

use super::{ask, bag, node, people, rows, text};

fn update(engine: &Engine, operation: &str) {
    engine.update(&text(operation), &QueryOptions::default()).unwrap_or_else(|error| panic!("{operation}\n{error}"));
}

fn count(engine: &Engine, pattern: &str) -> String {
    rows(engine, &format!("SELECT (COUNT(*) AS ?n) {{ {pattern} }}")).concat()
}

#[test]
fn data_is_inserted_and_deleted() {
    let people = people();
    update(&people, "INSERT DATA { x:eve x:knows x:ann, x:bob . GRAPH x:g3 { x:eve x:city x:oslo } }");
    assert_eq!(bag(&people, "SELECT ?b { x:eve x:knows ?b }"), ["ann", "bob"]);
    assert_eq!(bag(&people, "SELECT ?g { GRAPH ?g { x:eve x:city ?c } }"), ["g3"]);
    update(&people, "DELETE DATA { x:eve x:knows x:ann . x:eve x:knows x:nobody }");
    assert_eq!(bag(&people, "SELECT ?b { x:eve x:knows ?b }"), ["bob"]);
    update(&people, "INSERT DATA { _:b x:label 'one' }");
    update(&people, "INSERT DATA { _:b x:label 'two' }");
    assert_eq!(bag(&people, "SELECT ?l { ?a x:label ?l . ?a x:label ?m FILTER(?l != ?m) }"), [""; 0], "blank nodes are fresh");
}

#[test]
fn patterns_choose_what_changes() {
    let people = people();
    update(&people, "DELETE { ?a x:age ?g } INSERT { ?a x:years ?h } WHERE { ?a x:age ?g BIND(?g + 1 AS ?h) }");
    assert_eq!(bag(&people, "SELECT ?a ?h { ?a x:years ?h }"), ["ann 32", "bob 43", "cid 5.5"]);
    assert_eq!(count(&people, "?a x:age ?g"), "0");
    update(&people, "DELETE WHERE { ?a x:knows x:cid }");
    assert_eq!(count(&people, "?a x:knows ?b"), "2");
    update(&people, "INSERT { _:b x:of ?a } WHERE { ?a x:years ?h }");
    assert_eq!(rows(&people, "SELECT (COUNT(DISTINCT ?b) AS ?n) { ?b x:of ?a }"), ["3"], "a blank node for each solution");
    update(&people, "WITH x:g2 DELETE { ?a x:city ?c } INSERT { ?a x:town ?c } WHERE { ?a x:city ?c }");
    assert_eq!(bag(&people, "SELECT ?g ?a { GRAPH ?g { ?a x:town ?c } }"), ["g2 ann", "g2 bob"]);
    update(&people, "INSERT { x:all x:of ?a } USING x:g1 WHERE { ?a x:city ?c }");
    assert_eq!(bag(&people, "SELECT ?a { x:all x:of ?a }"), ["ann"]);
}

#[test]
fn whole_graphs_change() {
    let people = people();
    update(&people, "COPY x:g2 TO x:g3 ; ADD x:g1 TO x:g4 ; MOVE x:g1 TO x:g2");
    assert_eq!(bag(&people, "SELECT ?g ?a { GRAPH ?g { ?a x:city ?c } }"), ["g2 ann", "g3 ann", "g3 bob", "g4 ann"]);
    update(&people, "CLEAR GRAPH x:g3 ; DROP SILENT GRAPH x:nothing");
    assert_eq!(bag(&people, "SELECT ?g { GRAPH ?g { ?a x:city ?c } }"), ["g2", "g4"]);
    update(&people, "CLEAR NAMED");
    assert_eq!(bag(&people, "SELECT ?g { GRAPH ?g { ?a ?b ?c } }"), [""; 0]);
    assert!(ask(&people, "ASK { ?a x:knows ?b }"));
    update(&people, "DROP ALL");
    assert!(people.space().is_empty());
}

#[test]
fn a_failure_changes_nothing() {
    let people = people();
    let before = people.space().len();
    let error = people.update(&text("CLEAR DEFAULT ; CREATE GRAPH x:g1"), &QueryOptions::default()).unwrap_err();
    assert!(matches!(&error, QueryError::GraphExists { name } if *name == node("g1")), "{error}");
    assert_eq!(people.space().len(), before);
    assert!(matches!(people.update(&text("LOAD <http://x/file>"), &QueryOptions::default()).unwrap_err(), QueryError::NotAvailable { .. }));
    update(&people, "LOAD SILENT <http://x/file> ; CREATE SILENT GRAPH x:g1 ; CREATE GRAPH x:new");
    assert_eq!(people.space().len(), before);
}
