//! Laws of `TEMPORAL` on random statements, whose valid times are kept as years beside the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use hypergraphql_framework::store::AtomSpace;
use hypergraphql_runtime::engine::Engine;
use oxrdf::Quad;
use proptest::prelude::*;

use super::bag;

/// Bounds are the beginnings of these years.
const YEARS: std::ops::Range<u8> = 1..6;

/// Cell 0 is what lies before the first year, the others are the years; the last has no end.
type Cells = [bool; 6];

type Bound = Option<u8>;

/// Statements (subject, predicate, object, graph: 0 is the default graph) with their periods; none is timeless.
type World = BTreeMap<(u8, u8, u8, u8), Vec<(Bound, Bound)>>;

fn year(year: u8) -> String {
    format!("\"200{year}\"^^<http://www.w3.org/2001/XMLSchema#gYear>")
}

fn bound() -> impl Strategy<Value = Bound> {
    prop_oneof![1 => Just(None), 4 => YEARS.prop_map(Some)]
}

fn period() -> impl Strategy<Value = (Bound, Bound)> {
    (bound(), bound()).prop_filter("a period has instants and a bound", |(from, to)| match (from, to) {
        (Some(from), Some(to)) => from < to,
        (from, to) => from.is_some() || to.is_some(),
    })
}

fn world() -> impl Strategy<Value = World> {
    let graph = prop_oneof![3 => Just(0u8), 1 => 1u8..3];
    let periods = proptest::collection::vec(period(), 0..3);
    proptest::collection::vec(((0u8..4, 0u8..3, 0u8..4, graph), periods), 4..16).prop_map(|all| all.into_iter().collect())
}

/// The years in which a statement holds; none if it is timeless.
fn cells(periods: &[(Bound, Bound)]) -> Option<Cells> {
    let within = |at: u8| periods.iter().any(|(from, to)| from.is_none_or(|from| from <= at) && to.is_none_or(|to| at < to));
    (!periods.is_empty()).then(|| std::array::from_fn(|at| within(at as u8)))
}

/// The store without the statements that do not hold in a year; the annotations stay.
fn store(world: &World, at: Option<u8>) -> Engine {
    const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
    let mut text = String::new();
    let mut reifier = 0;
    for (&(s, p, o, g), periods) in world {
        let graph = if g == 0 { String::new() } else { format!("<http://x/g{g}>") };
        let triple = format!("<http://x/n{s}> <http://x/p{p}> <http://x/n{o}>");
        if at.is_none_or(|at| cells(periods).is_none_or(|cells| cells[at as usize])) {
            writeln!(text, "{triple} {graph} .").unwrap();
        }
        for (from, to) in periods {
            reifier += 1;
            writeln!(text, "<http://x/r{reifier}> <{RDF}reifies> <<( {triple} )>> {graph} .").unwrap();
            for (property, bound) in [("validFrom", from), ("validTo", to)] {
                if let Some(bound) = bound {
                    writeln!(text, "<http://x/r{reifier}> <https://hypergraphql.org/ns#{property}> {} {graph} .", year(*bound)).unwrap();
                }
            }
        }
    }
    let quads =
        oxttl::NQuadsParser::new().for_slice(text.as_bytes()).collect::<Result<Vec<Quad>, _>>().unwrap_or_else(|e| panic!("{e}\n{text}"));
    Engine::new(AtomSpace::from_quads(quads).unwrap())
}

/// What stands beside the core `?a x:p0 ?b` in a group.
const RESTS: [&str; 18] = [
    "",
    "?b x:p1 ?c .",
    "?a ?p ?c . FILTER(?p IN (x:p0, x:p1, x:p2))",
    "?c x:p1 ?b . ?c x:p2 ?a .",
    "OPTIONAL { ?b x:p1 ?c }",
    "OPTIONAL { ?b x:p1 ?c OPTIONAL { ?c x:p2 ?d } }",
    "{ ?b x:p1 ?c } UNION { ?a x:p2 ?c }",
    "MINUS { ?b x:p1 ?a }",
    "FILTER EXISTS { ?b x:p1 ?c }",
    "FILTER NOT EXISTS { ?b x:p1 ?c . ?c x:p2 ?d }",
    "FILTER(?a = x:n1 || EXISTS { ?b x:p2 ?c })",
    "OPTIONAL { ?b x:p1 ?c FILTER EXISTS { ?c x:p2 ?a } }",
    "?b (x:p1|x:p2)* ?c .",
    "?c (x:p0/^x:p1)+ ?a .",
    "{ SELECT ?b (COUNT(*) AS ?c) { ?b x:p1 ?d } GROUP BY ?b }",
    "GRAPH ?g { ?b x:p1 ?c }",
    "GRAPH ?g { ?b x:p1 ?c OPTIONAL { ?c x:p2 ?d } }",
    "GRAPH x:g1 { ?b !x:p0 ?c }",
];

/// A row of the core alone holds at each instant that all its statements do.
fn joined(world: &World) -> Vec<([u8; 3], Option<Cells>)> {
    let of = |p: u8| world.iter().filter(move |((_, predicate, _, g), _)| *predicate == p && *g == 0);
    let mut found = vec![];
    for ((a, _, b, _), first) in of(0) {
        for ((_, _, c, _), second) in of(1).filter(|((s, ..), _)| s == b) {
            let valid = match (cells(first), cells(second)) {
                (Some(x), Some(y)) => Some(std::array::from_fn(|at| x[at] && y[at])),
                (x, y) => x.or(y),
            };
            found.push(([*a, *b, *c], valid));
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn as_of_is_the_query_on_the_snapshot(world in world(), at in YEARS, rest in 0..RESTS.len(), first in any::<bool>()) {
        let group = if first { format!("{} {{}} ?a x:p0 ?b .", RESTS[rest]) } else { format!("?a x:p0 ?b . {}", RESTS[rest]) };
        let whole = store(&world, None);
        let asked = bag(&whole, &format!("SELECT ?a ?b ?c ?d ?g {{ {group} TEMPORAL {{ AS OF {} }} }}", year(at)));
        let expected = bag(&store(&world, Some(at)), &format!("SELECT ?a ?b ?c ?d ?g {{ {group} }}"));
        prop_assert_eq!(asked, expected, "{}", group);
    }

    /// What is no part of the core sees the snapshot at `?t` of the row.
    #[test]
    fn the_rest_of_a_group_sees_the_snapshot_at_its_instant(world in world(), from in YEARS, to in YEARS, rest in 4..RESTS.len(), first in any::<bool>()) {
        let rest = RESTS[rest];
        let select = |core: &str, clause: &str| {
            let group = if first { format!("{rest} {{}} {core}") } else { format!("{core} {rest}") };
            format!("SELECT ?t ?a ?b ?c ?d ?g {{ {group} {clause} }}")
        };
        let whole = store(&world, None);
        let clause = format!("TEMPORAL {{ ?t BETWEEN {} AND {} }}", year(from), year(to));
        let core = bag(&whole, &format!("SELECT ?t ?a ?b {{ ?a x:p0 ?b {clause} }}"));
        let mut expected = vec![];
        for row in &core {
            let [t, a, b] = row.split(' ').collect::<Vec<_>>()[..] else { panic!("{row}") };
            let snapshot = store(&world, Some(t[3..4].parse().unwrap()));
            let rows = bag(&snapshot, &select(&format!("VALUES (?a ?b) {{ (x:{a} x:{b}) }}"), ""));
            expected.extend(rows.into_iter().map(|row| row.replacen('-', t, 1)));
        }
        expected.sort();
        let asked = bag(&whole, &select("?a x:p0 ?b .", &clause));
        prop_assert_eq!(asked, expected, "{}", rest);
    }

    #[test]
    fn constraints_are_those_of_every_year(world in world(), from in YEARS, to in YEARS) {
        let whole = store(&world, None);
        let (f, t) = (usize::from(from), usize::from(to));
        let first = |valid: &Cells| (f..6).find(|&at| valid[at]);
        let clauses: [(String, Box<dyn Fn(&Cells) -> bool>); 5] = [
            (format!("?t BETWEEN {} AND {}", year(from), year(to)), Box::new(move |v| first(v).is_some_and(|at| at <= t))),
            (format!("BEFORE {}", year(to)), Box::new(move |v| !v[t..].contains(&true))),
            (format!("AFTER {}", year(from)), Box::new(move |v| !v[..f].contains(&true))),
            (format!("DURING {} TO {}", year(from), year(to)), Box::new(move |v| (0..6).all(|at| !v[at] || f <= at && at < t))),
            (format!("OVERLAPS {} TO {}", year(from), year(to)), Box::new(move |v| (f..t).any(|at| v[at]))),
        ];
        for (clause, holds) in clauses {
            let between = clause.starts_with('?');
            let mut expected: Vec<String> = joined(&world)
                .into_iter()
                .filter_map(|(row, valid)| Some((row, valid.filter(|valid| valid.contains(&true) && holds(valid))?)))
                .map(|([a, b, c], valid)| {
                    let at = if between { format!("200{}-01-01T00:00:00Z", first(&valid).unwrap()) } else { "-".to_owned() };
                    format!("n{a} n{b} n{c} {at}")
                })
                .collect();
            expected.sort();
            let query = format!("SELECT ?a ?b ?c ?t {{ ?a x:p0 ?b . ?b x:p1 ?c TEMPORAL {{ {clause} }} }}");
            prop_assert_eq!(bag(&whole, &query), expected, "{}", clause);
        }
    }

    /// A triple of several graphs of the default graph holds when it does in one of them, and is one solution.
    #[test]
    fn merged_graphs_hold_when_one_of_them_does(world in world(), at in YEARS) {
        let query = format!("SELECT ?a ?b FROM x:g1 FROM x:g2 {{ ?a x:p0 ?b TEMPORAL {{ AS OF {} }} }}", year(at));
        let valid = |periods: &[(Bound, Bound)]| cells(periods).is_none_or(|cells| cells[usize::from(at)]);
        let expected: BTreeSet<String> = world
            .iter()
            .filter(|((_, p, _, g), periods)| *p == 0 && *g != 0 && valid(periods))
            .map(|((a, _, b, _), _)| format!("n{a} n{b}"))
            .collect();
        prop_assert_eq!(bag(&store(&world, None), &query), Vec::from_iter(expected));
    }
}
