//! Laws: a closure of a hierarchy of classes is what a path finds, it is a set, and materialised it needs no `INFER`.

use hypergraphql_query::algebra::Regime;
use hypergraphql_runtime::engine::{Engine, QueryOptions};
use proptest::prelude::*;

use super::{engine, solutions};

/// Classes below each other at random, cycles among them, and instances.
fn classes() -> impl Strategy<Value = String> {
    let below = (0u8..9, 0u8..9).prop_map(|(a, b)| format!(":c{a} rdfs:subClassOf :c{b} . "));
    let instance = (0u8..7, 0u8..9).prop_map(|(x, c)| format!(":x{x} a :c{c} . "));
    prop::collection::vec(prop_oneof![below, instance], 0..25).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_hierarchy_is_closed_as_a_path_walks_it(text in classes()) {
        let engine = engine(&text);
        let walked = solutions(&engine, "SELECT DISTINCT ?x ?c { ?x a/rdfs:subClassOf* ?c }", None).unwrap();
        for regime in ["", "RHODF", "OWL2RL"] {
            let query = format!("SELECT ?x ?c {{ INFER {regime} {{ ?x a ?c }} }}");
            prop_assert_eq!(&solutions(&engine, &query, None).unwrap(), &walked, "{}", regime);
            let counted = format!("SELECT (COUNT(*) AS ?n) {{ INFER {regime} {{ ?x a ?c }} }}");
            let expected = format!("\"{}\"^^<http://www.w3.org/2001/XMLSchema#integer>", walked.len());
            prop_assert_eq!(solutions(&engine, &counted, None).unwrap().into_iter().next(), Some(expected));
        }
    }

    /// In the default graph and in a named one, each for itself.
    #[test]
    fn what_is_materialized_is_what_infer_matches(text in classes(), named in classes()) {
        let engine = engine(&format!(":p rdfs:domain :c0 . :x0 :p 7 . {text} :g {{ {named} }}"));
        for regime in [Regime::RhoDf, Regime::Rdfs, Regime::Owl2Rl, Regime::Rules] {
            let found = engine.materialize(regime, &QueryOptions::default()).unwrap();
            prop_assert_eq!(found.space.len(), found.asserted + found.derived);
            prop_assert_eq!(found.asserted, engine.space().len());
            let closed = Engine::new(found.space);
            for query in ["SELECT ?s ?p ?o { ?s ?p ?o FILTER (!isLiteral(?s)) }", "SELECT ?s ?p ?o { GRAPH :g { ?s ?p ?o FILTER (!isLiteral(?s)) } }"] {
                prop_assert_eq!(solutions(&closed, query, None).unwrap(), solutions(&engine, query, Some(regime)).unwrap(), "{:?}", regime);
            }
        }
    }

    #[test]
    fn a_closure_contains_what_it_is_made_of(text in classes()) {
        let engine = engine(&text);
        let asserted = solutions(&engine, "SELECT ?s ?p ?o { ?s ?p ?o }", None).unwrap();
        let closed = solutions(&engine, "SELECT ?s ?p ?o { INFER { ?s ?p ?o } }", None).unwrap();
        prop_assert!(closed.is_superset(&asserted));
    }
}
