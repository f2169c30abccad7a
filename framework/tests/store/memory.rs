//! Statements: sets, orders, prefixes, adjacency, counts.

use std::collections::{BTreeSet, HashMap, HashSet};

use hypergraphql_framework::store::{AtomSpace, Id, Order, Position};
use oxrdf::{GraphName, Quad, Term};
use rand::{RngExt, SeedableRng};

use crate::{every_kind, integer, iri, quad};

/// Statements as ids, sorted in an order.
fn expected(space: &AtomSpace, quads: &[Quad], order: Order) -> Vec<[Id; 4]> {
    let ids = |quad: &Quad| {
        let graph = match &quad.graph_name {
            GraphName::DefaultGraph => 0,
            GraphName::NamedNode(node) => space.id(node).unwrap(),
            GraphName::BlankNode(node) => space.id(node).unwrap(),
        };
        let subject = Term::from(quad.subject.clone());
        [space.id(&subject).unwrap(), space.id(&quad.predicate).unwrap(), space.id(&quad.object).unwrap(), graph]
    };
    let set: BTreeSet<[Id; 4]> = quads.iter().map(ids).collect();
    let mut rows: Vec<_> = set.into_iter().collect();
    let [a, b, c] = order.positions();
    rows.sort_by_key(|row| [row[a as usize], row[b as usize], row[c as usize], row[3]]);
    rows
}

/// All prefixes of all orders give the statements that begin so; adjacency and counts say the same.
fn check(quads: &[Quad]) {
    let space = AtomSpace::from_quads(quads.iter().cloned()).unwrap();
    for order in Order::ALL {
        let all = expected(&space, quads, order);
        assert_eq!(space.len(), all.len() as u64);
        let positions = order.positions();
        for length in 0..=3 {
            let key = |row: &[Id; 4]| positions[..length].iter().map(|p| row[*p as usize]).collect::<Vec<_>>();
            for group in all.chunk_by(|a, b| key(a) == key(b)) {
                let rows = space.rows(order, &key(&group[0]));
                assert_eq!((0..rows.len()).map(|i| rows.row(i)).collect::<Vec<_>>(), group, "{order:?} {length}");
                assert_eq!(&*rows.shared(Position::Object), rows.column(Position::Object));
            }
        }
        for absent in [0, space.terms() + 1, Id::MAX] {
            assert!(space.rows(order, &[absent]).is_empty());
        }
        check_predicates(&space, order, &all);
    }
    let graphs: BTreeSet<Id> = expected(&space, quads, Order::Spo).iter().map(|row| row[3]).filter(|g| *g != 0).collect();
    assert_eq!(space.graphs(), graphs.into_iter().collect::<Vec<_>>());
    assert_eq!(space.has_named_graphs(), !space.rows(Order::Spo, &[]).column(Position::Graph).is_empty());
}

fn check_predicates(space: &AtomSpace, order: Order, all: &[[Id; 4]]) {
    let mut by_predicate: HashMap<Id, Vec<[Id; 4]>> = HashMap::new();
    all.iter().for_each(|row| by_predicate.entry(row[1]).or_default().push(*row));
    assert_eq!(space.statistics().predicates().len(), by_predicate.len());
    let distinct = |rows: &[[Id; 4]], at: usize| rows.iter().map(|row| row[at]).collect::<HashSet<_>>().len() as u64;
    assert_eq!((space.statistics().subjects(), space.statistics().objects()), (distinct(all, 0), distinct(all, 2)));
    for (predicate, rows) in by_predicate {
        let counts = space.statistics().predicate(predicate).unwrap();
        assert_eq!((counts.rows, counts.subjects, counts.objects), (rows.len() as u64, distinct(&rows, 0), distinct(&rows, 2)));
        let adjacency = space.adjacency(order, predicate);
        assert_eq!(adjacency.is_some(), matches!(order, Order::Pso | Order::Pos), "few terms are dense");
        let Some(adjacency) = adjacency else { continue };
        let at = order.positions()[1] as usize;
        let list = space.rows(order, &[predicate]);
        for id in (0..=space.terms() + 1).chain([Id::MAX]) {
            let range = adjacency.range(id);
            assert_eq!(range.len(), rows.iter().filter(|row| row[at] == id).count());
            assert!(list.column(order.positions()[1])[range].iter().all(|other| *other == id));
        }
    }
}

#[test]
fn empty() {
    check(&[]);
    let space = AtomSpace::from_quads([]).unwrap();
    assert_eq!((space.len(), space.terms(), space.term(0), space.term(1), space.block(1)), (0, 0, None, None, None));
    assert!(space.id(&iri("s")).is_none() && space.adjacency(Order::Pso, 1).is_none());
}

#[test]
fn one_statement() {
    check(&[quad("s", "p", iri("o"))]);
    check(&[quad("s", "s", iri("s")), quad("s", "s", iri("s"))]);
}

#[test]
fn terms_of_every_kind_and_named_graphs() {
    check(&every_kind());
}

#[test]
fn random_statements() {
    for seed in 0..20 {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let graphs = seed % 3;
        let quads: Vec<Quad> = (0..rng.random_range(1..400))
            .map(|_| {
                let mut name = |prefix: &str, count: u32| format!("{prefix}{}", rng.random_range(0..count));
                let (subject, predicate, object, graph) = (name("n", 40), name("p", 5), name("n", 40), name("g", 3));
                let object: Term = if object.ends_with('7') { integer(object.len() as i64).into() } else { iri(&object).into() };
                let graph = if graphs == 0 || graph == "g0" { GraphName::DefaultGraph } else { iri(&graph).into() };
                Quad { graph_name: graph, ..quad(&subject, &predicate, object) }
            })
            .collect();
        check(&quads);
    }
}

#[test]
fn adjacency_of_scattered_ids_is_searched() {
    // Two subjects 200,000 ids apart in a predicate of two rows.
    let filler = (0..200_000).map(|i| quad(&format!("m{i:06}"), "p", iri("o")));
    let space = AtomSpace::from_quads(filler.chain([quad("a", "q", iri("o")), quad("z", "q", iri("o"))])).unwrap();
    assert!(space.adjacency(Order::Pso, space.id(&iri("q")).unwrap()).is_none());
    let dense = space.adjacency(Order::Pso, space.id(&iri("p")).unwrap()).unwrap();
    let id = space.id(&iri("m150000")).unwrap();
    assert_eq!(dense.range(id), 150_000..150_001);
    assert_eq!(dense.offsets()[(id - dense.first()) as usize], 150_000);
    let rows = space.rows(Order::Pso, &[space.id(&iri("q")).unwrap()]);
    assert_eq!(rows.slice(1..2).column(Position::Subject), [space.id(&iri("z")).unwrap()]);
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| {
        let mut term: Term = iri("o").into();
        for _ in 0..depth {
            term = Term::Triple(Box::new(oxrdf::Triple::new(iri("s"), iri("p"), term)));
        }
        quad("s", "p", term)
    };
    let deep = nested(128);
    let space = AtomSpace::from_quads([deep.clone()]).unwrap();
    assert_eq!(space.term(space.id(&deep.object).unwrap()), Some(deep.object));
    assert!(space.id(&nested(129).object).is_none());
    let error = AtomSpace::from_quads([nested(129)]).unwrap_err().to_string();
    assert_eq!(error, "a triple term: expected at most 128 triple terms inside each other, found more");
}
