//! `hgql info` and `hgql convert` on a small data set in every format.

use std::fs;
use std::path::Path;

use crate::program::{hgql, lines};

/// 7 nodes (one isolated), 5 hyperedges (one singleton, two the same), 3 classes, 11 feature columns, 2 splits.
pub(crate) fn write_small(folder: &Path) {
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file");
    write("hyperedges.txt", "0,1,2\n3\n2,3,4,5\n1,0\n0,1\n");
    write("labels.txt", "0\n1\n2\n0\n-1\n1\n2\n");
    write("features.txt", "0 10\n3\n\n1 2 3\n4\n5 6\n7 8 9\n");
    write("splits_50_25_25.txt", "0012-12\n1200-21\n");
    write("label_names.txt", "red\ngreen\nblue\n");
}

fn info(path: &Path) -> serde_json::Value {
    let mut found = lines(&hgql(["info", "--json", path.to_str().expect("UTF-8")]).ok());
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// What does not depend on the format.
fn comparable(mut info: serde_json::Value) -> serde_json::Value {
    let object = info.as_object_mut().expect("an object");
    for key in ["name", "format", "file_bytes"] {
        assert!(object.remove(key).is_some(), "{key} is missing");
    }
    info
}

#[test]
fn info_counts_what_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    write_small(folder.path());
    let found = info(folder.path());
    for (key, value) in [
        ("nodes", 7),
        ("hyperedges", 5),
        ("incidences", 12),
        ("max_size", 4),
        ("isolated_nodes", 1),
        ("singletons", 1),
        ("duplicate_hyperedges", 1),
    ] {
        assert_eq!(found[key], value, "{key} in {found}");
    }
    assert_eq!(found["kind"], "info");
    assert_eq!(found["format"], "text");
    assert_eq!(found["features"]["width"], 11);
    assert_eq!(found["features"]["stored"], 12);
    assert_eq!(found["labels"]["counts"], serde_json::json!([2, 2, 2]));
    assert_eq!(found["labels"]["labelled"], 6);
    assert_eq!(found["labels"]["names"], serde_json::json!(["red", "green", "blue"]));
    assert_eq!(found["splits"], serde_json::json!([{"name": "50_25_25", "count": 2, "train": 2, "valid": 2, "test": 2}]));
    let bytes: u64 = fs::read_dir(folder.path()).expect("a folder").map(|e| e.expect("an entry").metadata().expect("a size").len()).sum();
    assert_eq!(found["file_bytes"], bytes);
}

#[test]
fn info_for_people_shows_the_same_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    write_small(folder.path());
    let table = hgql(["info", folder.path().to_str().expect("UTF-8")]).ok();
    for text in ["1 to 4, mean 2.40", "11 columns, sparse", "red (2)", "6 of 7 nodes labelled", "2 train, 2 validation, 2 test"] {
        assert!(table.contains(text), "{text:?} is not in:\n{table}");
    }
}

#[test]
fn every_format_keeps_everything_that_it_can_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let source = at("source");
    fs::create_dir(&source).expect("a folder");
    write_small(&source);
    let convert = |from: &Path, to: &Path, more: &[&str]| {
        let paths = ["convert", from.to_str().expect("UTF-8"), to.to_str().expect("UTF-8"), "--json"];
        let done = lines(&hgql(paths.iter().chain(more)).ok()).remove(0);
        assert_eq!((&done["kind"], &done["incidences"]), (&"converted".into(), &12.into()));
    };
    let whole = comparable(info(&source));
    for name in ["a.npz", "a.hif.json", "a.json", "copy"] {
        convert(&source, &at(name), &[]);
        assert_eq!(comparable(info(&at(name))), whole, "{name}");
    }
    convert(&at("a.npz"), &at("back"), &[]);
    for name in ["hyperedges.txt", "labels.txt", "features.txt", "splits_50_25_25.txt"] {
        let read = |folder: &str| fs::read_to_string(at(folder).join(name)).expect("a file");
        assert_eq!(read("back"), read("copy"), "{name}");
    }
    for name in ["b.csv", "b.tsv"] {
        convert(&source, &at(name), &["--hypergraph-only"]);
        let found = info(&at(name));
        assert_eq!((&found["hyperedges"], &found["incidences"]), (&5.into(), &12.into()), "{name}");
    }
}

#[test]
fn the_hypergraph_alone_keeps_its_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, out) = (folder.path().join("source"), folder.path().join("out.csv"));
    fs::create_dir(&source).expect("a folder");
    write_small(&source);
    fs::write(source.join("node_names.txt"), "a\nb\nc\nd\ne\nf\ng\n").expect("a file");
    fs::write(source.join("hyperedge_names.txt"), "v\nw\nx\ny\nz\n").expect("a file");
    hgql(["convert", source.to_str().expect("UTF-8"), out.to_str().expect("UTF-8"), "--hypergraph-only"]).ok();
    let text = fs::read_to_string(&out).expect("the output");
    assert!(text.contains("\ng,\n") && text.contains("\nd,w\n") && text.ends_with("b,z\n"), "{text}");
}

#[test]
fn a_node_twice_in_a_hyperedge_follows_the_rule() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("edges.csv");
    fs::write(&path, "node,hyperedge\na,e\nb,e\na,e\n").expect("a file");
    let path = path.to_str().expect("UTF-8");
    let merged = hgql(["info", path, "--json"]);
    assert!(merged.err.contains("edges.csv:4:1") && merged.err.contains("counted once: 1"), "{}", merged.err);
    assert_eq!(lines(&merged.out)[0]["incidence_weights"], false);
    let summed = hgql(["info", path, "--json", "--duplicates", "sum"]).ok();
    assert_eq!(lines(&summed)[0]["incidence_weights"], true);
    for command in [vec!["info", path], vec!["convert", path, "out.npz"], vec!["train", "node-classification", "--data", path]] {
        let strict = command.into_iter().chain(["--duplicates", "error"]);
        hgql(strict).fails(2, &["edges.csv:4:1", "at most once in a hyperedge"]);
    }
    hgql(["info", path, "--duplicates", "first"]).fails(2, &["first", "merge, sum or error"]);
}

#[test]
fn formats_can_be_named_where_the_path_does_not_tell() {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (folder.path().join("edges.dat"), folder.path().join("out.dat"));
    fs::write(&input, "node,hyperedge\n0,0\n1,0\n1,1\n2,1\n").expect("a file");
    let paths = |command: &'static str| vec![command, input.to_str().expect("UTF-8"), output.to_str().expect("UTF-8")];
    hgql(paths("convert")).fails(2, &[".dat", ".npz"]);
    hgql(paths("convert").into_iter().chain(["--from", "csv", "--to", "hif"])).ok();
    let text = fs::read_to_string(&output).expect("the output");
    assert!(text.contains("\"incidences\""), "{text}");
}

#[test]
fn an_existing_output_is_kept_unless_forced() {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (folder.path().join("edges.csv"), folder.path().join("out.tsv"));
    fs::write(&input, "node,hyperedge\n0,0\n1,0\n").expect("a file");
    fs::write(&output, "mine").expect("a file");
    let paths = ["convert", input.to_str().expect("UTF-8"), output.to_str().expect("UTF-8")];
    hgql(paths).fails(2, &["out.tsv", "exists already", "help: ", "--force"]);
    assert_eq!(fs::read_to_string(&output).expect("the output"), "mine");
    hgql(paths.into_iter().chain(["--force"])).ok();
    assert_ne!(fs::read_to_string(&output).expect("the output"), "mine");
}

/// A knowledge base of two hyperedges, four statements between nodes and one with a literal.
const WORLD: &str = "@prefix : <http://example.org/> .
@prefix hq: <https://hypergraphql.org/ns#> .
:h a hq:Hyperedge ; hq:relation :writes ; :author :ada , :grace ; :paper :engines .
:i a hq:Hyperedge ; :author :ada ; :paper :notes ; :year 1843 .
:ada :knows :grace ; a :Person . :grace a :Person . :engines a :Paper . :ada :age 36 .
";

#[test]
fn a_knowledge_base_is_a_data_set_and_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    fs::write(path("kb.ttl"), WORLD).expect("a file");
    hgql(["load", &path("kb.ttl"), "-o", &path("kb.hgql")]).ok();
    let found = lines(&hgql(["info", "-q", "--json", &path("kb.hgql")]).ok()).remove(0);
    for (key, value) in [("nodes", 4), ("hyperedges", 2), ("incidences", 5)] {
        assert_eq!(found[key], value, "{key} in {found}");
    }
    assert_eq!((&found["name"], &found["format"]), (&"kb".into(), &"knowledge base".into()));
    assert_eq!(found["relations"], serde_json::json!({"relations": 1, "roles": 2}));
    let kind = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
    hgql(["convert", "-q", &path("kb.hgql"), &path("kb.npz"), "--hyperedges", "all", "--labels", kind]).ok();
    let found = info(&folder.path().join("kb.npz"));
    assert_eq!((&found["hyperedges"], &found["labels"]["labelled"]), (&3.into(), &3.into()));
    assert_eq!(found["labels"]["names"], serde_json::json!(["http://example.org/Paper", "http://example.org/Person"]));
    for file in ["again.hif.json", "again.npz"] {
        hgql(["convert", "-q", &path("kb.hgql"), &path(file), "--literals"]).ok();
        hgql(["load", &path(file), "-o", &path("again.hgql"), "--force"]).ok();
        let of_hyperedges = |kb: &str| hgql(["query", &path(kb), "SELECT ?h ?r ?p { HYPEREDGE ?h { ?r ?p } } ORDER BY ?h ?r ?p"]).ok();
        assert_eq!(of_hyperedges("again.hgql"), of_hyperedges("kb.hgql"), "{file}");
    }
    hgql(["convert", "-q", &path("kb.hgql"), &path("kb.csv")]).fails(2, &["relations and roles", "--hypergraph-only"]);
    hgql(["convert", "-q", &path("kb.hgql"), &path("kb.csv"), "--hypergraph-only"]).ok();
    hgql(["info", &path("kb.csv"), "--literals"]).fails(2, &["is no knowledge base"]);
    hgql(["info", &path("kb.hgql"), "--from", "csv"]).fails(2, &["is a knowledge base"]);
    fs::write(path("plain.ttl"), "<http://x/a> <http://x/p> <http://x/b> .").expect("a file");
    hgql(["load", &path("plain.ttl"), "-o", &path("plain.hgql")]).ok();
    hgql(["info", &path("plain.hgql")]).fails(2, &["--hyperedges triples"]);
}
