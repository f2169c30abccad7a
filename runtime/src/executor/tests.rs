//! Operators by themselves: order, weights and columns that are left out, against plain loops.

use std::collections::BTreeMap;

use hypergraphql_framework::store::AtomSpace;
use hypergraphql_query::algebra::{Form, TermPattern, TriplePattern, Variable};
use hypergraphql_query::expr::Context;
use hypergraphql_query::graph::{Atom, Column, GraphScope, Node, NodeId, Op, Source, TensorGraph, TextPattern};
use oxrdf::{GraphName, Literal, NamedNode, Quad, Term};
use oxsdatatypes::DateTime;
use proptest::prelude::*;

use super::dataset::Graphs;
use super::{Limits, Scope, Session, Table, run};
use crate::infer::Closures;

fn name(kind: &str, number: u8) -> NamedNode {
    NamedNode::new_unchecked(format!("http://x/{kind}{number}"))
}

fn variable(name: &str) -> TermPattern {
    TermPattern::Variable(Variable::new(name))
}

fn atom(subject: &str, predicate: u8, object: &str) -> Atom {
    let predicate = TermPattern::Term(name("p", predicate).into());
    Atom {
        triple: TriplePattern { subject: variable(subject), predicate, object: variable(object) },
        graph: GraphScope::Default,
        source: Source::Asserted,
        conditions: vec![],
        as_of: None,
        period: None,
    }
}

/// A node with these columns, which is sorted by the first ones if it says so.
fn node(op: Op, inputs: &[u32], columns: &[&str], sorted: usize, weighted: bool) -> Node {
    let variables: Vec<Variable> = columns.iter().map(|column| Variable::new(*column)).collect();
    Node {
        op,
        inputs: inputs.iter().map(|&input| NodeId(input)).collect(),
        schema: variables.iter().map(|variable| Column { variable: variable.clone(), optional: false }).collect(),
        sorted_by: variables[..sorted].to_vec(),
        weighted,
        rows: 0.0,
    }
}

/// The rows of the last node, checked to be in its order.
fn rows(space: &AtomSpace, nodes: Vec<Node>) -> BTreeMap<Vec<String>, u64> {
    let last = nodes.len() - 1;
    let (sorted_by, weighted) = (nodes[last].sorted_by.clone(), nodes[last].weighted);
    let graph = TensorGraph { nodes, root: NodeId(last as u32), form: Form::Ask, dataset: None, base: None };
    graph.verify().unwrap();
    let session =
        Session::new(space, Graphs::new(space, None), Closures::default(), Limits::new(None, None, None), Context::new(DateTime::MIN, 0));
    let session = session.unwrap();
    let table: Table = run(&session, &graph, &Scope::default(), "").unwrap();
    let keys = |row: usize| sorted_by.iter().map(|v| table.column(v).unwrap()[row]).collect::<Vec<u32>>();
    assert!((1..table.rows).all(|row| keys(row - 1) <= keys(row)), "rows are not sorted by {sorted_by:?}");
    assert!(weighted || table.weight.is_none(), "weights that nobody expects");
    let mut bag = BTreeMap::new();
    for row in 0..table.rows {
        let word = |ids: &super::table::Column| session.terms.term(ids[row]).unwrap().to_string();
        *bag.entry(table.columns.iter().map(word).collect()).or_default() += table.weight(row);
    }
    bag
}

/// Pairs of subject and object of a predicate in the default graph.
fn pairs(quads: &[Quad], predicate: u8) -> Vec<(String, String)> {
    let of = |quad: &&Quad| quad.predicate == name("p", predicate) && quad.graph_name == GraphName::DefaultGraph;
    quads.iter().filter(of).map(|quad| (quad.subject.to_string(), quad.object.to_string())).collect()
}

fn bag(rows: impl IntoIterator<Item = Vec<String>>) -> BTreeMap<Vec<String>, u64> {
    let mut bag = BTreeMap::new();
    rows.into_iter().for_each(|row| *bag.entry(row).or_default() += 1);
    bag
}

fn quads() -> impl Strategy<Value = Vec<Quad>> {
    let graph = prop_oneof![4 => Just(GraphName::DefaultGraph), 1 => Just(GraphName::from(name("g", 0)))];
    let quad =
        (0u8..9, 0u8..3, 0u8..9, graph).prop_map(|(s, p, o, graph)| Quad::new(name("n", s), name("p", p), Term::from(name("n", o)), graph));
    prop::collection::vec(quad, 0..70).prop_map(|mut quads| {
        quads.sort_by_key(ToString::to_string);
        quads.dedup();
        quads
    })
}

proptest! {
    #[test]
    fn scans_keep_order_and_count_what_they_leave_out(quads in quads(), weighted: bool, sorted in 0usize..2) {
        let space = AtomSpace::from_quads(quads.iter().cloned()).unwrap();
        let all = pairs(&quads, 1);
        for (columns, of) in [(["a"], true), (["b"], false)] {
            let got = rows(&space, vec![node(Op::Scan(atom("a", 1, "b")), &[], &columns, sorted, weighted)]);
            prop_assert_eq!(got, bag(all.iter().map(|(a, b)| vec![if of { a.clone() } else { b.clone() }])));
        }
        let got = rows(&space, vec![node(Op::Scan(atom("a", 1, "b")), &[], &["b", "a"], 2 * sorted, weighted)]);
        prop_assert_eq!(got, bag(all.iter().map(|(a, b)| vec![b.clone(), a.clone()])));
        let count = rows(&space, vec![node(Op::Scan(atom("a", 1, "b")), &[], &[], 0, weighted)]);
        prop_assert_eq!(count, bag(all.iter().map(|_| vec![])));
        let loops = rows(&space, vec![node(Op::Scan(atom("a", 1, "a")), &[], &["a"], sorted, weighted)]);
        prop_assert_eq!(loops, bag(all.iter().filter(|(a, b)| a == b).map(|(a, _)| vec![a.clone()])));
    }

    #[test]
    fn extends_multiply_weights(quads in quads(), weighted: bool, sorted in 0usize..2) {
        let space = AtomSpace::from_quads(quads.iter().cloned()).unwrap();
        let scan = node(Op::Scan(atom("a", 0, "b")), &[], &["b"], 0, weighted);
        let walks = |columns: fn(&str, &str) -> Vec<String>| {
            let (first, second) = (pairs(&quads, 0), pairs(&quads, 1));
            bag(first.iter().flat_map(|(_, b)| second.iter().filter(move |(m, _)| m == b).map(move |(_, c)| columns(b, c))))
        };
        let counted = rows(&space, vec![scan.clone(), node(Op::Extend(atom("b", 1, "c")), &[0], &["b"], sorted, weighted)]);
        prop_assert_eq!(counted, walks(|b, _| vec![b.to_owned()]));
        let extended = rows(&space, vec![scan.clone(), node(Op::Extend(atom("b", 1, "c")), &[0], &["c", "b"], sorted, weighted)]);
        prop_assert_eq!(extended, walks(|b, c| vec![c.to_owned(), b.to_owned()]));
        let only_new = rows(&space, vec![scan, node(Op::Extend(atom("b", 1, "c")), &[0], &["c"], sorted, weighted)]);
        prop_assert_eq!(only_new, walks(|_, c| vec![c.to_owned()]));
    }

    #[test]
    fn intersections_are_what_all_atoms_have(quads in quads(), counted: bool) {
        let space = AtomSpace::from_quads(quads.iter().cloned()).unwrap();
        let atoms = vec![atom("b", 1, "c"), atom("c", 2, "a"), atom("a", 1, "c")];
        let scan = node(Op::Scan(atom("a", 0, "b")), &[], &["a", "b"], 0, false);
        let columns: &[&str] = if counted { &["a", "b"] } else { &["a", "b", "c"] };
        let op = Op::Intersect(Variable::new("c"), atoms);
        let got = rows(&space, vec![scan, node(op, &[0], columns, 0, counted)]);
        let (zero, one, two) = (pairs(&quads, 0), pairs(&quads, 1), pairs(&quads, 2));
        let mut expected = vec![];
        for (a, b) in &zero {
            for (_, c) in one.iter().filter(|(from, _)| from == b) {
                if two.contains(&(c.clone(), a.clone())) && one.contains(&(a.clone(), c.clone())) {
                    expected.push(if counted { vec![a.clone(), b.clone()] } else { vec![a.clone(), b.clone(), c.clone()] });
                }
            }
        }
        prop_assert_eq!(got, bag(expected));
    }
}

/// Nodes that know some, of whom the first ones know all and are known by all: rows enough for marks, lists enough for sets.
fn hubs(nodes: u32, seed: u32) -> Vec<Quad> {
    let node = |number: u32| NamedNode::new_unchecked(format!("http://x/n{number}"));
    let mut edges = std::collections::BTreeSet::new();
    let mut state = seed;
    for from in 0..nodes {
        for hub in 0..3 {
            edges.extend([(0, hub, from), (1, hub, from), (0, from, hub), (1, from, hub)]);
        }
        for _ in 0..4 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            edges.insert((state >> 9 & 1, from, (state >> 12) % nodes));
        }
    }
    let quad = |(p, s, o): (u32, u32, u32)| Quad::new(node(s), name("p", p as u8), Term::from(node(o)), GraphName::DefaultGraph);
    edges.into_iter().map(quad).collect()
}

#[test]
fn intersections_of_hubs_are_what_all_atoms_have() {
    for (nodes, seed) in [(700, 1), (301, 2)] {
        let quads = hubs(nodes, seed);
        let space = AtomSpace::from_quads(quads.iter().cloned()).unwrap();
        let of = |predicate| {
            let mut lists: BTreeMap<String, std::collections::BTreeSet<String>> = BTreeMap::new();
            pairs(&quads, predicate).into_iter().for_each(|(s, o)| {
                lists.entry(s).or_default().insert(o);
            });
            lists
        };
        let lists = [of(0), of(1)];
        let (two, three) = (vec![atom("b", 1, "c"), atom("c", 0, "a")], vec![atom("b", 1, "c"), atom("c", 0, "a"), atom("a", 0, "c")]);
        for atoms in [two, three] {
            let mut expected = vec![];
            for (a, friends) in &lists[0] {
                for b in friends {
                    for c in lists[1].get(b).into_iter().flatten() {
                        let closes = lists[0].get(c).is_some_and(|of_c| of_c.contains(a));
                        if closes && (atoms.len() == 2 || friends.contains(c)) {
                            expected.push(vec![a.clone(), b.clone(), c.clone()]);
                        }
                    }
                }
            }
            for sorted in ["a", "b"] {
                let order: &[&str] = if sorted == "a" { &["a", "b"] } else { &["b", "a"] };
                let scan = node(Op::Scan(atom("a", 0, "b")), &[], order, 2, false);
                let found = |columns: &[&str], weighted: bool| {
                    let op = Op::Intersect(Variable::new("c"), atoms.clone());
                    rows(&space, vec![scan.clone(), node(op, &[0], columns, 0, weighted)])
                };
                let cut = |columns: usize| bag(expected.iter().map(|row| row[..columns].to_vec()));
                assert_eq!(found(&["a", "b", "c"], false), cut(3));
                assert_eq!(found(&["a", "b"], true), cut(2));
                assert_eq!(found(&[], true), cut(0));
            }
        }
    }
}

/// A plan may be older than the index of texts of the store, or younger.
#[test]
fn texts_are_found_with_an_index_and_without() {
    let word = |i: u8| Literal::new_simple_literal(format!("word {i}"));
    let quads = (0..40).map(|i| Quad::new(name("s", i), name("p", 0), word(i), GraphName::DefaultGraph));
    let plain = AtomSpace::from_quads(quads).unwrap();
    let pattern = TextPattern { prefix: String::new(), parts: vec!["ord 3".to_owned()] };
    let search = || vec![node(Op::TextSearch(Variable::new("x"), pattern.clone()), &[], &["x"], 1, false)];
    let indexed = rows(&plain.with_text_index().unwrap(), search());
    assert_eq!(indexed.len(), 11);
    // Without, there are all strings, which the filter behind it tests.
    let all = rows(&plain, search());
    assert!(all.len() == 40 && indexed.keys().all(|row| all.contains_key(row)));
}
