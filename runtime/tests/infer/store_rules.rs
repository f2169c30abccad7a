//! Rules that stand in the graph.

use hypergraphql_query::algebra::Regime;
use hypergraphql_runtime::engine::QueryError;
use hypergraphql_runtime::infer::InferError;

use super::{check, engine, solutions};

const FAMILY: &str = r#":a :parent :b . :b :parent :c . :c :parent :d . :a :age 70 . :b :age 50 . :c :age 8 . :d :age 30 .
    :step a hq:Rule ; hq:rule "CONSTRUCT { ?x :ancestor ?y } WHERE { ?x :parent ?y }" .
    :more a hq:Rule ; hq:rule "CONSTRUCT { ?x :ancestor ?z } WHERE { ?x :ancestor ?y . ?y :parent ?z }" ."#;

#[test]
fn rules_are_applied_until_nothing_is_new() {
    let engine = engine(FAMILY);
    check(&engine, "SELECT ?y { INFER RULES { :a :ancestor ?y } }", &[":b", ":c", ":d"]);
    check(&engine, "SELECT ?y { INFER { :a :ancestor ?y } }", &[]);
}

#[test]
fn filters_and_computed_values() {
    let rules =
        r#":adult a hq:Rule ; hq:rule "CONSTRUCT { ?x a :Adult ; :next ?n } WHERE { ?x :age ?a FILTER (?a >= 30) BIND (?a + 1 AS ?n) }" ."#;
    let engine = engine(&format!("{FAMILY} {rules}"));
    check(&engine, "SELECT ?x { INFER RULES { ?x a :Adult } }", &[":a", ":b", ":d"]);
    let next = "\"31\"^^<http://www.w3.org/2001/XMLSchema#integer>";
    check(&engine, "SELECT ?n { INFER RULES { :d :next ?n } }", &[next]);
    check(&engine, "SELECT ?x { INFER RULES { ?x :next 31 } }", &[":d"]);
}

#[test]
fn what_is_absent_is_asked_after_all_that_could_make_it() {
    let rules = r#":root a hq:Rule ; hq:rule "CONSTRUCT { ?y a :Root } WHERE { ?y :parent ?z FILTER NOT EXISTS { ?x :ancestor ?y } }" .
        :other a hq:Rule ; hq:rule "CONSTRUCT { ?y a :Inner } WHERE { ?y :age ?n FILTER NOT EXISTS { ?y a :Root } }" ."#;
    let engine = engine(&format!("{FAMILY} {rules}"));
    check(&engine, "SELECT ?x { INFER RULES { ?x a :Root } }", &[":a"]);
    check(&engine, "SELECT ?x { INFER RULES { ?x a :Inner } }", &[":b", ":c", ":d"]);
}

#[test]
fn rules_that_cannot_be_applied_say_why() {
    let cases = [
        ("SELECT ?x { ?x :p ?y }", "expected CONSTRUCT"),
        ("CONSTRUCT { ?x :p _:b } WHERE { ?x :q ?y }", "blank node"),
        ("CONSTRUCT { ?x :p ?y } WHERE { ?x :q ?y OPTIONAL { ?y :r ?z } }", "triple patterns, FILTER, BIND"),
        ("CONSTRUCT { ?x :p ?r } WHERE { ?x :q ?y BIND (RAND() AS ?r) }", "not always the same"),
        ("CONSTRUCT { ?x :p ?y } WHERE { ?x :q ?y FILTER NOT EXISTS { ?y :p ?x } }", "the rule itself"),
        ("CONSTRUCT { ?x :p ?y } WHERE { ?x :q ?y FILTER NOT EXISTS { ?x :hasProperty ?y } }", "inherited"),
        ("CONSTRUCT { ?x", "never closed"),
    ];
    for (text, why) in cases {
        let engine = engine(&format!(":r a hq:Rule ; hq:rule \"{text}\" . :a :q :b ."));
        let error = solutions(&engine, "SELECT ?x { INFER RULES { ?x :p ?y } }", None).unwrap_err();
        assert!(matches!(&error, QueryError::Infer(InferError::Rule { rule, .. }) if rule == "<http://example.org/r>"), "{text}: {error}");
        assert!(error.to_string().contains(why), "{text}: {error}");
    }
}

#[test]
fn a_rule_without_its_class_is_a_text_only() {
    let engine = engine(":r hq:rule \"CONSTRUCT { ?x :p ?y } WHERE { ?x :q ?y }\" . :a :q :b .");
    let found = solutions(&engine, "SELECT ?x { ?x :p ?y }", Some(Regime::Rules)).unwrap();
    assert!(found.is_empty());
}

#[test]
fn values_computed_without_end_are_an_error() {
    let engine = engine(r#":r a hq:Rule ; hq:rule "CONSTRUCT { ?x :n ?m } WHERE { ?x :n ?n BIND (?n + 1 AS ?m) }" . :a :n 0 ."#);
    let error = solutions(&engine, "SELECT ?n { INFER RULES { :a :n ?n } }", None).unwrap_err();
    assert!(error.to_string().contains("after 10000 rounds"), "{error}");
}
