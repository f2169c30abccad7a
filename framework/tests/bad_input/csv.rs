//! CSV and TSV.

use hypergraphql_framework::{Name, io};

use super::{file, strict};

fn read(name: &str, text: &str) -> hypergraphql_framework::Dataset {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    io::read(&path).unwrap()
}

#[test]
fn both_layouts_are_read() {
    let pairs = read("x.csv", "hyperedge,node\r\na,7\r\na,2\r\nb,5\r\n");
    assert_eq!(pairs.node_names, Some([2, 5, 7].map(Name::Number).into()));
    assert_eq!(pairs.hyperedge_names, Some(["a", "b"].map(|n| Name::Text(n.into())).into()));
    assert_eq!(pairs.hypergraph.pairs().collect::<Vec<_>>(), [(0, 0), (1, 1), (2, 0)]);
    let members = read("x.tsv", "Hyperedge\tMembers\na\t7\t2\nb\t5");
    assert_eq!((members.hypergraph, members.node_names), (pairs.hypergraph, pairs.node_names));
    let weighted = read("x.csv", "weight,node,edge\n0.5,0,0\n2,1,0\n");
    assert_eq!(weighted.hypergraph.incidence_weights(), Some([0.5, 2.0].as_slice()));
    assert_eq!((weighted.node_names, weighted.hyperedge_names), (None, None));
}

#[test]
fn headers() {
    let found = file("x.csv", "0,1\n2,3\n");
    assert_eq!(found, "x.csv:1: expected a header node,hyperedge[,weight] or hyperedge,members, found \"0,1\"");
    assert!(file("x.csv", "node,hyperedge,colour\n0,1,2\n").contains("found \"node,hyperedge,colour\""));
    assert!(file("x.csv", "").ends_with("expected a header, found an empty file"));
    assert!(file("x.csv", "node,hyperedge\n").contains("found an empty hypergraph (0 nodes, 0 hyperedges)"));
}

#[test]
fn rows() {
    assert_eq!(file("x.csv", "node,hyperedge\n0,1\n\n2,3\n"), "x.csv:3:1: expected a row, found an empty line");
    assert_eq!(file("x.csv", "node,hyperedge\n0,1\n2\n"), "x.csv:3:1: expected 2 fields, as in the header, found 1 fields");
    assert!(file("x.csv", "node,hyperedge\n0,1,2\n").contains("x.csv:2:3: expected 2 fields, as in the header, found 3"));
    assert_eq!(file("x.csv", "node,hyperedge\n0,1\n-3,1\n"), "x.csv:3:1: expected the name or id of a node, found the negative id -3");
    assert!(file("x.csv", "node,hyperedge\n,1\n").starts_with("x.csv:2:1: expected the name or id of a node, found an empty"));
    for weight in ["x", "", "nan", "inf"] {
        let found = file("x.csv", format!("node,hyperedge,weight\n0,1,{weight}\n"));
        assert_eq!(found, format!("x.csv:2:5: expected a finite weight, found {weight:?}"));
    }
    assert!(file("x.csv", "hyperedge,members\na\n").starts_with("x.csv:2:1: expected members after the hyperedge, found none"));
    assert!(file("x.csv", "hyperedge,members\na,1\na,2\n").starts_with("x.csv:3:1: expected a hyperedge that has no row yet"));
}

#[test]
fn bytes() {
    assert_eq!(file("x.csv", b"node,hyperedge\n0,\x001\n"), "x.csv:2:3: expected text, found a NUL byte");
    assert!(file("x.csv", b"node,hyperedge\n0,\xfe\n").starts_with("x.csv:2:3: expected UTF-8, found the byte 0xfe"));
}

#[test]
fn a_quote_that_is_never_closed() {
    let expected = "expected a field with a closing quote, found an opening quote alone";
    assert_eq!(file("x.csv", "node,hyperedge\n0,0\n1,\"e\n2,1\n3,1\n"), format!("x.csv:3:3: {expected}"));
    assert_eq!(file("x.csv", "node,hyperedge\n0,0\n\"a\"\"\n2,1\n"), format!("x.csv:3:1: {expected}"));
    let swallowed = file("x.csv", "node,hyperedge\n\"a,0\nb,0\nc,\"0\"\n");
    assert_eq!(swallowed, "x.csv:4:4: expected ',' or the end of the line after a closing quote, found '0'");
}

#[test]
fn blanks_are_no_part_of_a_field_unless_quoted() {
    let blanks = read("x.csv", "\u{feff} node , hyperedge\t\n0, 0\n 1,0 \n 0 , \" e\"\t\n\"0\",\"x\n,\"\"y\"\r\n");
    assert_eq!(blanks.hypergraph.pairs().collect::<Vec<_>>(), [(0, 0), (0, 1), (0, 2), (1, 0)]);
    assert_eq!(blanks.node_names, None);
    let names = [Name::Number(0), Name::Text(" e".into()), Name::Text("x\n,\"y".into())];
    assert_eq!(blanks.hyperedge_names, Some(names.into()));
    assert_eq!(file("x.csv", "node,hyperedge\n0,1\n -5,1\n"), "x.csv:3:2: expected the name or id of a node, found the negative id -5");
    assert!(file("x.csv", "node,hyperedge\n0,1\n  ,1\n").starts_with("x.csv:3:3: expected the name or id of a node, found an empty field"));
    assert!(file("x.csv", "node,hyperedge\n0\r1,1\n").starts_with("x.csv:2:2: expected text, found a carriage return inside a line"));
    let tabs = read("x.tsv", "node\thyperedge\tweight\n a b \t e\t 0.5 \n");
    assert_eq!((tabs.node_names, tabs.hyperedge_names), (Some(vec![Name::Text("a b".into())]), Some(vec![Name::Text("e".into())])));
}

#[test]
fn duplicates_are_refused_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    std::fs::write(&path, "node,hyperedge\na,e\nb,e\na,e\n").unwrap();
    assert_eq!(io::read(&path).unwrap().hypergraph.incidences(), 2);
    let found = strict(&path);
    assert_eq!(found, "x.csv:4:1: expected every node at most once in a hyperedge, found \"a\" in \"e\" again");
    std::fs::write(&path, "node,hyperedge\na,e\nb,e\nb,f\na,f\n").unwrap();
    assert_eq!(io::read(&path).unwrap().hypergraph.hyperedges(), 2);
    assert_eq!(strict(&path), "x.csv: expected hyperedges with different members, found those of hyperedge 0 in hyperedge 1");
}
