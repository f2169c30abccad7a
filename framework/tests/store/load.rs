//! Loading files and writing them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use hypergraphql_framework::store::{AtomSpace, Format, LoadOptions};
use oxrdf::Quad;
use tempfile::TempDir;

use crate::{every_kind, integer, iri, quad};

/// All statements as N-Quads lines, sorted.
fn lines(space: &AtomSpace) -> Vec<String> {
    let mut lines: Vec<String> = space.quads().map(|quad| quad.to_string()).collect();
    lines.sort();
    lines
}

fn file(folder: &TempDir, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn load(path: &Path) -> AtomSpace {
    AtomSpace::load(&[path], &LoadOptions::default()).unwrap()
}

fn error(path: &Path) -> String {
    AtomSpace::load(&[path], &LoadOptions::default())
        .unwrap_err()
        .to_string()
        .replace(&format!("{}/", path.parent().unwrap().display()), "")
}

#[test]
fn every_format_holds_every_term() {
    let folder = TempDir::new().unwrap();
    let quads = every_kind();
    let triples = quads.iter().cloned().map(|quad| Quad { graph_name: oxrdf::GraphName::DefaultGraph, ..quad });
    let (dataset, graph) = (AtomSpace::from_quads(quads.clone()).unwrap(), AtomSpace::from_quads(triples).unwrap());
    for (name, format, space) in [
        ("a.nq", Format::NQuads, &dataset),
        ("a.trig", Format::TriG, &dataset),
        ("a.nt", Format::NTriples, &graph),
        ("a.ttl", Format::Turtle, &graph),
    ] {
        let path = folder.path().join(name);
        space.export(&path, format).unwrap();
        let loaded = load(&path);
        assert_eq!(lines(&loaded), lines(space), "{name}");
        assert_eq!(
            (1..=space.terms()).map(|id| loaded.term(id)).collect::<Vec<_>>(),
            (1..=space.terms()).map(|id| space.term(id)).collect::<Vec<_>>()
        );
        let zipped = folder.path().join(format!("{name}.gz"));
        let mut gz = flate2::write::GzEncoder::new(fs::File::create(&zipped).unwrap(), flate2::Compression::fast());
        gz.write_all(&fs::read(&path).unwrap()).unwrap();
        gz.finish().unwrap();
        assert_eq!(lines(&load(&zipped)), lines(space), "{name}.gz");
    }
    let refused = dataset.export(folder.path().join("b.nt"), Format::NTriples).unwrap_err().to_string();
    assert!(refused.contains("named graphs (there are 2); write nquads or trig"), "{refused}");
    assert!(!folder.path().join("b.nt").exists());
}

#[test]
fn empty_files_are_empty_spaces() {
    let folder = TempDir::new().unwrap();
    for name in ["a.nt", "a.nq", "a.ttl", "a.trig"] {
        assert!(load(&file(&folder, name, "")).is_empty());
        assert!(load(&file(&folder, name, "# nothing\n\n")).is_empty());
    }
}

#[test]
fn chunks_and_lines_without_end_lose_nothing() {
    let folder = TempDir::new().unwrap();
    // More than a chunk of 4 MiB per thread, with lines of many lengths and a last line without its end.
    let count = 200_003;
    let text: String =
        (0..count).map(|i| format!("<http://example.com/s{i}> <http://example.com/p> \"{}\" .\n", "x".repeat(i % 97))).collect();
    let space = load(&file(&folder, "a.nt", text.trim_end()));
    assert_eq!((space.len(), space.terms()), (count as u64, count as u32 + 1 + 97));
    let long = format!("<http://example.com/s> <http://example.com/p> \"{}\" .", "y".repeat(30 << 20));
    assert_eq!(load(&file(&folder, "long.nt", long)).len(), 1);
}

#[test]
fn errors_name_file_line_and_column() {
    let folder = TempDir::new().unwrap();
    let good = "<http://example.com/s> <http://example.com/p> <http://example.com/o> .\n";
    let many = good.repeat(300_000);
    assert_eq!(
        error(&file(&folder, "a.nt", format!("{many}<http://example.com/é> \"p\" .\n{good}"))),
        "a.nt:300001:25: expected ntriples, found The predicate of a triple must be an IRI"
    );
    let message = error(&file(&folder, "a.ttl", "@prefix : <http://example.com/> .\n:s :p :o ;\n  x:p :o .\n"));
    assert!(message.starts_with("a.ttl:3:3: expected turtle, found "), "{message}");
    assert!(error(&file(&folder, "b.nt", b"<http://example.com/\xff> <p:p> <o:o> .\n")).starts_with("b.nt:1:"));
    assert!(error(&file(&folder, "b.ttl", b"<http://example.com/\xff> <p:p> <o:o> .\n")).starts_with("b.ttl:1:21: expected UTF-8"));
    assert!(error(&folder.path().join("absent.nt")).contains("cannot open"));
    assert!(error(&file(&folder, "a.xyz", "")).contains("expected .nt, .nq"));
    let deep = format!("<s:s> <p:p> {} <o:o> {} .", "<<( <s:s> <p:p>".repeat(100_000), ")>>".repeat(100_000));
    for name in ["deep.nt", "deep.nq", "deep.ttl", "deep.trig"] {
        assert!(error(&file(&folder, name, &deep)).contains("nested deeper than 128"));
    }
    let options = LoadOptions { base: Some("not an IRI".into()), ..LoadOptions::default() };
    let message = AtomSpace::load(&[file(&folder, "c.ttl", "")], &options).unwrap_err().to_string();
    assert!(message.starts_with("the base IRI: expected an absolute IRI"), "{message}");
}

#[test]
fn lines_that_cannot_be_read_are_put_aside() {
    let folder = TempDir::new().unwrap();
    let text = "<s:a> <p:p> <o:o> .\nnonsense\n<s:b> <p:p> <o:o> .\n<s:c> \"p\" <o:o> .\n<s:d> <p:p> <o:o> . <s:e>\n";
    let path = file(&folder, "a.nt", text);
    let rejects = folder.path().join("rejects.nt");
    let seen = Mutex::new(Vec::new());
    let note = |p: &hypergraphql_framework::store::Progress<'_>| seen.lock().unwrap().push((p.bytes, p.statements, p.rejected));
    let options = LoadOptions { rejects: Some(rejects.clone()), progress: Some(&note), ..LoadOptions::default() };
    let space = AtomSpace::load(&[path], &options).unwrap();
    assert_eq!(lines(&space), ["<s:a> <p:p> <o:o>", "<s:b> <p:p> <o:o>"]);
    assert_eq!(fs::read_to_string(rejects).unwrap(), "nonsense\n<s:c> \"p\" <o:o> .\n<s:d> <p:p> <o:o> . <s:e>\n");
    assert_eq!(*seen.lock().unwrap(), [(text.len() as u64, 2, 3)]);
}

#[test]
fn blank_nodes_of_files_stay_apart() {
    let folder = TempDir::new().unwrap();
    let (a, b) = (file(&folder, "a.nt", "_:x <p:p> _:x .\n"), file(&folder, "b.ttl", "_:x <p:p> <<( _:x <p:p> _:x )>> .\n"));
    assert_eq!(lines(&load(&a)), ["_:x <p:p> _:x"]);
    let both = AtomSpace::load(&[&a, &b], &LoadOptions::default()).unwrap();
    assert_eq!(lines(&both), ["_:f0_x <p:p> _:f0_x", "_:f1_x <p:p> <<( _:f1_x <p:p> _:f1_x )>>"]);
}

#[test]
fn files_are_added_to_a_space() {
    let folder = TempDir::new().unwrap();
    let first = file(&folder, "a.nt", "_:x <p:p> <o:o> .\n<s:s> <p:p> <o:o> .\n");
    let space = load(&first).with_changes(&[quad("s", "p", iri("o"))], &[]).unwrap();
    let options = LoadOptions { onto: Some(space.clone()), ..LoadOptions::default() };
    let both = AtomSpace::load(&[&first], &options).unwrap();
    assert_eq!((both.len(), space.len()), (4, 3), "the blank node of the file is another one");
    assert!(space.quads().all(|quad| both.quads().any(|other| other == quad)));
    assert_eq!(AtomSpace::load(&[&first], &LoadOptions { onto: Some(both), ..LoadOptions::default() }).unwrap().len(), 5);
}

proptest::proptest! {
    /// Any text in any format gives a space or an error, and a space that is written again is the same.
    #[test]
    fn any_text_is_loaded_or_refused(pieces in proptest::collection::vec(0usize..PIECES.len(), 0..40), format in 0usize..Format::ALL.len()) {
        let folder = TempDir::new().unwrap();
        let text: String = pieces.iter().map(|piece| PIECES[*piece]).collect();
        let options = LoadOptions { format: Some(Format::ALL[format]), base: Some("b:b".into()), ..LoadOptions::default() };
        if let Ok(space) = AtomSpace::load(&[file(&folder, "a", text)], &options) {
            let mut again = Vec::new();
            space.write(&mut again, Format::NQuads).unwrap();
            proptest::prop_assert_eq!(lines(&load(&file(&folder, "b.nq", again))), lines(&space));
        }
    }
}

/// What texts of all formats are made of.
const PIECES: [&str; 40] = [
    "<s:s> ",
    "<p:p> ",
    "<<( ",
    ")>> ",
    "<< ",
    ">> ",
    "_:b ",
    "\"x\" ",
    "\"\\u0000\"",
    "^^<d:d> ",
    "^^xsd:byte ",
    "@en ",
    "@en--rtl ",
    ". ",
    ".\n",
    "\n",
    ";",
    ",",
    "a ",
    "[ ",
    "] ",
    "( ",
    ") ",
    "{ ",
    "} ",
    "{| ",
    "|} ",
    "~ ",
    "1 ",
    "-2.5e400 ",
    "true ",
    "@prefix : <b:> .\n",
    ":x ",
    "#",
    "\"",
    "\t",
    "é",
    "\u{10ffff}",
    "\0",
    "<s:s> <p:p> _:b .\n",
];

#[test]
fn graph_and_base_are_applied() {
    let folder = TempDir::new().unwrap();
    let options = LoadOptions { graph: Some(iri("g")), base: Some("http://example.com/".into()), ..LoadOptions::default() };
    let expected = AtomSpace::from_quads([Quad { graph_name: iri("g").into(), ..quad("s", "p", iri("o")) }]).unwrap();
    for (name, text) in [
        ("a.ttl", "<s> <p> <o> ."),
        ("a.trig", "<s> <p> <o> ."),
        ("a.nt", "<http://example.com/s> <http://example.com/p> <http://example.com/o> ."),
    ] {
        let space = AtomSpace::load(&[file(&folder, name, text)], &options).unwrap();
        assert_eq!(lines(&space), lines(&expected), "{name}");
    }
}

/// What hyperedge formats give, without the long prefixes.
fn short(space: &AtomSpace) -> Vec<String> {
    let shorten = |line: String| {
        let line =
            line.replace("<https://hypergraphql.org/ns#", "hq:").replace("<http://example.org/", ":").replace("<http://www.w3.org/", "<");
        line.replace("<1999/02/22-rdf-syntax-ns#type>", "a").replace(['<', '>'], "")
    };
    lines(space).into_iter().map(shorten).collect()
}

#[test]
fn statement_lines() {
    let folder = TempDir::new().unwrap();
    let options = LoadOptions { format: Some(Format::Statements), ..LoadOptions::default() };
    let space = AtomSpace::load(&[file(&folder, "a.txt", "Q1,P1,Q2\nQ1,P1,Q3,P2,Q4,P2,Q5\n")], &options).unwrap();
    let mut expected = vec![
        ":Q1 :P1 :Q2",
        ":Q1 :P1 :Q3",
        "_:hyperedge1 a hq:Hyperedge",
        "_:hyperedge1 hq:relation :P1",
        "_:hyperedge1 hq:subject :Q1",
        "_:hyperedge1 hq:object :Q2",
        "_:hyperedge2 a hq:Hyperedge",
        "_:hyperedge2 hq:relation :P1",
        "_:hyperedge2 hq:subject :Q1",
        "_:hyperedge2 hq:object :Q3",
        "_:hyperedge2 :P2 :Q4",
        "_:hyperedge2 :P2 :Q5",
    ];
    let mut got = short(&space);
    expected.sort_unstable();
    got.sort_unstable();
    assert_eq!(got, expected);
    for (text, message) in [
        ("a,b", "1:1: expected s,r,o and pairs"),
        ("a,b,c\na,b,c,d", "2:1: expected s,r,o and pairs"),
        ("a,_:b,c", "1:3: expected an IRI"),
        ("a,,c", "1:3: expected a name"),
    ] {
        let got = AtomSpace::load(&[file(&folder, "b.txt", text)], &options).unwrap_err().to_string();
        assert!(got.contains(message), "{got}");
    }
}

#[test]
fn tables_of_roles() {
    let folder = TempDir::new().unwrap();
    let text = "hyperedge,buyer,price^^xsd:decimal,hq:strength,seller\ne1,ann,9.5,0.5,bob\ne2,cy,,,\n";
    let mut got = short(&load(&file(&folder, "a.csv", text)));
    got.sort();
    let expected = [
        ":e1 :buyer :ann",
        ":e1 :price \"9.5\"^^2001/XMLSchema#decimal",
        ":e1 :seller :bob",
        ":e1 a hq:Hyperedge",
        ":e1 hq:strength \"0.5\"^^2001/XMLSchema#decimal",
        ":e2 :buyer :cy",
        ":e2 a hq:Hyperedge",
    ];
    assert_eq!(got, expected);
    let mut got = short(&load(&file(&folder, "a.tsv", "buyer\tseller\nann\tbob\n")));
    got.sort();
    assert_eq!(got, ["_:hyperedge1 :buyer :ann", "_:hyperedge1 :seller :bob", "_:hyperedge1 a hq:Hyperedge"]);
    assert!(error(&file(&folder, "b.csv", "a,b\n1\n")).contains("b.csv:2:1: expected 2 fields, as in the header, found 1 fields"));
    assert!(error(&file(&folder, "b.csv", "")).contains("a header of roles"));
}

#[test]
fn hif() {
    let folder = TempDir::new().unwrap();
    let text = r#"{"network-type":"directed","incidences":[{"edge":"e","node":1,"direction":"head"},{"edge":"e","node":2,"direction":"tail"},
        {"edge":"f","node":"n 3"},{"edge":"f","node":1,"attrs":{"role":"author"}}],"nodes":[{"node":1,"attrs":{"age":7,"name":"x"}}],"edges":[{"edge":"e","weight":0.5}]}"#;
    let mut got = short(&load(&file(&folder, "a.json", text)));
    got.sort();
    let expected = [
        ":1 :age \"7\"^^2001/XMLSchema#integer",
        ":1 :name \"x\"",
        ":e a hq:Hyperedge",
        ":e hq:head :1",
        ":e hq:tail :2",
        ":e hq:weight \"0.5\"^^2001/XMLSchema#double",
        ":f :author :1",
        ":f a hq:Hyperedge",
        ":f hq:member :n%203",
    ];
    assert_eq!(got, expected);
    assert!(error(&file(&folder, "b.json", "{\n\"incidences\": 3}")).starts_with("b.json:2:15: expected a HIF document"));
}

#[test]
fn stored_statements_load_whole() {
    let Some(shared) = shared() else { return };
    let files = ["train.txt", "valid.txt", "test.txt"].map(|name| shared.join("data/wd50k").join(name));
    let options = LoadOptions { format: Some(Format::Statements), ..LoadOptions::default() };
    let space = AtomSpace::load(&files, &options).unwrap();
    let hyperedge = space.id(&oxrdf::NamedNode::new("https://hypergraphql.org/ns#Hyperedge").unwrap()).unwrap();
    let rows: usize = files.iter().map(|file| fs::read_to_string(file).unwrap().lines().count()).sum();
    assert_eq!(space.rows(hypergraphql_framework::store::Order::Osp, &[hyperedge]).len(), rows);
    assert!(space.id(&integer(1)).is_none());
}

/// The folder of stored data.
fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("HGQL_SHARED").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    if folder.join("data/wd50k").is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED stored_statements_load_whole: no {}", folder.display());
    None
}

/// Documents long enough to be read in parts, with everything that a cut may meet.
#[test]
fn turtle_in_parts_is_turtle_in_one_piece() {
    const LINES: usize = 40_000;
    let node = |space: &str, name: &str| oxrdf::NamedNode::new(format!("{space}{name}")).unwrap();
    let long = "ends .\n:x :y :z .\n:x :y :z .\n:x :y :z .\n:x :y :z .\n";
    // What stands in the middle of the document, and the namespaces of prefixed and of relative names after it.
    for (middle, prefixed, relative) in [
        ("", "http://a/", "http://base/"),
        ("@prefix : <http://b/> .", "http://b/", "http://base/"),
        ("PREFIX :<http://b/>", "http://b/", "http://base/"),
        ("@base <http://other/> .", "http://a/", "http://other/"),
        ("# :x :y :z .", "http://a/", "http://base/"),
    ] {
        let mut text = String::from("@base <http://base/> .\n@prefix : <http://a/> .\n");
        let mut expected = std::collections::HashSet::new();
        for i in 0..LINES {
            let (prefixed, relative) = if i < LINES / 2 { ("http://a/", "http://base/") } else { (prefixed, relative) };
            if i == LINES / 2 {
                text.push_str(&format!("{middle}\n"));
            }
            let subject = node(prefixed, &format!("s{i}"));
            match i % 400 {
                0 => text.push_str("# a comment. :x :y :z .\n"),
                1 => text.push_str(&format!(":s{i} :p \"\"\"{long}\"\"\" .\n")),
                2 => text.push_str(&format!(":s{i} :p\n  1.5 ,\n <o> .\n")),
                _ => text.push_str(&format!(":s{i} :p <o> . # :x :y :z .\n")),
            }
            let p = node(prefixed, "p");
            let mut put = |object: oxrdf::Term| {
                expected.insert(Quad::new(subject.clone(), p.clone(), object, oxrdf::GraphName::DefaultGraph).to_string());
            };
            match i % 400 {
                0 => {}
                1 => put(oxrdf::Literal::new_simple_literal(long).into()),
                2 => {
                    put(oxrdf::Literal::new_typed_literal("1.5", oxrdf::vocab::xsd::DECIMAL).into());
                    put(node(relative, "o").into());
                }
                _ => put(node(relative, "o").into()),
            }
        }
        let folder = TempDir::new().unwrap();
        let found: std::collections::HashSet<String> = lines(&load(&file(&folder, "parts.ttl", &text))).into_iter().collect();
        assert!(found == expected, "{middle:?}: {} statements, expected {}", found.len(), expected.len());
    }
}
