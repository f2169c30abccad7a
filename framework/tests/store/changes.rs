//! Changes in memory against plain sets.

use std::collections::{BTreeSet, HashSet};

use hypergraphql_framework::store::{AtomSpace, Order, Position};
use oxrdf::{GraphName, Quad, Term};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{every_kind, integer, iri, quad};

/// A statement of few terms, so that changes meet each other.
pub(crate) fn random_quad(rng: &mut ChaCha8Rng, graphs: u32) -> Quad {
    let mut name = |prefix: &str, count: u32| format!("{prefix}{}", rng.random_range(0..count));
    let (subject, predicate, object, graph) = (name("n", 12), name("p", 3), name("n", 12), name("g", 1 + graphs));
    let object: Term = match object.as_str() {
        "n7" => integer(7).into(),
        "n8" => Term::Triple(Box::new(oxrdf::Triple::new(iri("s"), iri("p"), integer(8)))),
        other => iri(other).into(),
    };
    let graph = if graph == "g0" { GraphName::DefaultGraph } else { iri(&graph).into() };
    Quad { graph_name: graph, ..quad(&subject, &predicate, object) }
}

/// All rows by every prefix are those of the set, with the same graph column throughout.
pub(crate) fn check(space: &AtomSpace, expected: &HashSet<Quad>) {
    assert_eq!(space.quads().collect::<HashSet<_>>(), *expected);
    assert_eq!(space.len(), expected.len() as u64);
    let graphs: BTreeSet<String> = expected.iter().map(|quad| quad.graph_name.to_string()).filter(|g| g != "DEFAULT").collect();
    assert_eq!(space.graphs().iter().map(|g| space.term(*g).unwrap().to_string()).collect::<BTreeSet<_>>(), graphs);
    assert!(space.graphs().is_sorted());
    let rows: Vec<_> = (0..space.rows(Order::Spo, &[]).len()).map(|at| space.rows(Order::Spo, &[]).row(at)).collect();
    for order in Order::ALL {
        let [a, b, c] = order.positions();
        let mut all = rows.clone();
        all.sort_by_key(|row| [row[a as usize], row[b as usize], row[c as usize], row[3]]);
        for length in 0..=3 {
            let key = |row: &[u32; 4]| [a, b, c][..length].iter().map(|p| row[*p as usize]).collect::<Vec<_>>();
            for group in all.chunk_by(|a, b| key(a) == key(b)) {
                let rows = space.rows(order, &key(&group[0]));
                assert_eq!((0..rows.len()).map(|at| rows.row(at)).collect::<Vec<_>>(), group);
                if space.has_named_graphs() {
                    assert_eq!(rows.column(Position::Graph).len(), rows.len());
                }
            }
        }
        for statistics in space.statistics().predicates().iter().filter(|_| matches!(order, Order::Pso | Order::Pos)) {
            let rows = space.rows(order, &[statistics.predicate]);
            assert_eq!(statistics.rows, rows.len() as u64);
            let adjacency = space.adjacency(order, statistics.predicate).unwrap();
            let column = rows.column(order.positions()[1]);
            column.iter().for_each(|id| assert!(column[adjacency.range(*id)].iter().all(|other| other == id)));
            assert_eq!(column.chunk_by(PartialEq::eq).map(|run| adjacency.range(run[0]).len()).sum::<usize>(), rows.len());
        }
    }
    for id in 1..=space.terms() {
        let term = space.term(id).unwrap();
        assert_eq!(space.id(&term), Some(id));
        assert!(space.block(id).is_some());
    }
}

#[test]
fn random_changes() {
    for seed in 0..30 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let graphs = seed as u32 % 3;
        let mut quads = |count: u32, graphs: u32| (0..count).map(|_| random_quad(&mut rng, graphs)).collect::<Vec<_>>();
        // Named graphs may come with the changes only.
        let mut expected: HashSet<Quad> = quads(40, graphs / 2).into_iter().collect();
        let mut space = AtomSpace::from_quads(expected.iter().cloned()).unwrap();
        let first = space.clone();
        let before = expected.clone();
        for round in 0..8 {
            let (inserts, deletes) = (quads(round * 3, graphs), quads(round * 4, graphs));
            expected.retain(|quad| !deletes.contains(quad));
            expected.extend(inserts.iter().cloned());
            let next = space.with_changes(&inserts, &deletes).unwrap();
            assert_eq!(next.numbering(), space.numbering());
            (1..=space.terms()).for_each(|id| assert_eq!(next.term(id), space.term(id)));
            check(&next, &expected);
            space = next;
        }
        check(&first, &before);
        let apart = before.symmetric_difference(&expected).count() as u64;
        assert_eq!((space.changes(), first.changes()), (apart, 0));
        let compacted = space.compacted().unwrap();
        check(&compacted, &expected);
        assert!(compacted.ordered_terms() == compacted.terms() && compacted.numbering() != space.numbering());
        let fresh = AtomSpace::from_quads(expected.iter().cloned()).unwrap();
        assert_eq!(compacted.terms(), fresh.terms());
        assert_eq!(compacted.statistics(), fresh.statistics());
    }
}

#[test]
fn rows_without_changes_are_not_copied() {
    let space = AtomSpace::from_quads([quad("a", "p", iri("b")), quad("a", "q", iri("b"))]).unwrap();
    let changed = space.with_changes(&[quad("a", "p", iri("new"))], &[]).unwrap();
    let address = |space: &AtomSpace, predicate: &str| {
        let rows = space.rows(Order::Pso, &[space.id(&iri(predicate)).unwrap()]);
        (rows.len(), rows.shared(Position::Object).as_ptr())
    };
    assert_eq!(address(&changed, "q"), address(&space, "q"));
    assert_eq!((address(&changed, "p").0, address(&space, "p").0), (2, 1));
    assert_eq!(changed.ordered_terms() + 1, changed.id(&iri("new")).unwrap());
}

#[test]
fn every_kind_of_term_can_come_and_go() {
    let quads = every_kind();
    let empty = AtomSpace::from_quads([]).unwrap();
    let full = empty.with_changes(&quads, &[]).unwrap();
    check(&full, &quads.iter().cloned().collect());
    let none = full.with_changes(&[], &quads).unwrap();
    check(&none, &HashSet::new());
    assert_eq!(none.compacted().unwrap().terms(), 0);
    // What is deleted and inserted at once is there afterwards.
    let both = full.with_changes(&quads, &quads).unwrap();
    assert_eq!(both.len(), full.len());
}

#[test]
fn numbers_of_changes_are_in_the_interval() {
    use hypergraphql_framework::store::Number;
    use std::ops::Bound::{Excluded, Included};
    let numbers = |values: std::ops::Range<i64>| values.map(|i| quad("s", "p", integer(i))).collect::<Vec<_>>();
    let space = AtomSpace::from_quads(numbers(0..10)).unwrap().with_changes(&numbers(5..15), &[]).unwrap();
    let number = |value: f64| Number::from_f64(value).unwrap();
    let interval = space.number_interval(Included(number(3.5)), Excluded(number(12.5)));
    let value = |id| space.number(id).map(Number::to_f64);
    assert_eq!(interval.certain.clone().map(value).collect::<Vec<_>>(), (4..10).map(|i| Some(i as f64)).collect::<Vec<_>>());
    let tested = interval.below.chain(interval.above).filter(|id| value(*id).is_some_and(|v| (3.5..12.5).contains(&v)));
    let mut found: Vec<f64> = tested.chain(interval.certain).filter_map(value).collect();
    found.sort_by(f64::total_cmp);
    assert_eq!(found, (4..13).map(f64::from).collect::<Vec<_>>());
}
