//! Filters on texts: the plan searches the index of texts where that pays, and the answers are those without.

use hypergraphql_framework::store::AtomSpace;
use hypergraphql_runtime::engine::{Answer, Engine, QueryOptions};
use oxrdf::{GraphName, Literal, NamedNode, Quad, Term};

const SIZE: usize = 6000;

fn quads() -> Vec<Quad> {
    let node = |kind: &str, number: usize| NamedNode::new_unchecked(format!("http://x/{kind}{number}"));
    let words = ["river", "Mountain", "Straße", "forest", "ΟΔΥΣΣΕΎΣ", "bridge"];
    let mut quads = vec![];
    for i in 0..SIZE {
        let text = format!("{} {} {i}", words[i % 6], words[i / 6 % 6]);
        let label = if i % 5 == 0 { Literal::new_language_tagged_literal_unchecked(text, "en") } else { Literal::new_simple_literal(text) };
        let mut add = |predicate: &str, object: Term| {
            quads.push(Quad::new(node("n", i), node(predicate, 0), object, GraphName::DefaultGraph));
        };
        add("label", label.into());
        add("kind", node("kind", i % 40).into());
        // An IRI that holds the text, and a literal of another type.
        add("see", node("river", i).into());
        add("code", Literal::new_typed_literal(format!("river {i}"), node("datatype", 0)).into());
    }
    quads
}

fn engine(index: bool) -> Engine {
    let space = AtomSpace::from_quads(quads()).unwrap();
    Engine::new(if index { space.with_text_index().unwrap() } else { space })
}

fn rows(engine: &Engine, query: &str, unoptimized: bool) -> Vec<String> {
    let options = QueryOptions { unoptimized, ..QueryOptions::default() };
    let answer = engine.query(query, &options).unwrap_or_else(|error| panic!("{query}\n{error}"));
    let Answer::Solutions(solutions) = answer else { panic!("{query} is no SELECT") };
    let mut rows: Vec<String> = solutions.rows().map(|row| format!("{row:?}")).collect();
    rows.sort_unstable();
    rows
}

/// Queries, how many rows they have, and whether they search the index, and whether they search without one.
const QUERIES: [(&str, usize, bool, bool); 12] = [
    ("?s <http://x/label0> ?l FILTER CONTAINS(?l, \"river 17\")", 12, true, false),
    ("?s <http://x/label0> ?l ; <http://x/kind0> ?k FILTER CONTAINS(LCASE(?l), \"mountain river 1\")", 32, true, false),
    ("?s <http://x/label0> ?l FILTER CONTAINS(UCASE(?l), \"STRASSE STRASSE\")", 167, true, false),
    ("?s <http://x/label0> ?l FILTER REGEX(?l, \"^οδυσσεύς.*STRAßE 4[0-9]+$\", \"i\")", 31, true, false),
    ("?s <http://x/label0> ?l FILTER(STRENDS(?l, \"forest 5999\") && isLITERAL(?l))", 1, true, false),
    ("?s <http://x/label0> ?l FILTER STRSTARTS(?l, \"forest forest\")", 167, true, true),
    ("?s <http://x/label0> ?l FILTER(CONTAINS(?l, \"river\") || CONTAINS(?l, \"forest\"))", 3336, false, false),
    ("?s <http://x/label0> ?l FILTER CONTAINS(STR(?l), \"river 17\")", 12, false, false),
    ("?s ?p ?o FILTER CONTAINS(STR(?o), \"river17\")", 111, false, false),
    ("?s ?p ?o FILTER CONTAINS(?o, \"river 17\")", 12, true, false),
    ("?s <http://x/label0> ?l FILTER CONTAINS(?l, \"7 \")", 0, false, false),
    ("?s <http://x/see0> <http://x/river17> ; <http://x/label0> ?l FILTER CONTAINS(?l, \"bridge\")", 1, false, false),
];

#[test]
fn searches_change_plans_and_no_answers() {
    let (plain, indexed) = (engine(false), engine(true));
    for (group, expected, with, without) in QUERIES {
        let query = format!("SELECT * {{ {group} }}");
        let answer = rows(&plain, &query, true);
        assert_eq!(answer.len(), expected, "{query}");
        for (engine, searches) in [(&indexed, with), (&plain, without)] {
            assert_eq!(rows(engine, &query, false), answer, "{query}");
            let plan = engine.explain(&query, &QueryOptions::default()).unwrap();
            assert_eq!(plan.contains("TextSearch"), searches, "{query}\n{plan}");
        }
    }
}

#[test]
fn texts_of_changes_are_found() {
    let engine = engine(true);
    let query = "SELECT * { ?s <http://x/label0> ?l FILTER CONTAINS(?l, \"Volcano\") }";
    assert!(rows(&engine, query, false).is_empty());
    engine
        .update(
            "INSERT DATA { <http://x/new> <http://x/label0> \"a Volcano\", \"ein Volcano\"@de, <http://x/Volcano> }",
            &QueryOptions::default(),
        )
        .unwrap();
    assert_eq!(rows(&engine, query, false).len(), 2);
    engine.update("DELETE DATA { <http://x/new> <http://x/label0> \"a Volcano\" }", &QueryOptions::default()).unwrap();
    assert_eq!(rows(&engine, query, false), rows(&engine, query, true));
    assert!(engine.explain(query, &QueryOptions::default()).unwrap().contains("TextSearch ?l with \"Volcano\""));
}

#[test]
fn a_search_narrows_what_parameters_decide() {
    let (plain, indexed) = (engine(false), engine(true));
    let query = "SELECT * { ?s <http://x/label0> ?l FILTER(CONTAINS(?l, $part) && CONTAINS(?l, \"river 17\")) }";
    let prepared = indexed.prepare(query, &QueryOptions::default()).unwrap();
    let Answer::Solutions(found) = prepared.query(&[("part", Literal::new_simple_literal("forest").into())]).unwrap() else {
        panic!("SELECT gives solutions")
    };
    let expected = rows(&plain, &query.replace("$part", "\"forest\""), true);
    assert!(!expected.is_empty());
    assert_eq!(found.rows().count(), expected.len());
}
