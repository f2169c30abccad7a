//! A node twice in a hyperedge, by each rule, with the same weight and with another.

use std::path::PathBuf;

use hypergraphql_framework::{Duplicates, Hypergraph, Result, io};

use super::npz::{archive, f64s, i64s};

/// Node 3 twice in hyperedge 1, with these weights, in every format that holds weights.
fn files(folder: &std::path::Path, first: f64, again: f64) -> Vec<(PathBuf, &'static str)> {
    let json = format!(
        "{{\"incidences\": [{{\"edge\": 0, \"node\": 0}}, {{\"edge\": 1, \"node\": 3, \"weight\": {first}}},\n {{\"edge\": 1, \"node\": 3, \"weight\": {again}}}]}}"
    );
    let csv = format!("node,hyperedge,weight\n0,0,1\n3,1,{first}\n3,1,{again}\n");
    let arrays = [("indptr", i64s(&[0, 1, 1, 1, 3, 3])), ("indices", i64s(&[0, 1, 1])), ("data", f64s(&[1.0, first, again]))];
    let files = [
        ("x.json", json.into_bytes(), "x.json:2:2: "),
        ("x.csv", csv.clone().into_bytes(), "x.csv:4:1: "),
        ("x.tsv", csv.replace(',', "\t").into_bytes(), "x.tsv:4:1: "),
        ("x.npz", archive(&arrays), "x.npz: "),
    ];
    let write = |(name, bytes, place)| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        (path, place)
    };
    files.into_iter().map(write).collect()
}

fn read(path: &PathBuf, duplicates: Duplicates) -> Result<Hypergraph> {
    io::read_with(path, io::Options { duplicates, ..io::Options::default() }).map(|d| d.hypergraph)
}

#[test]
fn the_same_weight_counts_once_or_adds_up() {
    let folder = tempfile::tempdir().unwrap();
    for (path, place) in files(folder.path(), 0.5, 0.5) {
        assert_eq!(read(&path, Duplicates::Merge).unwrap().incidence_weights(), Some([1.0, 0.5].as_slice()), "{place}");
        assert_eq!(read(&path, Duplicates::Sum).unwrap().incidence_weights(), None, "{place}");
        let error = read(&path, Duplicates::Error).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains("expected every node at most once in a hyperedge, found"), "{error}");
    }
}

#[test]
fn another_weight_does_not_vanish() {
    let folder = tempfile::tempdir().unwrap();
    for (path, place) in files(folder.path(), 0.5, 2.0) {
        let error = read(&path, Duplicates::Merge).unwrap_err().to_string();
        assert!(
            error.contains(place) && error.contains("expected the same weight wherever an incidence repeats (the rule `sum` adds"),
            "{error}"
        );
        assert!(error.ends_with("again, with weight 2 after 0.5"), "{error}");
        assert_eq!(read(&path, Duplicates::Sum).unwrap().incidence_weights(), Some([1.0, 2.5].as_slice()), "{place}");
    }
}

#[test]
fn a_stored_zero_is_an_incidence_of_weight_0() {
    let folder = tempfile::tempdir().unwrap();
    for (path, place) in files(folder.path(), 0.0, 0.0) {
        let h = read(&path, Duplicates::Merge).unwrap();
        assert_eq!((h.incidences(), h.incidence_weights()), (2, Some([1.0, 0.0].as_slice())), "{place}");
    }
}

#[test]
fn rules_have_names() {
    assert!(Duplicates::ALL.into_iter().all(|d| d.to_string().parse::<Duplicates>().unwrap() == d));
    let error = "first".parse::<Duplicates>().unwrap_err().to_string();
    assert_eq!(error, "duplicates rule: expected merge, sum or error, found \"first\"");
}
