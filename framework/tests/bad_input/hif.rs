//! HIF.

use hypergraphql_framework::{Name, io};

use super::{file, refused, strict};

#[test]
fn foreign_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    let text = r#"{"edges": [{"edge": "e", "weight": 2}, {"edge": 7, "attrs": {"a": [1]}}], "network-type": "undirected",
        "incidences": [{"edge": 7, "node": "b", "weight": -2, "attrs": {"role": "PI"}}, {"edge": "e", "node": 7}],
        "metadata": {"creator": {"x": 1}, "name": null},
        "nodes": [{"node": 7, "weight": 0.5, "attrs": {"class": "blue", "features": "none"}}, {"node": "b"}, {"node": "7"}, {"node": 7}]}"#;
    std::fs::write(&path, text).unwrap();
    let d = io::read(&path).unwrap();
    assert_eq!(d.node_names, Some(vec![Name::Number(7), Name::Text("b".into()), Name::Text("7".into())]));
    assert_eq!(d.hypergraph.pairs().collect::<Vec<_>>(), [(0, 0), (1, 1)]);
    assert_eq!(d.hypergraph.incidence_weights(), Some([1.0, -2.0].as_slice()));
    assert_eq!(d.hypergraph.hyperedge_weights(), Some([2.0, 1.0].as_slice()));
    assert_eq!(d.node_weights, Some(vec![0.5, 1.0, 1.0]));
    assert_eq!((d.name.as_str(), d.labels), ("x", None));
}

#[test]
fn without_lists_integers_are_ordered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.hif.json");
    std::fs::write(&path, r#"{"incidences": [{"edge": 1, "node": 2}, {"edge": 0, "node": 0}, {"edge": 1, "node": 1}]}"#).unwrap();
    let d = io::read(&path).unwrap();
    assert_eq!((d.node_names, d.hyperedge_names), (None, None));
    assert_eq!(d.hypergraph.pairs().collect::<Vec<_>>(), [(0, 0), (1, 1), (2, 1)]);
    let some = r#"{"incidences": [{"edge": 9, "node": 2}, {"edge": "a", "node": 0}, {"edge": 9, "node": 1}], "edges": [{"edge": "a"}]}"#;
    std::fs::write(&path, some).unwrap();
    let d = io::read(&path).unwrap();
    assert_eq!(d.hyperedge_names, Some(vec![Name::Text("a".into()), Name::Number(9)]));
    assert_eq!(d.hypergraph.pairs().collect::<Vec<_>>(), [(0, 0), (1, 1), (2, 1)]);
}

#[test]
fn unknown_nodes() {
    let text = "{\"nodes\": [{\"node\": 1}],\n \"incidences\": [{\"edge\": 0, \"node\": 1},\n  {\"edge\": 0, \"node\": \"1\"}]}";
    let found = file("x.json", text);
    assert_eq!(found, "x.json:3:3: expected an incidence of the nodes listed in \"nodes\", found the unknown node \"1\"");
}

#[test]
fn a_hyperedge_with_no_members_and_an_empty_hypergraph() {
    let text = "{\"incidences\": [{\"edge\": 0, \"node\": 1}],\n\"edges\": [{\"edge\": 0}, {\"edge\": \"e\"}]}";
    assert_eq!(file("x.json", text), "x.json:2:24: expected incidences for every edge, found none for edge \"e\"");
    assert!(file("x.json", r#"{"incidences": []}"#).contains("found an empty hypergraph (0 nodes, 0 hyperedges)"));
    assert!(file("x.json", r#"{"incidences": [], "nodes": [{"node": 42}]}"#).contains("(1 nodes, 0 hyperedges)"));
}

#[test]
fn what_a_hypergraph_cannot_hold() {
    let directed = r#"{"network-type": "directed", "incidences": [{"edge": 1, "node": 2}]}"#;
    assert!(file("x.json", directed).starts_with("x.json:1:18: expected network-type \"undirected\" or \"asc\", found \"directed\""));
    let direction = r#"{"incidences": [{"edge": 1, "node": 2, "direction": "head"}]}"#;
    assert!(file("x.json", direction).contains("expected an incidence without direction"));
    let weight = r#"{"incidences": [{"edge": 1, "node": 2}], "edges": [{"edge": 1, "weight": -3}]}"#;
    assert!(file("x.json", weight).contains("expected an edge weight >= 0, found -3"));
}

/// The cases that the standard's own test files call non-compliant.
#[test]
fn non_compliant_files() {
    for text in [
        "{}",
        r#"{"incidences": [], "edges": [{"edge": 2, "test": "this should break"}]}"#,
        r#"{"incidences": [], "edges": [{}]}"#,
        r#"{"incidences": [{"edge": "abcd", "node": 42, "test": "this is a bad entry!"}]}"#,
        r#"{"network-type": "badnt", "incidences": []}"#,
        r#"{"incidences": [], "nodes": [{"node": 2, "test": "this should break"}]}"#,
        r#"{"nodes": [{"node": 1.23}], "incidences": [{"edge": 1, "node": 2}]}"#,
        r#"{"incidences": [], "nodes": [{}]}"#,
        r#"{"test": {"prop1": "test"}, "incidences": []}"#,
        r#"{"metadata": [0, 1, 2], "incidences": []}"#,
        r#"{"network-type": "asc", "incidences": [{"edge": 1}]}"#,
        r#"{"incidences": [{"edge": 1, "node": 2, "direction": "side"}]}"#,
        r#"{"incidences": [{"edge": "abcd", "node": 42, "weight": "hello"}]}"#,
        r#"{"incidences": [[1, 2]]}"#,
        r#"{"incidences": [{"edge": 1, "node": 2, "weight": 1e999}]}"#,
    ] {
        let found = file("x.json", text);
        assert!(found.starts_with("x.json:1:") && found.contains(", found "), "{text}\n{found}");
    }
}

#[test]
fn the_place_inside_a_record() {
    let text = "{\"incidences\": [\n  {\"edge\": 1, \"node\": 2},\n  {\"edge\": 1,\n   \"node\": true}]}";
    let found = file("x.json", text);
    assert!(found.starts_with("x.json:4:"), "{found}");
    assert!(found.contains("expected an incidence, an object {edge, node, weight, attrs}, found invalid type: boolean"), "{found}");
}

#[test]
fn bytes() {
    assert!(file("x.json", "{\"incidences\": [\n\0]}").starts_with("x.json:2:1: expected a HIF document"));
    assert!(file("x.json", b"{\"incidences\": [\n\"\xc3\"]}").starts_with("x.json:2:2: expected UTF-8, found the byte 0xc3"));
    assert!(file("x.json", "{\"incidences\": [").contains("found EOF while parsing"));
    assert!(file("x.json", "").contains("expected a HIF document, found EOF"));
    assert!(file("x.json", "[".repeat(100_000)).contains("expected a HIF document"));
    let deep = format!("{{\"incidences\": [], \"metadata\": {}{}}}", "{\"a\":".repeat(50_000), "}".repeat(50_000));
    assert!(file("x.json", deep).contains("x.json:1:"));
}

#[test]
fn our_own_block_must_fit() {
    let with = |block: &str, attrs: &str| {
        let text = format!(
            r#"{{"metadata": {{"hypergraphql": {block}}}, "nodes": [{{"node": 0, "attrs": {attrs}}}], "incidences": [{{"edge": 0, "node": 0}}]}}"#
        );
        file("x.json", text)
    };
    assert!(with(r#"{"classes": 2}"#, r#"{"class": 2}"#).contains("expected a class below 2 as label of node 0, found 2"));
    assert!(with(r#"{"classes": 1152921504606846976}"#, "{}").contains("as number of classes"));
    assert!(with(r#"{"features": {"width": 3, "sparse": false}}"#, r#"{"features": [1, 2]}"#).contains("2 features instead of 3"));
    assert!(with(r#"{"features": {"width": 1152921504606846976, "sparse": true}}"#, "{}").contains("as feature columns"));
    assert!(with(r#"{"features": {"width": 3, "sparse": true}}"#, r#"{"columns": [3]}"#).contains("expected what metadata"));
    assert!(with(r#"{"splits": [{"name": "a", "splits": ["00"]}]}"#, "{}").contains("a split of 2 characters for 1 nodes"));
    assert!(with(r#"{"splits": [{"name": "a", "splits": ["3"]}]}"#, "{}").contains("another character"));
    assert!(with(r#"{"colour": 1}"#, "{}").contains("unknown field"));
}

#[test]
fn duplicates_are_refused_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    let text = "{\"incidences\": [{\"edge\": \"e\", \"node\": 4},\n {\"edge\": \"e\", \"node\": 4}]}";
    std::fs::write(&path, text).unwrap();
    assert_eq!(io::read(&path).unwrap().hypergraph.incidences(), 1);
    assert_eq!(strict(&path), "x.json:2:2: expected every node at most once in a hyperedge, found 4 in \"e\" again");
    std::fs::write(&path, "nothing").unwrap();
    assert!(refused(&path).starts_with("x.json:1:2:"));
}
