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
    assert!(matches!(people.update(&text("LOAD <http://x/file>"), &QueryOptions::default()).unwrap_err(), QueryError::Load { .. }));
    update(&people, "LOAD SILENT <http://x/file> ; CREATE SILENT GRAPH x:g1 ; CREATE GRAPH x:new");
    assert_eq!(people.space().len(), before);
}

#[test]
fn load_reads_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("two.ttl", "<#a> <http://x/p> _:b . _:b <http://x/p> <other> .");
    write("named.nq", "<http://x/a> <http://x/p> <http://x/b> <http://x/own> .\n<http://x/a> <http://x/p> <http://x/c> .\n");
    write("roles.csv", "hyperedge,author\nh,ada\n");
    write("broken.nt", "<http://x/a> <http://x/p> .\n");
    let options = QueryOptions { load: Some(folder.path().to_owned()), ..QueryOptions::default() };
    let run = |engine: &Engine, update: &str| engine.update(&text(update), &options);
    let base = format!("file://{}", folder.path().display());
    let people = people();
    let before = people.space().len();
    run(&people, "LOAD <two.ttl> ; LOAD <two.ttl> INTO GRAPH x:loaded").unwrap();
    assert_eq!(people.space().len(), before + 4);
    // Relative names are those of the document, blank nodes its own each time.
    assert!(ask(&people, &format!("ASK {{ <{base}/two.ttl#a> x:p ?b . ?b x:p <{base}/other> }}")));
    assert!(ask(&people, "ASK { GRAPH x:loaded { ?a x:p ?b . ?b x:p ?c } }"));
    assert!(!ask(&people, "ASK { ?a x:p ?b . GRAPH x:loaded { ?b x:p ?c } }"));
    run(&people, &format!("LOAD <{base}/named.nq> ; BASE <{base}/> LOAD <roles.csv>")).unwrap();
    assert!(ask(&people, "ASK { GRAPH x:own { x:a x:p x:b } x:a x:p x:c . ?h a hq:Hyperedge ; :author :ada }"));
    let before = people.space().len();
    for (update, expected) in [
        ("LOAD <named.nq> INTO GRAPH x:g", "has named graphs of its own"),
        ("LOAD <none.ttl>", "cannot open: No such file"),
        ("LOAD <broken.nt>", "broken.nt:1:"),
        ("LOAD <two.xml>", "format of"),
        ("LOAD <http://x/two.ttl>", "download it"),
    ] {
        let error = run(&people, &format!("INSERT DATA {{ x:a x:b x:c }} ; {update}")).unwrap_err();
        assert!(matches!(&error, QueryError::Load { .. }) && error.to_string().contains(expected), "{error}");
        run(&people, &update.replace("LOAD", "LOAD SILENT")).unwrap();
    }
    let error = people.update("LOAD <two.ttl>", &QueryOptions::default()).unwrap_err().to_string();
    assert!(error.starts_with("LOAD <two.ttl>: this engine reads no files"), "{error}");
    let tight = QueryOptions { memory: Some(100), ..options.clone() };
    // SILENT is about the document, not about the limits.
    assert!(matches!(people.update("LOAD SILENT <two.ttl>", &tight).unwrap_err(), QueryError::Memory { .. }));
    assert_eq!(people.space().len(), before);
}
