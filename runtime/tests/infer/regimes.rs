//! Regimes, graphs, inconsistencies and limits.

use hypergraphql_query::algebra::Regime;
use hypergraphql_runtime::engine::{QueryError, QueryOptions};
use hypergraphql_runtime::infer::InferError;

use super::{check, engine, solutions};

#[test]
fn rho_df_follows_classes_properties_domains_and_ranges() {
    let engine =
        engine(":p rdfs:subPropertyOf :q . :q rdfs:domain :C ; rdfs:range :D . :C rdfs:subClassOf :B . :x :p :y . :z :p \"literal\" .");
    check(&engine, "SELECT ?x ?c { INFER { ?x a ?c } }", &[":x :B", ":x :C", ":y :D", ":z :B", ":z :C"]);
    check(&engine, "SELECT ?x ?y { INFER RHODF { ?x :q ?y } }", &[":x :y", ":z \"literal\""]);
    check(&engine, "SELECT ?p { INFER { :x ?p :y } }", &[":p", ":q"]);
    check(&engine, "SELECT ?x { ?x a :C }", &[]);
}

#[test]
fn rdfs_has_its_vocabulary() {
    let engine = engine(":c rdfs:subClassOf :d . :x a :c . :x rdf:_1 :y .");
    check(&engine, "SELECT ?c { INFER RDFS { ?c rdfs:subClassOf :d } }", &[":c", ":d"]);
    check(&engine, "SELECT ?c { INFER RDFS { :x a ?c } }", &[":c", ":d", "rdfs:Resource"]);
    check(&engine, "SELECT ?p { INFER RDFS { :x ?p :y } }", &["rdf:_1", "rdfs:member"]);
}

#[test]
fn owl_has_equality_chains_lists_and_restrictions() {
    let engine = engine(
        ":hasUncle owl:propertyChainAxiom (:hasFather :hasBrother) . :a :hasFather :b . :b :hasBrother :c .
         :b owl:sameAs :bb . :Parent owl:intersectionOf (:Person :HasChild) . :b a :Person, :HasChild .
         :ancestor a owl:TransitiveProperty . :hasFather rdfs:subPropertyOf :ancestor . :c :hasFather :d . :b :ancestor :c .
         :HasDog owl:someValuesFrom :Dog ; owl:onProperty :owns . :a :owns :rex . :rex a :Dog .",
    );
    check(&engine, "SELECT ?x ?y { INFER OWL2RL { ?x :hasUncle ?y } }", &[":a :c"]);
    check(&engine, "SELECT ?x { INFER OWL2RL { ?x a :Parent } }", &[":b", ":bb"]);
    check(&engine, "SELECT ?y { INFER OWL2RL { :a :ancestor ?y } }", &[":b", ":bb", ":c", ":d"]);
    check(&engine, "SELECT ?x { INFER OWL2RL { ?x a :HasDog } }", &[":a"]);
    check(&engine, "SELECT ?y { INFER OWL2RL { :bb owl:sameAs ?y } }", &[":b", ":bb"]);
}

#[test]
fn an_inconsistency_names_rule_and_statements() {
    let engine = engine(":C owl:disjointWith :D . :x a :C, :D .");
    let error = solutions(&engine, "SELECT ?x { INFER OWL2RL { ?x a :C } }", None).unwrap_err();
    assert!(matches!(&error, QueryError::Infer(InferError::Inconsistent { rule, .. }) if rule == "cax-dw"), "{error}");
    let text = error.to_string();
    assert!(text.contains("<http://example.org/x> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://example.org/D>"), "{text}");
    assert_eq!(solutions(&engine, "SELECT ?x { INFER { ?x a :C } }", None).unwrap().len(), 1, "other regimes do not look for it");
}

#[test]
fn every_graph_is_closed_for_itself() {
    let engine = engine(":c rdfs:subClassOf :d . :x a :c . :g { :c rdfs:subClassOf :e . :y a :c } :h { :z a :c }");
    check(&engine, "SELECT ?x ?c { INFER { ?x a ?c } }", &[":x :c", ":x :d"]);
    check(&engine, "SELECT ?x ?c { GRAPH :g { INFER { ?x a ?c } } }", &[":y :c", ":y :e"]);
    check(&engine, "SELECT ?g ?x ?c { GRAPH ?g { INFER { ?x a ?c } } }", &[":g :y :c", ":g :y :e", ":h :z :c"]);
    check(&engine, "SELECT ?g ?x ?c { GRAPH ?g { INFER { ?x a+ ?c } } }", &[":g :y :c", ":g :y :e", ":h :z :c"]);
    check(&engine, "SELECT ?x ?c FROM :g FROM :h { INFER { ?x a ?c } }", &[":y :c", ":y :e", ":z :c", ":z :e"]);
    check(&engine, "SELECT ?g ?x { GRAPH ?g { ?x a :c OPTIONAL { INFER { ?x a :e } } } }", &[":g :y", ":h :z"]);
}

#[test]
fn a_whole_query_can_be_answered_from_a_closure() {
    let engine = engine(":c rdfs:subClassOf :d . :x a :c .");
    let found = solutions(&engine, "SELECT ?c { :x a ?c }", Some(Regime::RhoDf)).unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [":c", ":d"]);
}

#[test]
fn an_update_is_seen_by_the_next_closure() {
    let engine = engine(":c rdfs:subClassOf :d . :x a :c .");
    let query = "SELECT ?x ?c { INFER { ?x a ?c } }";
    check(&engine, query, &[":x :c", ":x :d"]);
    engine.update("INSERT DATA { :d rdfs:subClassOf :e }", &QueryOptions::default()).unwrap();
    check(&engine, query, &[":x :c", ":x :d", ":x :e"]);
    engine.update("INSERT { ?x :was ?c } WHERE { INFER { ?x a ?c } }", &QueryOptions::default()).unwrap();
    check(&engine, "SELECT ?c { :x :was ?c }", &[":c", ":d", ":e"]);
}

#[test]
fn limits_hold_while_a_closure_is_made() {
    let chain: String = (0..3_000).map(|i| format!(":c{i} rdfs:subClassOf :c{} . ", i + 1)).collect();
    let engine = engine(&chain);
    let query = "SELECT (COUNT(*) AS ?n) { INFER { ?x rdfs:subClassOf ?y } }";
    let options = QueryOptions { memory: Some(1 << 20), ..QueryOptions::default() };
    let error = engine.query(query, &options).map(|_| ()).unwrap_err();
    assert!(matches!(&error, QueryError::Memory { operator, .. } if operator == "INFER"), "{error}");
    let options = QueryOptions { timeout: Some(std::time::Duration::ZERO), ..QueryOptions::default() };
    assert!(matches!(engine.query(query, &options).map(|_| ()), Err(QueryError::Timeout { .. })));
}

#[test]
fn derived_statements_have_a_limit_and_an_inconsistent_graph_has_none() {
    let engine = engine(":a rdfs:subClassOf :b . :x a :a . :y a :a .");
    let options = QueryOptions { limit: Some(1), ..QueryOptions::default() };
    let error = engine.materialize(Regime::RhoDf, &options).unwrap_err().to_string();
    assert!(error.contains("at most 1"), "{error}");
    let contrary = super::engine(":a owl:disjointWith :b . :x a :a , :b .");
    let error = contrary.materialize(Regime::Owl2Rl, &QueryOptions::default()).unwrap_err().to_string();
    assert!(error.contains("inconsistent") && error.contains("disjointWith"), "{error}");
}
