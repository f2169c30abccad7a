//! `TEMPORAL`: valid time of statements.

use hypergraphql_framework::store::AtomSpace;
use hypergraphql_runtime::engine::{Answer, Engine, QueryOptions};
use oxrdf::Quad;

use super::{bag, rows, text};

const PREFIXES: &str =
    "@prefix x: <http://x/> . @prefix hq: <https://hypergraphql.org/ns#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n";

const WORK: &str = r#"
x:ann x:worksAt x:lab {| hq:validFrom "2018-01-01"^^xsd:date ; hq:validTo "2021-06-01"^^xsd:date |} .
x:ann x:worksAt x:uni {| hq:validFrom "2021-06-01"^^xsd:date ; hq:strength 0.9 |} .
x:bob x:worksAt x:lab {| hq:validTo "2019-01-01"^^xsd:date |} .
x:bob x:worksAt x:navy .
x:cid x:worksAt x:lab {| hq:validFrom "2022"^^xsd:gYear ; hq:validTo "2023-05-01T12:00:00+02:00"^^xsd:dateTime |}
                      {| hq:validFrom "2024"^^xsd:gYear ; hq:validTo "2025"^^xsd:gYear |} .
x:lab x:in x:rome {| hq:validFrom "2017"^^xsd:gYear ; hq:validTo "2023"^^xsd:gYear |} .
x:navy x:in x:oslo .
"#;

/// An engine on TriG with the prefixes of the tests.
fn world(trig: &str) -> Engine {
    let text = format!("{PREFIXES}{trig}");
    let quads =
        oxttl::TriGParser::new().for_slice(text.as_bytes()).collect::<Result<Vec<Quad>, _>>().unwrap_or_else(|e| panic!("{e}\n{text}"));
    Engine::new(AtomSpace::from_quads(quads).unwrap())
}

/// The query of the requirements, word for word.
#[test]
fn statements_by_the_time_in_which_they_hold() {
    let query = r#"SELECT ?entity ?relation ?target ?timestamp
WHERE {
    ?entity ?relation ?target .
    TEMPORAL {
        ?timestamp BETWEEN "2020-01-01" AND "2025-01-01"
    }
}
ORDER BY ?timestamp
"#;
    let found = rows(&world(WORK), query);
    assert!(found.is_sorted_by_key(|row| row.split(' ').next_back()), "{found:?}");
    let expected = [
        "ann worksAt lab 2020-01-01T00:00:00Z",
        "ann worksAt uni 2021-06-01T00:00:00Z",
        "cid worksAt lab 2022-01-01T00:00:00Z",
        "lab in rome 2020-01-01T00:00:00Z",
    ];
    assert_eq!(bag(&world(WORK), query), expected);
}

/// What each clause leaves of who works where, and of the same with where that is.
#[test]
fn each_clause_on_one_statement_and_on_two() {
    let world = world(WORK);
    for (clause, one, two) in [
        (r#"AS OF "2018-06-01""#, vec!["ann lab", "bob lab", "bob navy"], vec!["ann rome", "bob oslo", "bob rome"]),
        (r#"AS OF "2024-03-01"^^xsd:date"#, vec!["ann uni", "bob navy", "cid lab"], vec!["bob oslo"]),
        (r#"AS OF "2023-05-01T09:59:59Z"^^xsd:dateTime"#, vec!["ann uni", "bob navy", "cid lab"], vec!["bob oslo"]),
        (r#"AS OF "2023-05-01T10:00:00Z"^^xsd:dateTime"#, vec!["ann uni", "bob navy"], vec!["bob oslo"]),
        (r#"AS OF 2010"#, vec!["bob lab", "bob navy"], vec!["bob oslo"]),
        (r#"AS OF "soon""#, vec![], vec![]),
        (r#"BEFORE "2019""#, vec!["bob lab"], vec!["bob rome"]),
        (r#"BEFORE "2018-12-31""#, vec![], vec![]),
        (r#"BEFORE "2023""#, vec!["ann lab", "bob lab"], vec!["ann rome", "bob rome", "cid rome"]),
        (r#"AFTER "2021-06-01""#, vec!["ann uni", "cid lab"], vec!["cid rome"]),
        (r#"AFTER "2021-06-02""#, vec!["cid lab"], vec!["cid rome"]),
        (r#"DURING "2018" TO "2021-06-01""#, vec!["ann lab"], vec!["ann rome"]),
        (r#"DURING "2018-01-02" TO "2025""#, vec!["cid lab"], vec!["cid rome"]),
        (r#"OVERLAPS "2023-06-01" TO "2024""#, vec!["ann uni"], vec![]),
        (r#"OVERLAPS "2023-06-01" TO "2024-01-02""#, vec!["ann uni", "cid lab"], vec![]),
        (r#"OVERLAPS "2000" TO "2018""#, vec!["bob lab"], vec!["bob rome"]),
    ] {
        assert_eq!(bag(&world, &format!("SELECT ?who ?where {{ ?who x:worksAt ?where TEMPORAL {{ {clause} }} }}")), one, "{clause}");
        let query = format!("SELECT ?who ?city {{ ?who x:worksAt ?where . ?where x:in ?city TEMPORAL {{ {clause} }} }}");
        assert_eq!(bag(&world, &query), two, "{clause}");
    }
}

#[test]
fn between_gives_the_first_instant_of_the_range() {
    let world = world(WORK);
    let between = |core: &str, range: &str| bag(&world, &format!("SELECT ?t {{ {core} TEMPORAL {{ ?t BETWEEN {range} }} }}"));
    let (cid, bob) = ("x:cid x:worksAt x:lab", "x:bob x:worksAt ?where");
    assert_eq!(between(cid, r#""2023-06-01" AND "2024-01-01""#), ["2024-01-01T00:00:00Z"]);
    assert!(between(cid, r#""2023-06-01" AND "2023-12-31T23:59:59""#).is_empty());
    assert_eq!(between(cid, r#""2023-05-01T11:59:59+02:00"^^xsd:dateTime AND "2024""#), ["2023-05-01T09:59:59Z"]);
    assert_eq!(between(bob, r#""2000-01-01"^^xsd:date AND "2000-01-01"^^xsd:date"#), ["2000-01-01T00:00:00Z"]);
    assert!(between(bob, r#""2001" AND "2000""#).is_empty() && between(bob, r#""2001" AND ?nobody"#).is_empty());
    let dates = world_of_dates();
    assert_eq!(
        bag(&dates, "SELECT ?s ?t { ?s x:p ?o ; x:from ?a ; x:to ?b TEMPORAL { ?t BETWEEN ?a AND ?b } }"),
        ["a 2003-01-01T00:00:00Z"]
    );
}

/// Bounds that are values of the row.
fn world_of_dates() -> Engine {
    world(
        r#"x:a x:p 1 {| hq:validFrom "2002"^^xsd:gYear |} ; x:from "2003"^^xsd:gYear ; x:to "2004-01-01"^^xsd:date .
           x:b x:p 1 {| hq:validFrom "2006"^^xsd:gYear |} ; x:from "2003"^^xsd:gYear ; x:to "2004-01-01"^^xsd:date .
           x:c x:p 1 {| hq:validFrom "2002"^^xsd:gYear |} ; x:from "2003"^^xsd:gYear ; x:to x:never ."#,
    )
}

/// An incidence holds as long as its hyperedge does, too.
#[test]
fn hyperedges_hold_in_their_own_period() {
    let world = world(
        r#"x:h a hq:Hyperedge ; hq:validFrom "2001"^^xsd:gYear ; hq:validTo "2005"^^xsd:gYear ; x:who x:ann ; x:what x:run .
           x:h x:where x:rome {| hq:validFrom "2003"^^xsd:gYear |} .
           x:k a hq:Hyperedge ; x:who x:bob ; x:where x:oslo ."#,
    );
    let ask = |roles: &str, clause: &str| {
        bag(&world, &format!("SELECT ?h ?role ?w ?p ?t {{ HYPEREDGE ?h {{ {roles} }} TEMPORAL {{ {clause} }} }}"))
    };
    assert_eq!(ask("x:who ?w", r#"?t BETWEEN "2000" AND "2009""#), ["h - ann - 2001-01-01T00:00:00Z"]);
    assert_eq!(ask("x:who ?w ; x:where ?p", r#"?t BETWEEN "2000" AND "2009""#), ["h - ann rome 2003-01-01T00:00:00Z"]);
    assert_eq!(ask("x:who ?w ; x:where ?p", r#"AS OF "2002""#), ["k - bob oslo -"]);
    assert_eq!(ask("x:who ?w ; x:where ?p", r#"AS OF "2004""#), ["h - ann rome -", "k - bob oslo -"]);
    assert_eq!(ask("?role x:ann ; x:where ?p", r#"BEFORE "2005""#), ["h who - rome -"]);
    assert_eq!(ask("x:who ?w ; x:where ?p", r#"BEFORE "2004""#), Vec::<String>::new());
}

/// In a merge of graphs a triple holds when it does in one of them.
#[test]
fn graphs_have_valid_times_of_their_own() {
    let world = world(
        r#"GRAPH x:g { x:a x:p x:b {| hq:validFrom "2001"^^xsd:gYear ; hq:validTo "2002"^^xsd:gYear |} }
           GRAPH x:h { x:a x:p x:b {| hq:validFrom "2004"^^xsd:gYear |} . x:c x:p x:d {| hq:validFrom "2001"^^xsd:gYear |} }
           GRAPH x:i { x:c x:p x:d }"#,
    );
    let merged = "SELECT ?s ?o ?t FROM x:g FROM x:h FROM x:i { ?s x:p ?o TEMPORAL";
    assert_eq!(bag(&world, &format!("{merged} {{ AS OF \"2001\" }} }}")), ["a b -", "c d -"]);
    assert_eq!(bag(&world, &format!("{merged} {{ AS OF \"2003\" }} }}")), ["c d -"]);
    assert_eq!(bag(&world, &format!("{merged} {{ AS OF \"2005\" }} }}")), ["a b -", "c d -"]);
    assert_eq!(bag(&world, &format!("{merged} {{ ?t BETWEEN \"2003\" AND \"2009\" }} }}")), ["a b 2004-01-01T00:00:00Z"]);
    assert_eq!(
        bag(&world, "SELECT ?g ?s ?o ?t { GRAPH ?g { ?s x:p ?o TEMPORAL { ?t BETWEEN \"2003\" AND \"2009\" } } }"),
        ["h a b 2004-01-01T00:00:00Z", "h c d 2003-01-01T00:00:00Z"]
    );
}

#[test]
fn an_instant_that_nothing_binds_is_no_snapshot() {
    let world = world(WORK);
    for query in [
        "SELECT * { ?s x:worksAt ?o TEMPORAL { AS OF ?never } }",
        "SELECT * { ?s x:worksAt ?o . BIND(NOW() AS ?n) TEMPORAL { AS OF ?n } }",
        "SELECT * { ?s x:worksAt ?o OPTIONAL { ?o x:in ?c } TEMPORAL { AS OF (?never + 1) } }",
    ] {
        assert!(rows(&world, query).is_empty(), "{query}");
    }
    let exists =
        "SELECT ?s { VALUES (?s ?d) { (x:ann 2020) (x:cid 2020) (x:cid \"2022-02-02\"^^xsd:date) (x:ann \"2019-01-01\"^^xsd:date) }
        FILTER EXISTS { ?s x:worksAt x:lab TEMPORAL { AS OF ?d } } }";
    assert_eq!(bag(&world, exists), ["ann", "cid"]);
}

#[test]
fn relations_of_periods_and_degrees() {
    let world = world(WORK);
    let related = |relation: &str| {
        bag(
            &world,
            &format!(
                "PREFIX time: <http://www.w3.org/2006/time#> SELECT DISTINCT ?a ?o ?b ?p {{
                   << ?a x:worksAt ?o ~ ?m >> ?k ?v . << ?b x:worksAt ?p ~ ?n >> ?l ?w FILTER(time:{relation}(?m, ?n)) }}"
            ),
        )
    };
    assert_eq!(related("intervalMeets"), ["ann lab ann uni"]);
    assert_eq!(related("intervalOverlaps"), ["bob lab ann lab"]);
    assert_eq!(related("intervalDuring"), ["cid lab ann uni"]);
    assert_eq!(related("intervalStarts"), Vec::<String>::new());
    assert_eq!(related("intervalEquals"), ["ann lab ann lab", "ann uni ann uni", "bob lab bob lab", "cid lab cid lab"]);
    let strong = "SELECT ?s ?f { << ?s x:worksAt ?o ~ ?r >> hq:validFrom ?from BIND(hq:strength(?r) AS ?f) }";
    assert_eq!(bag(&world, strong), ["ann -", "ann 0.9", "cid -", "cid -"]);
    assert_eq!(bag(&world, "SELECT ?s { << ?s x:worksAt ?o ~ ?r >> hq:validFrom ?from FILTER(hq:strength(?r) > 0.5) }"), ["ann"]);
}

#[test]
fn derived_statements_hold_when_their_premises_do() {
    let infer = QueryOptions { infer: Some(hypergraphql_query::algebra::Regime::RhoDf), ..QueryOptions::default() };
    let dated = world("x:Cat rdfs:subClassOf x:Animal . x:tom a x:Cat {| hq:validFrom \"2001\"^^xsd:gYear |} .");
    for (year, count) in [(2000, 0), (2020, 1)] {
        let query = text(&format!("SELECT * {{ ?s a x:Animal TEMPORAL {{ AS OF \"{year}\" }} }}"));
        let Answer::Solutions(found) = dated.query(&query, &infer).unwrap() else { panic!("no solutions") };
        assert_eq!(found.len(), count, "{year}");
    }
    let timeless = world("x:Cat rdfs:subClassOf x:Animal . x:tom a x:Cat .");
    assert_eq!(bag(&timeless, "SELECT * { INFER { ?s a x:Animal TEMPORAL { AS OF \"2020\" } } }"), ["tom"]);
}
