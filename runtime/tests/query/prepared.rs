//! Prepared queries: as if the terms were written in the text, and errors where they could not be.

use hypergraphql_query::parameters::ParameterError;
use hypergraphql_runtime::engine::{Answer, QueryError, QueryOptions};
use oxrdf::{Literal, Term};

use super::{engine, node, people, text};

fn table(answer: Answer) -> Vec<String> {
    let mut rows: Vec<String> = match answer {
        Answer::Solutions(solutions) => solutions.rows().map(|row| format!("{row:?}")).collect(),
        Answer::Boolean(truth) => vec![truth.to_string()],
        Answer::Graph(triples) => triples.iter().map(ToString::to_string).collect(),
    };
    rows.sort();
    rows
}

fn who(name: &str) -> Term {
    node(name).into()
}

#[test]
fn a_parameter_is_as_if_its_term_were_written() {
    let people = people();
    let (ann, rome) = (who("ann"), who("rome"));
    let cases: [(&str, &[(&str, Term)]); 19] = [
        ("SELECT ?b { $p x:knows ?b }", &[("p", ann.clone())]),
        ("SELECT ?b { ?p x:knows ?b }", &[("p", ann.clone())]),
        ("SELECT ?a ?b { ?a $v ?b }", &[("v", who("knows"))]),
        ("SELECT ?a { ?a x:age ?g FILTER(?g > $least) }", &[("least", Literal::from(31).into())]),
        ("SELECT ?a { ?a x:age ?g FILTER(?g + $more > 40 && ?a != $p) }", &[("more", Literal::from(9).into()), ("p", ann.clone())]),
        ("SELECT ?a { ?a x:knows+ $p }", &[("p", who("cid"))]),
        ("SELECT ?a { GRAPH $g { ?a x:city $c } }", &[("g", who("g2")), ("c", rome)]),
        ("SELECT ?a ?n { ?a x:knows ?b OPTIONAL { $p x:name ?n } }", &[("p", who("dan"))]),
        ("SELECT ?a { ?a x:age ?g FILTER EXISTS { ?a x:knows $p } }", &[("p", who("cid"))]),
        ("SELECT ?a { ?a x:age ?g FILTER NOT EXISTS { $p x:knows ?a } }", &[("p", ann.clone())]),
        ("SELECT ?a (COUNT(*) AS ?n) { ?a x:knows ?b FILTER(?b != $p) } GROUP BY ?a", &[("p", who("bob"))]),
        ("SELECT ?a { ?a x:age ?g } ORDER BY (?g * $sign) LIMIT 1", &[("sign", Literal::from(-1).into())]),
        ("SELECT ?a ?c { { SELECT ?a ?b { ?a x:knows ?b . ?b x:knows $p } } ?b x:knows ?c }", &[("p", ann.clone())]),
        ("SELECT ?a { { ?a x:knows $p } UNION { $p x:knows ?a } }", &[("p", ann.clone())]),
        ("SELECT ?y { BIND(IF($p = x:ann, ?x, 2) AS ?y) }", &[("p", ann.clone())]),
        ("ASK { $p x:knows x:bob }", &[("p", ann.clone())]),
        ("CONSTRUCT { $p x:near ?b } { $p x:knows ?b }", &[("p", ann.clone())]),
        ("DESCRIBE $p", &[("p", ann.clone())]),
        ("SELECT ?b { $p x:nothing ?b }", &[("p", Literal::from("never stored").into())]),
    ];
    for (query, values) in cases {
        for unoptimized in [false, true] {
            let options = QueryOptions { unoptimized, ..QueryOptions::default() };
            let prepared = people.prepare(&text(query), &options).unwrap_or_else(|error| panic!("{query}: {error}"));
            let found = table(prepared.query(values).unwrap_or_else(|error| panic!("{query}: {error}")));
            // A variable can be written in places where a literal cannot.
            let is_writable = !values.iter().any(|(_, term)| term.is_literal()) || query.contains("FILTER") || query.contains("ORDER");
            if is_writable {
                let written = values.iter().fold(query.to_owned(), |query, (name, term)| {
                    query.replace(&format!("${name}"), &term.to_string()).replace(&format!("?{name} "), &format!("{term} "))
                });
                let expected = people.query(&text(&written), &options).unwrap_or_else(|error| panic!("{written}: {error}"));
                assert_eq!(found, table(expected), "{query}");
            } else {
                assert_eq!(found, [""; 0], "{query}");
            }
        }
    }
}

#[test]
fn a_parameter_is_a_column_and_is_shared() {
    let people = people();
    let rows = |query: &str, name: &str, value: Term| {
        let prepared = people.prepare(&text(query), &QueryOptions::default()).unwrap();
        let Answer::Solutions(solutions) = prepared.query(&[(name, value)]).unwrap() else { panic!("no solutions") };
        (solutions.variables().to_vec(), solutions.rows().collect::<Vec<_>>())
    };
    let (names, found) = rows("SELECT * { $p x:knows ?b } ORDER BY ?b", "p", who("ann"));
    assert_eq!(names, ["p", "b"]);
    assert_eq!(found, [[Some(who("ann")), Some(who("bob"))], [Some(who("ann")), Some(who("cid"))]]);
    let (_, found) = rows("SELECT $p (COUNT(?b) AS ?n) { $p x:knows ?b } GROUP BY $p", "p", who("ann"));
    assert_eq!(found, [[Some(who("ann")), Some(Literal::from(2).into())]]);
    let (_, found) = rows("SELECT $p (COUNT(?b) AS ?n) { $p x:knows ?b } GROUP BY $p", "p", who("nobody"));
    assert_eq!(found.len(), 0, "a group of nothing is none");
    let (_, found) = rows("SELECT $p { $p x:knows x:bob MINUS { $p x:age ?g } }", "p", who("ann"));
    assert_eq!(found.len(), 0, "both sides of MINUS have the parameter");
    let (_, found) = rows("SELECT $p { { $p x:knows x:bob } FILTER(BOUND($p)) }", "p", who("ann"));
    assert_eq!(found, [[Some(who("ann"))]]);
}

#[test]
fn one_plan_serves_all_values_and_the_store_as_it_is() {
    let people = people();
    let prepared = people.prepare(&text("SELECT ?b { $p x:knows ?b }"), &QueryOptions::default()).unwrap();
    assert_eq!(prepared.parameters().collect::<Vec<_>>(), ["p"]);
    let count = |name: &str| table(prepared.query(&[("p", who(name))]).unwrap()).len();
    assert_eq!([count("ann"), count("bob"), count("dan")], [2, 1, 0]);
    people.update(&text("INSERT DATA { x:dan x:knows x:ann }"), &QueryOptions::default()).unwrap();
    assert_eq!([count("ann"), count("dan")], [2, 1]);
    let plan = prepared.explain(&[("p", who("ann"))]).unwrap();
    assert!(plan.contains("http://x/ann") && !plan.contains("parameter"), "{plan}");
}

#[test]
fn wrong_parameters_are_named() {
    let people = people();
    let error = |query: &str, values: &[(&str, Term)]| match people
        .prepare(&text(query), &QueryOptions::default())
        .unwrap()
        .query(values)
        .expect_err(query)
    {
        QueryError::Parameter(error) => error,
        other => panic!("{query}: {other}"),
    };
    let query = "SELECT ?b { $p x:knows ?b }";
    assert!(matches!(error(query, &[("q", who("ann"))]), ParameterError::Unknown { known, .. } if known == "?b, ?p"));
    assert!(matches!(error(query, &[]), ParameterError::Missing { name } if name == "p"));
    let bound = |query: &str| matches!(error(query, &[("p", who("ann"))]), ParameterError::Bound { name, .. } if name.name() == "p");
    assert!(bound("SELECT ?b { ?a x:knows ?b BIND(?a AS $p) }"));
    assert!(bound("SELECT (1 AS $p) { ?a x:knows ?b }"));
    assert!(bound("SELECT (COUNT(?a) AS $p) { ?a x:knows ?b }"));
    assert!(bound("SELECT * { VALUES $p { x:ann } $p x:knows ?b }"));
    assert!(bound("SELECT * { ?a x:knows ?b TEMPORAL { $p BETWEEN \"2020\" AND \"2021\" } }"));
    let place = |query: &str| match error(query, &[("p", Literal::from(7).into())]) {
        ParameterError::Place { place, .. } => place,
        other => panic!("{query}: {other}"),
    };
    assert_eq!(place("SELECT * { ?a $p ?b }"), "as a predicate");
    assert_eq!(place("SELECT * { GRAPH $p { ?a ?c ?b } }"), "as a graph");
    assert_eq!(place("CONSTRUCT { ?a $p ?b } { ?a x:knows ?b }"), "as a predicate");
    for query in ["SELECT * { ?a x:knows ?b } LIMIT $p", "SELECT * { ?a x:knows/$p ?b }", "SELECT * FROM $p { ?a x:knows ?b }"] {
        assert!(matches!(people.prepare(&text(query), &QueryOptions::default()), Err(QueryError::Syntax(_))), "{query}");
    }
}

#[test]
fn time_and_inference_take_parameters() {
    let world = engine(
        "<http://x/a> <http://x/at> <http://x/b> .\n\
         _:r <http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> <<( <http://x/a> <http://x/at> <http://x/b> )>> .\n\
         _:r <https://hypergraphql.org/ns#validFrom> \"2020-01-01\"^^<http://www.w3.org/2001/XMLSchema#date> .\n\
         <http://x/c> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <http://x/d> .\n\
         <http://x/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/c> .\n",
    );
    let count = |query: &str, name: &str, value: Term| {
        table(world.prepare(&text(query), &QueryOptions::default()).unwrap().query(&[(name, value)]).unwrap()).len()
    };
    let date = |text: &str| Term::from(Literal::new_typed_literal(text, oxrdf::vocab::xsd::DATE));
    let as_of = "SELECT * { x:a x:at ?b TEMPORAL { AS OF $t } }";
    assert_eq!([count(as_of, "t", date("2019-05-01")), count(as_of, "t", date("2021-05-01"))], [0, 1]);
    let after = "SELECT * { x:a x:at ?b TEMPORAL { AFTER $t } }";
    assert_eq!([count(after, "t", date("2019-05-01")), count(after, "t", date("2021-05-01"))], [1, 0]);
    assert_eq!([count("SELECT * { INFER { ?a a $c } }", "c", who("d")), count("SELECT * { ?a a $c }", "c", who("d"))], [1, 0]);
    assert_eq!(count("SELECT * { INFER { ?a $p x:d } }", "p", oxrdf::vocab::rdf::TYPE.into_owned().into()), 1);
}
