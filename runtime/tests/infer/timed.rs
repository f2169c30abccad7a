//! Laws of inference in time: what holds at an instant is what follows from what holds then.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use hypergraphql_query::algebra::Regime;
use hypergraphql_runtime::engine::{Engine, QueryError, QueryOptions};
use hypergraphql_runtime::infer::InferError;
use proptest::prelude::*;

use super::{check, engine, solutions};

/// Bounds are the beginnings of these years; 0 lies before all of them.
const YEARS: std::ops::Range<u8> = 1..5;

type Bound = Option<u8>;

/// Statements in the default graph or in `:g`, with the period that each has; both bounds none: it is timeless.
type World = Vec<(String, bool, Bound, Bound)>;

fn year(year: u8) -> String {
    format!("\"200{year}\"^^xsd:gYear")
}

fn statement() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (0u8..3, 0u8..3).prop_map(|(a, b)| format!(":c{a} rdfs:subClassOf :c{b}")),
        3 => (0u8..3, 0u8..3).prop_map(|(x, c)| format!(":x{x} a :c{c}")),
        2 => (0u8..3, 0u8..2, 0u8..3).prop_map(|(x, p, y)| format!(":x{x} :p{p} :x{y}")),
        1 => (0u8..2, 0u8..3).prop_map(|(p, c)| format!(":p{p} rdfs:domain :c{c}")),
        1 => Just(":p0 rdfs:subPropertyOf :p1".to_owned()),
        1 => Just(":p1 a owl:TransitiveProperty".to_owned()),
        1 => (0u8..3, 0u8..3).prop_map(|(a, b)| format!(":c{a} :isA :c{b}")),
        1 => (0u8..3).prop_map(|c| format!(":c{c} :hasProperty \"fur\"")),
    ]
}

fn world() -> impl Strategy<Value = World> {
    let bound = || prop_oneof![1 => Just(None), 2 => YEARS.prop_map(Some)];
    let period = (bound(), bound()).prop_filter("a period has instants", |(from, to)| from.zip(*to).is_none_or(|(from, to)| from < to));
    let named = prop_oneof![4 => Just(false), 1 => Just(true)];
    prop::collection::vec((statement(), named, period), 1..9).prop_map(|all| {
        let mut all: World = all.into_iter().map(|(text, named, (from, to))| (text, named, from, to)).collect();
        all.sort();
        // One period a statement.
        all.dedup_by(|a, b| a.0 == b.0 && a.1 == b.1);
        all
    })
}

fn holds(from: Bound, to: Bound, at: u8) -> bool {
    from.is_none_or(|from| from <= at) && to.is_none_or(|to| at < to)
}

/// The store of the statements that are kept; the annotations of the others stay.
fn store(world: &World, kept: impl Fn(Bound, Bound) -> bool) -> Engine {
    // A rule that takes back what followed while something else did not hold, in both graphs.
    let rules = ":lonely a hq:Rule ; hq:rule \"CONSTRUCT { ?x :lonely ?c } WHERE { ?x a ?c FILTER NOT EXISTS { ?x :p1 ?y } }\" .
        :also a hq:Rule ; hq:rule \"CONSTRUCT { ?x :p1 ?y } WHERE { ?x :p0 ?y }\" .";
    let mut text = format!("{rules} :g {{ {rules} }} :h a hq:Hyperedge ; hq:validFrom {} . ", year(2));
    if kept(Some(2), None) {
        text.push_str(":h :p0 :x0 . ");
    }
    for (at, (statement, named, from, to)) in world.iter().enumerate() {
        let mut part = String::new();
        if kept(*from, *to) {
            write!(part, "{statement} . ").unwrap();
        }
        if from.is_some() || to.is_some() {
            write!(part, ":r{at} rdf:reifies <<( {statement} )>> . ").unwrap();
            for (property, bound) in [("validFrom", from), ("validTo", to)] {
                bound.iter().for_each(|bound| write!(part, ":r{at} hq:{property} {} . ", year(*bound)).unwrap());
            }
        }
        // `a` is no predicate of a triple term.
        let part = part.replace(" a :c", " rdf:type :c").replace(" a owl:", " rdf:type owl:");
        text.push_str(&if *named { format!(":g {{ {part} }} ") } else { part });
    }
    engine(&text)
}

const REGIMES: [&str; 4] = ["RHODF", "RDFS", "OWL2RL", "RULES"];

/// What is matched, with a place for what time is asked for.
const GROUPS: [&str; 5] = [
    "?s ?p ?o %",
    "?s a ?o . ?s ?p ?x %",
    "?s a/rdfs:subClassOf* ?o . ?s ?p ?y %",
    "GRAPH :g { ?s ?p ?o % }",
    "GRAPH ?p { ?s a ?o . ?o rdfs:subClassOf ?x % }",
];

fn ask(engine: &Engine, regime: &str, group: &str, time: &str) -> BTreeSet<String> {
    let prefix = "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>";
    let query = format!("{prefix} SELECT DISTINCT ?s ?p ?o {{ INFER {regime} {{ {} }} }}", group.replace('%', time));
    solutions(engine, &query, None).unwrap_or_else(|error| panic!("{query}\n{error}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn as_of_is_inference_over_the_snapshot(world in world(), at in YEARS, group in 0..GROUPS.len()) {
        let (whole, snapshot) = (store(&world, |_, _| true), store(&world, |from, to| holds(from, to, at)));
        for regime in REGIMES {
            let expected = ask(&snapshot, regime, GROUPS[group], "");
            let constant = format!("TEMPORAL {{ AS OF {} }}", year(at));
            prop_assert_eq!(&ask(&whole, regime, GROUPS[group], &constant), &expected, "{} {}", regime, GROUPS[group]);
            // An instant of the row: what holds at all times is asked, and then when.
            let of_row = format!(
                "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> SELECT ?s ?p ?o {{ VALUES ?d {{ {} }} INFER {regime} {{ ?s ?p ?o }}
                   FILTER EXISTS {{ INFER {regime} {{ ?s ?p ?o TEMPORAL {{ AS OF ?d }} }} }} }}",
                year(at)
            );
            let always = ask(&whole, regime, GROUPS[0], "");
            let expected: BTreeSet<String> = ask(&snapshot, regime, GROUPS[0], "").intersection(&always).cloned().collect();
            prop_assert_eq!(&solutions(&whole, &of_row, None).unwrap(), &expected, "{}", of_row);
        }
    }

    /// The first year in which it follows, unless it is timeless.
    #[test]
    fn the_valid_time_of_what_follows(world in world(), named in any::<bool>()) {
        let group = if named { "GRAPH :g { ?s ?p ?o % }" } else { "?s ?p ?o %" };
        let whole = store(&world, |_, _| true);
        let timeless = store(&world, |from, to| from.is_none() && to.is_none());
        for regime in REGIMES {
            let mut snapshots: Vec<BTreeSet<String>> = vec![];
            for at in 0..=YEARS.end {
                snapshots.push(ask(&store(&world, |from, to| holds(from, to, at)), regime, group, ""));
            }
            let always: BTreeSet<String> =
                ask(&timeless, regime, group, "").into_iter().filter(|row| snapshots.iter().all(|snapshot| snapshot.contains(row))).collect();
            let mut expected = BTreeSet::new();
            for row in snapshots.iter().flatten().filter(|row| !always.contains(*row)) {
                let mut years = YEARS;
                if let Some(first) = years.find(|at| snapshots[*at as usize].contains(row)) {
                    expected.insert(format!("{row} \"200{first}-01-01T00:00:00Z\"^^<http://www.w3.org/2001/XMLSchema#dateTime>"));
                }
            }
            let time = format!("TEMPORAL {{ ?t BETWEEN {} AND {} }}", year(YEARS.start), year(YEARS.end - 1));
            let query = format!(
                "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> SELECT ?s ?p ?o ?t {{ INFER {regime} {{ {} }} }}",
                group.replace('%', &time)
            );
            prop_assert_eq!(solutions(&whole, &query, None).unwrap(), expected, "{}", query);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Annotations aside, a materialised store without `INFER` is the store with it.
    #[test]
    fn what_is_materialized_is_what_infer_matches_at_each_instant(world in world(), named in any::<bool>()) {
        let group = |time: &str| {
            let all = format!("?s ?p ?o {time} FILTER(!isBlank(?s) && !isLiteral(?s) && ?s != :h)");
            if named { format!("GRAPH :g {{ {all} }}") } else { all }
        };
        let whole = store(&world, |_, _| true);
        for regime in [Regime::RhoDf, Regime::Rdfs, Regime::Owl2Rl, Regime::Rules] {
            let found = whole.materialize(regime, &QueryOptions::default()).unwrap();
            prop_assert_eq!(found.space.len(), found.asserted + found.derived + found.annotations);
            let closed = Engine::new(found.space);
            for at in YEARS {
                let query = format!(
                    "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> SELECT ?s ?p ?o {{ {} }}",
                    group(&format!("TEMPORAL {{ AS OF {} }}", year(at)))
                );
                let (asked, expected) = (solutions(&closed, &query, None).unwrap(), solutions(&whole, &query, Some(regime)).unwrap());
                prop_assert_eq!(asked, expected, "{:?} {}", regime, at);
            }
        }
    }
}

const CATS: &str = ":Cat rdfs:subClassOf :Animal . :tom a :Cat {| hq:validFrom \"2001\"^^xsd:gYear ; hq:validTo \"2005\"^^xsd:gYear |} .
    :tom a :Pet {| hq:validFrom \"2003\"^^xsd:gYear |} . :Pet rdfs:subClassOf :Animal {| hq:validTo \"2010\"^^xsd:gYear |} .
    :rex a :Animal . :rex a :Pet {| hq:validFrom \"2003\"^^xsd:gYear |} .";

#[test]
fn periods_are_the_union_over_derivations_of_the_intersection_of_premises() {
    let world = engine(CATS);
    let animal = |time: &str| format!("SELECT ?s {{ INFER {{ ?s a :Animal TEMPORAL {{ {time} }} }} }}");
    for (time, expected) in [
        ("AS OF \"2000\"", &[":rex"][..]),
        ("AS OF \"2002\"", &[":rex", ":tom"]),
        ("AS OF \"2007\"", &[":rex", ":tom"]),
        ("AS OF \"2010\"", &[":rex"]),
        // [2001, 2010): the periods of both ways to it meet.
        ("DURING \"2001\" TO \"2010\"", &[":tom"]),
        ("DURING \"2001\" TO \"2009\"", &[]),
        ("AFTER \"2001\"", &[":tom"]),
        ("BEFORE \"2010\"", &[":tom"]),
        ("OVERLAPS \"2009\" TO \"2020\"", &[":tom"]),
        ("OVERLAPS \"2010\" TO \"2020\"", &[]),
    ] {
        check(&world, &animal(time), expected);
    }
    check(
        &world,
        "SELECT ?t { INFER { ?s a :Animal TEMPORAL { ?t BETWEEN \"1990\" AND \"2020\" } } }",
        &["\"2001-01-01T00:00:00Z\"^^<http://www.w3.org/2001/XMLSchema#dateTime>"],
    );
    // Without TEMPORAL all times count, and a path sees the snapshot.
    check(&world, "SELECT ?s { INFER { ?s a :Animal } }", &[":rex", ":tom"]);
    let path =
        |year: u32| format!("SELECT ?o {{ INFER {{ :rex a :Animal . :tom a/rdfs:subClassOf ?o TEMPORAL {{ AS OF \"{year}\" }} }} }}");
    check(&world, &path(2006), &[":Animal"]);
    check(&world, &path(2011), &[]);
}

#[test]
fn a_contradiction_is_one_of_its_time() {
    let world = engine(
        ":Cat owl:disjointWith :Dog . :tom a :Cat {| hq:validTo \"2005\"^^xsd:gYear |} . :tom a :Dog {| hq:validFrom \"2003\"^^xsd:gYear |} .",
    );
    let tom = |time: &str| format!("SELECT ?c {{ INFER OWL2RL {{ {time} :tom a ?c }} }}");
    check(&world, &tom("TEMPORAL { AS OF \"2000\" }"), &[":Cat"]);
    let then = |years: &[u32]| {
        let years: String = years.iter().map(|year| format!("\"{year}\"^^<http://www.w3.org/2001/XMLSchema#gYear> ")).collect();
        format!(
            "SELECT ?c {{ VALUES ?d {{ {years} }} VALUES ?c {{ :Cat :Dog }} FILTER EXISTS {{ INFER OWL2RL {{ :tom a ?c TEMPORAL {{ AS OF ?d }} }} }} }}"
        )
    };
    check(&world, &then(&[2000, 2006]), &[":Cat", ":Dog"]);
    assert!(matches!(solutions(&world, &then(&[2000, 2004]), None), Err(QueryError::Infer(InferError::Inconsistent { .. }))));
    for time in ["TEMPORAL { AS OF \"2004\" }", "TEMPORAL { BEFORE \"2010\" }", ""] {
        let error = solutions(&world, &tom(time), None).unwrap_err();
        assert!(matches!(&error, QueryError::Infer(InferError::Inconsistent { rule, .. }) if rule == "cax-dw"), "{time}: {error}");
    }
}

#[test]
fn what_is_materialized_holds_when_it_follows() {
    let found = engine(CATS).materialize(Regime::RhoDf, &QueryOptions::default()).unwrap();
    // tom is an animal from 2001 to 2010.
    assert_eq!((found.derived, found.annotations, found.left_out, found.inexact), (1, 3, 0, 0));
    let closed = Engine::new(found.space);
    for (time, expected) in
        [("AS OF \"2009\"", &[":rex", ":tom"][..]), ("AS OF \"2010\"", &[":rex"]), ("DURING \"2001\" TO \"2010\"", &[":tom"])]
    {
        check(&closed, &format!("SELECT ?s {{ ?s a :Animal TEMPORAL {{ {time} }} }}"), expected);
    }
    // A period that follows beside the one that is asserted.
    let longer = engine(
        ":Cat rdfs:subClassOf :Animal . :tom a :Animal {| hq:validTo \"2003\"^^xsd:gYear |} . :tom a :Cat {| hq:validFrom \"2002\"^^xsd:gYear |} .",
    );
    let found = longer.materialize(Regime::RhoDf, &QueryOptions::default()).unwrap();
    assert_eq!((found.derived, found.annotations, found.inexact), (0, 4, 0), "all time, as two periods");
    check(&Engine::new(found.space), "SELECT ?s { ?s a :Animal TEMPORAL { AS OF \"2020\" } }", &[":tom"]);
    // What is said of a hyperedge holds only while it does.
    let edge = engine(
        ":p rdfs:subPropertyOf :q . :x a :C . :C rdfs:subClassOf :D . :x a hq:Hyperedge ; hq:validFrom \"2002\"^^xsd:gYear . :y :p :x . :q rdfs:domain :E .",
    );
    assert_eq!(edge.materialize(Regime::RhoDf, &QueryOptions::default()).unwrap().inexact, 0);
    let inverse = engine(":p owl:inverseOf :q . :x a hq:Hyperedge ; hq:validFrom \"2002\"^^xsd:gYear . :y :p :x .");
    assert!(inverse.materialize(Regime::Owl2Rl, &QueryOptions::default()).unwrap().inexact > 0);
    let contradiction = engine(
        ":Cat owl:disjointWith :Dog . :tom a :Cat {| hq:validTo \"2005\"^^xsd:gYear |} . :tom a :Dog {| hq:validFrom \"2003\"^^xsd:gYear |} .",
    );
    assert!(matches!(
        contradiction.materialize(Regime::Owl2Rl, &QueryOptions::default()),
        Err(QueryError::Infer(InferError::Inconsistent { .. }))
    ));
}
