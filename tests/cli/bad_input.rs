//! Bad data is refused with exit code 2 and a message that names file and line, without a panic.

use std::fs;
use std::path::Path;

use crate::data::write_small;
use crate::program::hgql;

/// `hgql info` on the small data set with one file replaced.
fn with(name: &str, content: &[u8], words: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    write_small(folder.path());
    fs::write(folder.path().join(name), content).expect("a file");
    info_fails(folder.path(), words);
}

fn info_fails(path: &Path, words: &[&str]) {
    hgql(["info", path.to_str().expect("UTF-8")]).fails(2, words);
}

#[test]
fn a_line_of_hyperedges_that_is_no_list_of_ids() {
    with("hyperedges.txt", b"0,1\n2,x,3\n", &["hyperedges.txt:2"]);
    with("hyperedges.txt", b"0,1\n2,-3\n", &["hyperedges.txt:2"]);
    with("hyperedges.txt", b"0,1\n\n2,3\n", &["hyperedges.txt:2"]);
    with("hyperedges.txt", b"0,1\n2,99999999999999999999\n", &["hyperedges.txt:2"]);
    with("hyperedges.txt", b"0,1\n2,\0\n", &["hyperedges.txt:2"]);
    with("hyperedges.txt", b"0,1\n2,\xff\n", &["hyperedges.txt:2"]);
}

#[test]
fn an_id_past_the_nodes_and_an_empty_file() {
    with("hyperedges.txt", b"0,1\n2,7\n", &["hyperedges.txt:2", "7"]);
    with("hyperedges.txt", b"", &["hyperedges.txt"]);
}

#[test]
fn labels_features_and_splits_of_another_length() {
    with("labels.txt", b"0\n1\n", &["labels.txt"]);
    with("features.txt", b"0\n", &["features.txt", "7"]);
    with("splits_50_25_25.txt", b"0012-1\n", &["splits_50_25_25.txt:1"]);
    with("splits_50_25_25.txt", b"0012-12\n00123-1\n", &["splits_50_25_25.txt:2"]);
}

#[test]
fn missing_truncated_and_unknown_files() {
    let folder = tempfile::tempdir().expect("a folder");
    info_fails(&folder.path().join("nothing"), &["nothing"]);
    info_fails(folder.path(), &["hyperedges.txt"]);
    let at = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("a file");
        path
    };
    info_fails(&at("cut.npz", b"PK\x03\x04cut"), &["cut.npz"]);
    info_fails(&at("cut.hif.json", b"{\"incidences\": [{\"node\": 1"), &["cut.hif.json"]);
    info_fails(&at("edges.csv", b"node,hyperedge\n0,0\n1\n"), &["edges.csv:3"]);
    info_fails(&at("picture.png", b"\x89PNG"), &[".png", ".npz"]);
}

#[test]
fn a_format_that_cannot_hold_the_data_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    write_small(folder.path());
    let out = folder.path().join("out.csv");
    let paths = ["convert", folder.path().to_str().expect("UTF-8"), out.to_str().expect("UTF-8")];
    hgql(paths).fails(2, &["out.csv", "help: --hypergraph-only"]);
    assert!(!out.exists());
}

#[test]
fn an_output_that_cannot_be_written_names_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    write_small(folder.path());
    let out = folder.path().join("no-folder/out.npz");
    hgql(["convert", folder.path().to_str().expect("UTF-8"), out.to_str().expect("UTF-8")]).fails(1, &["no-folder"]);
}

#[test]
fn an_unknown_format_lists_the_known_ones() {
    hgql(["info", "x", "--from", "xml"]).fails(2, &["xml", "text, hif, csv, tsv, npz or parquet"]);
}
