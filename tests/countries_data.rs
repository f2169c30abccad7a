//! The shipped facts about countries: complete, consistent and readable by the framework.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use hypergraphql::framework::{Dataset, Duplicates, Name, io};
use serde_json::Value;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/data/countries/countries.hif.json")
}

fn read() -> Dataset {
    // `Duplicates::Error` refuses a country twice in a group and two groups of the same members.
    io::read_with(path(), io::Options { duplicates: Duplicates::Error, ..io::Options::default() }).unwrap()
}

fn text(name: &Name) -> &str {
    match name {
        Name::Text(t) => t,
        Name::Number(n) => panic!("{n} is not a name"),
    }
}

fn members(data: &Dataset) -> BTreeMap<&str, BTreeSet<&str>> {
    let (nodes, edges) = (data.node_names.as_ref().unwrap(), data.hyperedge_names.as_ref().unwrap());
    let row = |e: usize| data.hypergraph.edge_major().row(e).iter().map(|n| text(&nodes[*n as usize])).collect();
    edges.iter().enumerate().map(|(e, name)| (text(name), row(e))).collect()
}

#[test]
fn counts_are_those_of_the_readme() {
    let data = read();
    data.check().unwrap();
    let h = &data.hypergraph;
    assert_eq!((data.name.as_str(), h.nodes(), h.hyperedges(), h.incidences()), ("countries", 195, 225, 2347));
    let labels = data.labels.as_ref().unwrap();
    assert_eq!(labels.labelled().len(), 195, "every country has a class");
    assert_eq!(labels.counts(), [25, 23, 24, 30, 44, 35, 14]);
    assert_eq!(data.label_names.len(), 7);
    let readme = std::fs::read_to_string(path().with_file_name("README.md")).unwrap();
    assert!(readme.contains("195 countries (nodes), 225 groups (hyperedges), 2,347 memberships"));
}

#[test]
fn every_country_is_in_a_group_and_every_group_has_two() {
    let data = read();
    let alone: Vec<usize> = (0..data.hypergraph.nodes()).filter(|n| data.hypergraph.node_major().row(*n).is_empty()).collect();
    assert!(alone.is_empty(), "in no group: {alone:?}");
    for (name, countries) in members(&data) {
        assert!(countries.len() >= 2, "{name} has {countries:?} only");
    }
}

#[test]
fn no_name_stands_twice() {
    let json: Value = serde_json::from_str(&std::fs::read_to_string(path()).unwrap()).unwrap();
    for (list, key) in [("nodes", "node"), ("edges", "edge")] {
        let mut seen = BTreeSet::new();
        for record in json[list].as_array().unwrap() {
            let name = record[key].as_str().unwrap();
            assert_eq!(name.trim(), name);
            assert!(seen.insert(name.to_lowercase()), "{name} twice in {list}");
        }
    }
    let mut seen = BTreeSet::new();
    for record in json["incidences"].as_array().unwrap() {
        assert!(seen.insert((record["edge"].as_str(), record["node"].as_str())), "twice: {record}");
    }
}

#[test]
fn classes_agree_with_the_regions_in_words() {
    let json: Value = serde_json::from_str(&std::fs::read_to_string(path()).unwrap()).unwrap();
    let names = json["metadata"]["hypergraphql"]["label_names"].as_array().unwrap();
    for node in json["nodes"].as_array().unwrap() {
        let class = node["attrs"]["class"].as_u64().unwrap() as usize;
        assert_eq!(node["attrs"]["region"], names[class], "{}", node["node"]);
    }
}

#[test]
fn well_known_groups_have_their_size() {
    let data = read();
    let groups = members(&data);
    let sizes = [
        ("European Union", 27),
        ("Schengen area", 29),
        ("Council of Europe", 46),
        ("NATO", 32),
        ("OECD", 38),
        ("OPEC", 12),
        ("African Union", 54),
        ("ECOWAS", 12),
        ("Southern African Development Community", 16),
        ("Arab League", 22),
        ("Organisation of Islamic Cooperation", 57),
        ("ASEAN", 11),
        ("Commonwealth of Nations", 56),
        ("Least developed countries", 44),
        ("Landlocked countries", 44),
        ("Monarchies", 43),
        ("Spanish as an official language", 20),
    ];
    for (name, size) in sizes {
        assert_eq!(groups[name].len(), size, "{name}");
    }
    for (small, large) in
        [("Commonwealth realms", "Monarchies"), ("West African CFA franc", "African Union"), ("Adriatic Sea", "Mediterranean Sea")]
    {
        assert!(groups[small].is_subset(&groups[large]), "{small} outside {large}");
    }
    let (landlocked, islands) = (&groups["Landlocked countries"], &groups["Island countries"]);
    assert!(landlocked.is_disjoint(islands));
    for sea in ["Mediterranean Sea", "Baltic Sea", "Black Sea", "Red Sea", "Persian Gulf", "North Sea", "Caribbean Sea", "South China Sea"]
    {
        assert!(groups[sea].is_disjoint(landlocked), "{sea} has a landlocked country");
    }
}

#[test]
fn borders_are_mutual() {
    let data = read();
    let end = " and its land neighbours";
    let of: BTreeMap<&str, BTreeSet<&str>> =
        members(&data).into_iter().filter_map(|(name, m)| name.strip_suffix(end).map(|x| (x, m))).collect();
    assert_eq!(of.len(), 32);
    for (x, around) in &of {
        assert!(around.contains(x), "{x} is missing in its own group");
        for y in around {
            assert!(of.get(y).is_none_or(|back| back.contains(x)), "{x} has {y}, but {y} has not {x}");
        }
    }
}
