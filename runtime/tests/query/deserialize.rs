//! Rows as values of the caller's types, and columns as ids.

use hypergraphql_runtime::engine::{Answer, Engine, QueryOptions, RowError, Solutions};
use serde::Deserialize;

use super::{node, people, text};

fn solutions(engine: &Engine, query: &str) -> Solutions {
    match engine.query(&text(query), &QueryOptions::default()).unwrap() {
        Answer::Solutions(solutions) => solutions,
        other => panic!("{query} gave {other:?}"),
    }
}

#[derive(Debug, Deserialize, PartialEq)]
struct Person {
    who: String,
    age: f64,
    old: bool,
    city: Option<String>,
}

#[test]
fn rows_are_structs_and_tuples() {
    let people = people();
    let query = "SELECT ?age ?who ?city ?old
                 { ?who x:age ?age BIND(?age > 40 AS ?old) OPTIONAL { GRAPH x:g1 { ?who x:city ?city } } } ORDER BY ?age";
    let found: Vec<Person> = solutions(&people, query).deserialize().collect::<Result<_, _>>().unwrap();
    let person = |who: &str, age: f64, old: bool, city: Option<&str>| Person {
        who: format!("http://x/{who}"),
        age,
        old,
        city: city.map(|city| format!("http://x/{city}")),
    };
    assert_eq!(found, [person("cid", 4.5, false, None), person("ann", 31.0, false, Some("rome")), person("bob", 42.0, true, None)]);
    let pairs = solutions(&people, "SELECT ?g ?name { ?a x:age ?g OPTIONAL { ?a x:name ?name } FILTER(?g > 5) } ORDER BY ?g");
    let found: Vec<(u8, Option<String>)> = pairs.deserialize().collect::<Result<_, _>>().unwrap();
    assert_eq!(found, [(31, None), (42, None)]);
    let any: Vec<serde_json::Value> = pairs.deserialize().collect::<Result<_, _>>().unwrap();
    assert_eq!(any[0], serde_json::json!({ "g": 31, "name": null }));
}

#[test]
fn errors_name_row_column_expected_and_got() {
    let people = people();
    let error = |query: &str| solutions(&people, query).deserialize::<Person>().find_map(Result::err).unwrap();
    let wrong = error("SELECT ?who ?age ?old { ?who x:age ?age BIND(IF(?age > 40, \"yes\", false) AS ?old) } ORDER BY ?age");
    assert_eq!((wrong.row, wrong.column.as_deref()), (3, Some("old")));
    assert_eq!(wrong.to_string(), "row 3, column ?old: expected a boolean, got \"yes\"");
    let missing = error("SELECT ?who ?age { ?who x:age ?age }");
    assert_eq!(missing.to_string(), "row 1, column ?old: expected a column of this name, got none");
    let unbound = error("SELECT ?who ?age ?old { ?who x:knows ?b OPTIONAL { ?who x:none ?age } BIND(true AS ?old) } LIMIT 1");
    assert_eq!(unbound.to_string(), "row 1, column ?age: expected a number, got no value");
    let small = solutions(&people, "SELECT (300 AS ?n) { }");
    let narrow: RowError = small.deserialize::<(u8,)>().next().unwrap().unwrap_err();
    assert_eq!((narrow.row, narrow.column.as_deref()), (1, Some("n")));
    assert!(narrow.expected == "u8" && narrow.got.contains("300"), "{narrow}");
    assert!(solutions(&people, "SELECT (4.5 AS ?n) { }").deserialize::<(i64,)>().next().unwrap().is_err());
}

#[test]
fn ids_are_those_of_the_snapshot_that_was_asked() {
    let people = people();
    let found = solutions(&people, "SELECT ?a ?n { ?a x:age ?g BIND(?g + 1000 AS ?n) FILTER(?g > 40) }");
    assert!(found.version().is_same(&people.space()));
    assert_eq!(found.ids("a"), Some(&[people.space().id(&node("bob")).unwrap()][..]));
    assert!(found.ids("n").unwrap()[0] > people.space().terms(), "a computed term is not the store's");
    assert_eq!(found.ids("g"), None);
    people.update(&text("INSERT DATA { x:aaa x:age 50 }"), &QueryOptions::default()).unwrap();
    assert!(!found.version().is_same(&people.space()));
}
