//! The text folder.

use std::path::Path;

use hypergraphql_framework::io;

use super::{refused, strict};

const WHOLE: [(&str, &str); 4] = [
    ("hyperedges.txt", "0,2\n1,2,4\n"),
    ("labels.txt", "0\n1\n1\n0\n-1\n"),
    ("features.txt", "0 3\n\n1\n2\n3 1\n"),
    ("splits_50_25_25.txt", "00122\n2-100\n"),
];

fn folder(changes: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("set").tempdir().unwrap();
    for (name, text) in WHOLE {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    for (name, bytes) in changes {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn error(name: &str, bytes: &[u8]) -> String {
    let folder = folder(&[(name, bytes)]);
    let prefix = format!("{}/", folder.path().file_name().unwrap().to_string_lossy());
    refused(folder.path()).replace(&prefix, "")
}

#[test]
fn the_whole_folder_is_read() {
    let d = io::read(folder(&[]).path()).unwrap();
    assert_eq!((d.hypergraph.nodes(), d.hypergraph.hyperedges(), d.hypergraph.incidences()), (5, 2, 5));
    assert_eq!((d.features.rows(), d.features.width(), d.features.nnz()), (5, 4, 6));
    assert_eq!(d.labels.as_ref().unwrap().of, [Some(0), Some(1), Some(1), Some(0), None]);
    assert_eq!(d.splits[1].train, [3, 4]);
    assert_eq!(d.split_set("50_25_25").unwrap().len(), 2);
}

#[test]
fn crlf_and_a_missing_last_line_end_are_fine() {
    let plain = io::read(folder(&[]).path()).unwrap();
    let crlf: Vec<(&str, Vec<u8>)> = WHOLE.map(|(n, t)| (n, t.replace('\n', "\r\n").into_bytes())).into();
    let changes: Vec<(&str, &[u8])> = crlf.iter().map(|(n, b)| (*n, b.strip_suffix(b"\r\n").unwrap())).collect();
    let mut read = io::read(folder(&changes).path()).unwrap();
    read.name.clone_from(&plain.name);
    assert_eq!(read, plain);
}

#[test]
fn an_id_out_of_range() {
    let found = error("hyperedges.txt", b"0,2\n1,22,4\n");
    assert_eq!(found, "hyperedges.txt:2:3: expected a node id below 5 (labels.txt), found 22");
}

#[test]
fn a_negative_id() {
    let found = error("hyperedges.txt", b"0,-2\n");
    assert_eq!(found, "hyperedges.txt:1:3: expected a node id, an integer from 0 to 4294967294, found a negative number");
}

#[test]
fn an_id_past_32_bits() {
    for id in ["4294967295", "99999999999999999999999999999999"] {
        let found = error("hyperedges.txt", format!("0,{id}").as_bytes());
        assert!(found.starts_with("hyperedges.txt:1:3: expected a node id, an integer from 0 to 4294967294, found"), "{found}");
    }
}

#[test]
fn an_id_out_of_proportion_is_refused_before_allocating() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hyperedges.txt"), "0,4294967294\n").unwrap();
    let found = refused(folder.path());
    assert!(found.contains("expected node ids below 1048576 for 2 incidences without labels.txt, found 4294967294"), "{found}");
}

#[test]
fn letters() {
    let found = error("hyperedges.txt", b"0,2\n1,2x\n");
    assert_eq!(found, "hyperedges.txt:2:4: expected a node id, an integer from 0 to 4294967294, found 'x'");
    assert!(error("labels.txt", b"0\none\n").starts_with("labels.txt:2:1: expected a class"));
    assert!(error("features.txt", b"0\n1\n2\n3\n1 nan\n").starts_with("features.txt:5:3: expected a feature column"));
}

#[test]
fn an_empty_line_is_a_hyperedge_with_no_members() {
    let found = error("hyperedges.txt", b"0,2\n\n1\n");
    assert_eq!(found, "hyperedges.txt:2:1: expected a node id, an integer from 0 to 4294967294, found an empty line");
    assert!(
        error("hyperedges.txt", b"0,2\n1,\n")
            .ends_with(":2:3: expected a node id, an integer from 0 to 4294967294, found the end of the line")
    );
    assert!(error("labels.txt", b"0\n1\n\n0\n1\n").starts_with("labels.txt:3:1:"));
    assert!(error("splits_50_25_25.txt", b"00122\n\n").starts_with("splits_50_25_25.txt:2:1: expected 5, one per node"));
    assert!(error("label_names.txt", b"a\n\nb\n").starts_with("label_names.txt:2:1: expected a name"));
}

#[test]
fn duplicate_lines_and_members_are_refused_when_asked() {
    let twice = folder(&[("hyperedges.txt", b"0,2\n1,2,4\n2,0\n")]);
    assert_eq!(io::read(twice.path()).unwrap().hypergraph.hyperedges(), 3);
    assert!(strict(twice.path()).ends_with("hyperedges.txt:3:1: expected hyperedges with different members, found those of line 1"));
    let member = folder(&[("hyperedges.txt", b"0,2\n1,2,1\n")]);
    assert_eq!(io::read(member.path()).unwrap().hypergraph.incidences(), 4);
    assert!(strict(member.path()).ends_with("hyperedges.txt:2:5: expected every node at most once, found node 1 again"));
    assert!(error("label_names.txt", b"a\nb\na\n").starts_with("label_names.txt:3:1: expected distinct names"));
    assert!(error("features.txt", b"0\n1\n2\n3\n1 2 1\n").starts_with("features.txt:5:1: expected every column at most once"));
}

#[test]
fn a_nul() {
    assert!(error("hyperedges.txt", b"0,\x002\n").ends_with(":1:3: expected a node id, an integer from 0 to 4294967294, found a NUL byte"));
    assert!(error("splits_50_25_25.txt", b"0012\0\n").starts_with("splits_50_25_25.txt:1:5:"));
    assert_eq!(error("label_names.txt", b"ab\0\n"), "label_names.txt:1:3: expected text, found a NUL byte");
}

#[test]
fn invalid_utf8() {
    assert!(
        error("hyperedges.txt", b"0\xff\n")
            .ends_with(":1:2: expected a node id, an integer from 0 to 4294967294, found the byte 0xff, which is not UTF-8")
    );
    assert!(error("label_names.txt", b"a\nb\xc3\n").starts_with("label_names.txt:2:2: expected UTF-8, found the byte 0xc3"));
}

#[test]
fn other_lengths() {
    assert_eq!(error("features.txt", b"0\n1\n"), "features.txt:2: expected 5, one per node of labels.txt, found 2");
    assert_eq!(error("labels.txt", b"0\n1\n1\n"), "features.txt:5: expected 3, one per node of labels.txt, found 5");
    let found = error("splits_50_25_25.txt", b"00122\n0012\n");
    assert_eq!(found, "splits_50_25_25.txt:2:5: expected 5, one per node of labels.txt, found 4");
    assert!(error("node_names.txt", b"a\nb\n").contains("expected 5, one per node of labels.txt, found 2"));
    assert!(error("hyperedge_names.txt", b"a\nb\nc\n").contains("expected 2, one per hyperedge as hyperedge names, found 3"));
}

#[test]
fn splits_with_other_characters() {
    let found = error("splits_50_25_25.txt", b"00122\n00132\n");
    assert_eq!(found, "splits_50_25_25.txt:2:4: expected 0 (train), 1 (valid), 2 (test) or - (none), found '3'");
}

#[test]
fn a_class_without_a_name() {
    let folder = folder(&[("label_names.txt", b"a\n")]);
    assert!(refused(folder.path()).ends_with("labels.txt:2:1: expected a class below 1 (label_names.txt), found 1"));
}

#[test]
fn classes_and_columns_out_of_proportion() {
    let found = error("labels.txt", b"0\n1\n65536\n0\n-1\n");
    assert_eq!(found, "labels.txt:3:1: expected a class below 65536 for 5 nodes, found 65536");
    let found = error("features.txt", b"0 3\n\n1\n2 4294967294\n3 1\n");
    assert_eq!(found, "features.txt:4:3: expected a feature column below 1048576 for 7 ones, found 4294967294");
}

#[test]
fn empty_files() {
    assert_eq!(error("hyperedges.txt", b""), "hyperedges.txt: expected a line per hyperedge, found an empty file");
    assert_eq!(error("labels.txt", b""), "labels.txt: expected a line per node, found an empty file");
    assert!(error("hyperedges.txt", b"\n").starts_with("hyperedges.txt:1:1:"));
}

#[test]
fn a_folder_without_hyperedges() {
    let folder = folder(&[]);
    std::fs::remove_file(folder.path().join("hyperedges.txt")).unwrap();
    assert!(refused(folder.path()).contains("hyperedges.txt: cannot open"));
    assert!(!Path::new("hyperedges.txt").exists());
}
