//! What readers and writers say through `tracing`.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use hypergraphql_framework::{Duplicates, io};
use tracing::Level;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is said at this level while reading or writing.
fn said(level: Level, act: impl FnOnce()) -> String {
    let log = Log::default();
    let to = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(move || to.clone()).with_ansi(false).finish();
    tracing::subscriber::with_default(subscriber, act);
    let bytes = log.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn warnings(path: &Path, duplicates: Duplicates) -> String {
    said(Level::WARN, || drop(io::read_with(path, io::Options { duplicates, ..io::Options::default() }).unwrap()))
}

#[test]
fn merged_repeats_are_counted_and_the_first_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("x.csv");
    std::fs::write(&csv, "node,hyperedge\na,e\nb,e\na,e\na,f\nb,e\n").unwrap();
    let text = folder.path().join("x");
    std::fs::create_dir(&text).unwrap();
    std::fs::write(text.join("hyperedges.txt"), "0,1\n2,0,2\n1,1,1\n").unwrap();
    let said = warnings(&csv, Duplicates::Merge);
    assert!(said.contains("x.csv:4:1: repeated incidences counted once: 2, the first is \"a\" in \"e\""), "{said}");
    let said = warnings(&text, Duplicates::Merge);
    assert!(said.contains("hyperedges.txt:2:5: repeated incidences counted once: 3, the first is node 2 in hyperedge 1"), "{said}");
    for path in [csv, text] {
        assert_eq!(warnings(&path, Duplicates::Sum), "");
    }
}

#[test]
fn what_hif_holds_beyond_a_dataset_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    let text = r#"{"network-type": "asc", "metadata": {"creator": "me", "name": {"a": 1}, "year": 7},
        "nodes": [{"node": 0, "attrs": {"class": 1}}, {"node": 1, "attrs": {}}, {"node": 2}, {"node": 0, "weight": 9}],
        "edges": [{"edge": 0, "attrs": {"x": 1}}, {"edge": 1, "attrs": {"x": 1}}],
        "incidences": [{"edge": 0, "node": 0, "attrs": {"y": []}}, {"edge": 1, "node": 1}, {"edge": 1, "node": 2}]}"#;
    std::fs::write(&path, text).unwrap();
    let said = warnings(&path, Duplicates::Merge);
    let expected = "x.json: left out, for a data set has no place for it: nodes with attributes: 1; edges with attributes: 2; \
                    incidences with attributes: 1; repeated records of nodes or edges: 1; metadata: creator, name, year; network-type: asc";
    assert!(said.contains(expected), "{said}");
    let ours = r#"{"metadata": {"name": "x", "hypergraphql": {"classes": 2}},
        "nodes": [{"node": 0, "attrs": {"class": 1}}, {"node": 1, "attrs": {"class": 0, "age": 3}}],
        "incidences": [{"edge": 0, "node": 0}]}"#;
    std::fs::write(&path, ours).unwrap();
    let said = warnings(&path, Duplicates::Merge);
    assert!(said.trim_end().ends_with("has no place for it: nodes with attributes: 1"), "{said}");
    std::fs::write(&path, ours.replace(", \"age\": 3", "")).unwrap();
    assert_eq!(warnings(&path, Duplicates::Merge), "");
}

#[test]
fn reading_and_writing_say_a_line_each() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("x.csv"), folder.path().join("y.npz"));
    std::fs::write(&from, "node,hyperedge\na,e\nb,e\nb,f\n").unwrap();
    let said = said(Level::INFO, || io::write(&io::read(&from).unwrap(), &to).unwrap());
    let lines: Vec<_> = said.lines().collect();
    let [read, write] = lines[..] else { panic!("{said}") };
    assert!(read.contains("read") && read.contains("x.csv") && write.contains("wrote") && write.contains("y.npz"), "{said}");
    for word in ["nodes=2", "hyperedges=2", "incidences=3", "took="] {
        assert!(read.contains(word) && write.contains(word), "{word}: {said}");
    }
    assert!(read.contains("format=csv") && write.contains("format=npz"), "{said}");
}
