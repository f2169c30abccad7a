//! A space as a data set and back.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;

use hypergraphql_framework::store::{AtomSpace, DatasetOptions, Format, Hyperedges, LoadOptions};
use hypergraphql_framework::{Dataset, Duplicates, Hypergraph, Name, io};
use oxrdf::vocab::rdf;
use oxrdf::{Literal, NamedNode, Quad, Term};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::{integer, iri, quad};

fn hq(local: &str) -> NamedNode {
    NamedNode::new(format!("https://hypergraphql.org/ns#{local}")).unwrap()
}

fn about(subject: &str, predicate: impl Into<NamedNode>, object: impl Into<Term>) -> Quad {
    Quad { predicate: predicate.into(), ..quad(subject, "", object) }
}

fn all(literals: bool) -> DatasetOptions {
    DatasetOptions { hyperedges: Hyperedges::All, literals, labels: None }
}

fn quads(space: &AtomSpace) -> HashSet<Quad> {
    space.quads().collect()
}

fn names(names: Option<&[Name]>) -> Vec<String> {
    names.unwrap().iter().map(|name| name.to_plain().replace("http://example.com/", "")).collect()
}

/// Two hyperedges, one the player of the other, two statements, a literal, annotations, types and weights.
fn world() -> Vec<Quad> {
    vec![
        about("h", rdf::TYPE, hq("Hyperedge")),
        about("h", hq("relation"), iri("writes")),
        quad("h", "author", iri("ann")),
        quad("h", "author", iri("bob")),
        quad("h", "editor", iri("ann")),
        quad("h", "year", integer(1999)),
        about("h", hq("confidence"), Literal::from(0.5)),
        about("h", hq("weight"), Literal::from(2.5)),
        about("i", rdf::TYPE, hq("Hyperedge")),
        quad("i", "about", iri("h")),
        about("none", rdf::TYPE, hq("Hyperedge")),
        about("ann", rdf::TYPE, iri("Person")),
        quad("ann", "knows", iri("bob")),
        quad("bob", "knows", iri("bob")),
        quad("bob", "age", integer(7)),
    ]
}

#[test]
fn hyperedges_roles_and_relations_are_those_of_the_statements() {
    let space = AtomSpace::from_quads(world()).unwrap();
    let nodes = space.dataset("world", &DatasetOptions::default()).unwrap();
    assert_eq!(names(nodes.node_names.as_deref()), ["ann", "bob", "h"]);
    assert_eq!(names(nodes.hyperedge_names.as_deref()), ["h", "i"]);
    assert_eq!(nodes.hypergraph.edge_major().iter_rows().collect::<Vec<_>>(), [&[0, 1][..], &[2]]);
    assert_eq!(nodes.hypergraph.hyperedge_weights(), Some([2.5, 1.0].as_slice()));
    let relations = nodes.relations.unwrap();
    let roles = |i| relations.roles.names_of(i).map(|name| name.replace("http://example.com/", "")).collect::<Vec<_>>();
    assert_eq!([roles(0), roles(1), roles(2)], [vec!["author", "editor"], vec!["author"], vec!["about"]]);
    assert_eq!(relations.relations.names_of(0).collect::<Vec<_>>(), ["http://example.com/writes"]);
    assert!(relations.relations.row(1).is_empty());

    let triples = DatasetOptions { hyperedges: Hyperedges::Triples, labels: Some(rdf::TYPE.into()), ..DatasetOptions::default() };
    let triples = space.dataset("world", &triples).unwrap();
    let knows = |a, b| format!("<<( <{}> <{}> <{}> )>>", iri(a).as_str(), iri("knows").as_str(), iri(b).as_str());
    let plain: Vec<_> = triples.hyperedge_names.iter().flatten().map(Name::to_plain).collect();
    assert_eq!(plain, [knows("ann", "bob"), knows("bob", "bob")]);
    assert_eq!(triples.hypergraph.edge_major().iter_rows().collect::<Vec<_>>(), [&[0, 1][..], &[1]]);
    let relations = triples.relations.unwrap();
    assert_eq!(relations.roles.names_of(2).collect::<Vec<_>>(), ["subject", "object"].map(|role| hq(role).as_str().to_owned()));
    assert_eq!(triples.labels.unwrap().of, [Some(0), None]);
    assert_eq!(triples.label_names, ["http://example.com/Person"]);

    let with_literals = space.dataset("world", &all(true)).unwrap();
    assert_eq!((with_literals.hypergraph.nodes(), with_literals.hypergraph.hyperedges()), (6, 6));
}

#[test]
fn what_makes_no_data_set_is_named() {
    let error = |quads: Vec<Quad>, options| AtomSpace::from_quads(quads).unwrap().dataset("kb", &options).unwrap_err().to_string();
    let plain = DatasetOptions::default();
    assert!(error(vec![quad("a", "p", iri("b"))], plain.clone()).contains("expected nodes of type hq:Hyperedge with players, found none"));
    assert!(error(vec![quad("a", "p", integer(1))], all(false)).contains("expected statements between nodes"));
    let labels = DatasetOptions { labels: Some(iri("class")), ..plain.clone() };
    assert!(error(world(), labels).contains("expected one that has statements, found <http://example.com/class>"));
    let weights = |more: Vec<Quad>| error([world(), more].concat(), plain.clone());
    assert!(weights(vec![about("i", hq("weight"), iri("x"))]).contains("hq:weight of <http://example.com/i>: expected a number >= 0"));
    assert!(weights(vec![about("i", hq("weight"), Literal::from(-1.0))]).contains("expected a number >= 0, found \"-1"));
    assert!(weights(vec![about("h", hq("weight"), integer(3))]).contains("expected one value, found two"));
}

/// Statements that a data set holds whole: hyperedges with players, and statements about other nodes.
fn representable() -> impl Strategy<Value = Vec<Quad>> {
    let node = || (0..6u8).prop_map(|n| Term::from(iri(&format!("n{n}"))));
    let term = prop_oneof![
        4 => node(),
        1 => (0..4u8).prop_map(|n| iri(&format!("h{n}")).into()),
        1 => (0..3i64).prop_map(|n| integer(n).into()),
        1 => "[a-z\"\\\\\n]{0,3}".prop_map(|text| Literal::new_simple_literal(text).into()),
        1 => (0..2u8).prop_map(|n| oxrdf::BlankNode::new(format!("b{n}")).unwrap().into()),
        1 => Just(NamedNode::new("tag:x,2020:y").unwrap().into()),
    ];
    let statement = (0..6u8, 0..3u8, term.clone()).prop_map(|(s, p, o)| vec![quad(&format!("n{s}"), &format!("p{p}"), o)]);
    let hyperedge =
        (0..4u8, prop::collection::vec((0..3u8, term), 1..5), prop::collection::vec(0..3u8, 0..3)).prop_map(|(h, players, relations)| {
            let h = format!("h{h}");
            let players = players.into_iter().map(|(role, player)| quad(&h, &format!("r{role}"), player));
            let relations = relations.into_iter().map(|relation| about(&h, hq("relation"), iri(&format!("t{relation}"))));
            let of_type = about(&h, rdf::TYPE, hq("Hyperedge"));
            players.chain(relations).chain([of_type]).collect::<Vec<_>>()
        });
    prop::collection::vec(prop_oneof![statement, hyperedge], 1..8).prop_map(|parts| parts.concat())
}

/// Written to a file and read again.
fn through(dataset: &Dataset, name: &str) -> (Dataset, AtomSpace) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    io::write(dataset, &path).unwrap();
    (io::read(&path).unwrap(), AtomSpace::load(&[path], &LoadOptions::default()).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn statements_come_back(statements in representable()) {
        let space = AtomSpace::from_quads(statements).unwrap();
        let dataset = space.dataset("kb", &all(true)).unwrap();
        dataset.check().unwrap();
        prop_assert_eq!(quads(&AtomSpace::from_dataset(&dataset, None).unwrap()), quads(&space));
        prop_assert_eq!(AtomSpace::from_dataset(&dataset, None).unwrap().dataset("kb", &all(true)).unwrap(), dataset.clone());
        for name in ["kb.hif.json", "kb.npz"] {
            let (again, loaded) = through(&dataset, name);
            prop_assert_eq!(&again, &dataset, "{}", name);
            prop_assert_eq!(quads(&loaded), quads(&space), "{}", name);
        }
    }
}

#[test]
fn names_of_nodes_and_hyperedges_stay_apart() {
    let hypergraph = Hypergraph::from_members(3, [&[0, 1][..], &[1, 2]], Duplicates::Error).unwrap();
    let dataset = Dataset::new("plain", hypergraph);
    let space = AtomSpace::from_dataset(&dataset, Some("http://x/")).unwrap();
    let back = space.dataset("plain", &DatasetOptions::default()).unwrap();
    let plain = |names: &Option<Vec<Name>>| names.iter().flatten().map(Name::to_plain).collect::<Vec<_>>();
    assert_eq!(plain(&back.node_names), ["http://x/0", "http://x/1", "http://x/2"]);
    assert_eq!(plain(&back.hyperedge_names), ["http://x/hyperedge-0", "http://x/hyperedge-1"]);
    assert_eq!(back.hypergraph, dataset.hypergraph);
    for name in ["x.hif.json", "x.npz"] {
        let (_, loaded) = through(&dataset, name);
        assert_eq!(loaded.dataset("plain", &DatasetOptions::default()).unwrap().hypergraph, dataset.hypergraph, "{name}");
    }
    let mut named = dataset;
    named.hyperedge_names = Some(vec![Name::Text("a literal".into()), Name::Text("\"a literal\"".into())]);
    let error = AtomSpace::from_dataset(&named, None).unwrap_err().to_string();
    assert!(error.contains("expected an IRI, a blank node or a triple term"), "{error}");
}

/// WD50K read line by line: what its statements make of it, and what the data set holds.
#[test]
fn wd50k_has_the_counts_of_its_lines() {
    let Some(shared) = std::env::var_os("HGQL_SHARED") else { return };
    let files = ["train", "valid", "test"].map(|part| std::path::Path::new(&shared).join(format!("data/wd50k/{part}.txt")));
    let options = LoadOptions { format: Some(Format::Statements), ..LoadOptions::default() };
    let dataset = AtomSpace::load(&files, &options).unwrap().dataset("wd50k", &DatasetOptions::default()).unwrap();
    let text: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let lines: Vec<Vec<&str>> = text.iter().flat_map(|text| text.lines()).map(|line| line.split(',').collect()).collect();
    let players = |line: &[&str]| -> HashMap<String, BTreeSet<String>> {
        let mut players: HashMap<String, BTreeSet<String>> = HashMap::new();
        let pairs = [("subject", line[0]), ("object", line[2])].into_iter().chain(line[3..].chunks(2).map(|pair| (pair[0], pair[1])));
        for (role, player) in pairs {
            players.entry(player.to_owned()).or_default().insert(role.to_owned());
        }
        players
    };
    let entities: HashSet<String> = lines.iter().flat_map(|line| players(line).into_keys()).collect();
    let relations: HashSet<&str> = lines.iter().map(|line| line[1]).collect();
    let roles: HashSet<&str> = lines.iter().flat_map(|line| line[3..].iter().step_by(2).copied()).collect();
    let h = &dataset.hypergraph;
    let found = dataset.relations.as_ref().unwrap();
    assert_eq!(h.hyperedges(), lines.len());
    assert_eq!(h.nodes(), entities.len());
    assert_eq!(h.incidences(), lines.iter().map(|line| players(line).len()).sum::<usize>());
    assert_eq!(found.roles.of.len(), lines.iter().map(|line| players(line).values().map(BTreeSet::len).sum::<usize>()).sum::<usize>());
    assert_eq!((found.relations.names.len(), found.roles.names.len()), (relations.len(), roles.len() + 2));
    assert!(found.relations.ptr.windows(2).all(|row| row[1] - row[0] == 1));
    // Degrees, by name.
    let mut degrees: HashMap<String, usize> = HashMap::new();
    lines.iter().flat_map(|line| players(line).into_keys()).for_each(|player| *degrees.entry(player).or_default() += 1);
    for (n, name) in dataset.node_names.iter().flatten().enumerate() {
        let name = name.to_plain().replace("http://example.org/", "");
        assert_eq!(h.node_major().degree(n), degrees[&name], "{name}");
    }
    println!(
        "wd50k: {} nodes, {} hyperedges, {} incidences, {} relations, {} roles",
        h.nodes(),
        h.hyperedges(),
        h.incidences(),
        relations.len(),
        roles.len()
    );
}
