//! Tables, statement lines and data sets: what they hold comes back, what they do not is counted.

use std::collections::HashSet;

use hypergraphql_framework::store::{AtomSpace, ExportOptions, Format, LoadOptions};
use oxrdf::vocab::{rdf, xsd};
use oxrdf::{BlankNode, GraphName, Literal, NamedNode, Quad, Term, Triple};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::{every_kind, integer, iri, quad};

const TABLES: [(&str, Format); 5] = [
    ("kb.csv", Format::Csv),
    ("kb.tsv", Format::Tsv),
    ("kb.parquet", Format::Parquet),
    ("kb.csv.gz", Format::Csv),
    ("kb.tsv.gz", Format::Tsv),
];

fn hq(local: &str) -> NamedNode {
    NamedNode::new(format!("https://hypergraphql.org/ns#{local}")).unwrap()
}

fn about(subject: &str, predicate: impl Into<NamedNode>, object: impl Into<Term>) -> Quad {
    Quad { predicate: predicate.into(), ..quad(subject, "", object) }
}

fn hyperedge(name: &str) -> Quad {
    about(name, rdf::TYPE, hq("Hyperedge"))
}

fn typed(text: &str, datatype: &str) -> Literal {
    Literal::new_typed_literal(text, NamedNode::new(format!("http://www.w3.org/2001/XMLSchema#{datatype}")).unwrap())
}

fn quads(space: &AtomSpace) -> HashSet<Quad> {
    space.quads().collect()
}

/// Written to a file and loaded again, and how many statements were left out.
fn through(space: &AtomSpace, name: &str, format: Format, lenient: bool) -> (AtomSpace, u64) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    let left_out = space.export_with(&path, &ExportOptions { format, lenient }).unwrap();
    (AtomSpace::load(&[path], &LoadOptions { format: Some(format), ..LoadOptions::default() }).unwrap(), left_out)
}

fn assert_comes_back(space: &AtomSpace, name: &str, format: Format) {
    let (back, left_out) = through(space, name, format, false);
    assert_eq!(left_out, 0, "{name}");
    let (left, right) = (quads(&back), quads(space));
    assert!(
        left == right,
        "{name}: lost {:?}, new {:?}",
        right.difference(&left).collect::<Vec<_>>(),
        left.difference(&right).collect::<Vec<_>>()
    );
}

/// One hyperedge a term of every kind, under three roles, one of them with two players.
fn players() -> Vec<Quad> {
    let terms: Vec<Term> = every_kind().into_iter().map(|quad| quad.object).collect();
    let mut quads = vec![];
    for (i, term) in terms.into_iter().enumerate() {
        let name = format!("h{i}");
        quads.push(hyperedge(&name));
        quads.push(quad(&name, "role", term.clone()));
        quads.push(quad(&name, ["left", "right"][i % 2], term));
        quads.push(quad(&name, "role", iri("too")));
        quads.push(quad(&name, "year", integer(1990 + i as i64)));
    }
    quads
}

#[test]
fn tables_hold_everything_about_hyperedges() {
    let mut world = players();
    for text in ["", " ", "a,b", "a\tb", "\"quoted\"", "line\nend\r\n", " blanks ", "_:b", "<x>", "\u{feff}", "\0", "é"] {
        world.push(quad("h1", "text", Literal::new_simple_literal(text)));
        world.push(quad("h1", "text", Literal::new_language_tagged_literal(text, "en").unwrap()));
    }
    for literal in [typed("0.9", "decimal"), typed("1", "decimal")] {
        world.push(about("h2", hq("confidence"), literal));
    }
    world.push(about("h3", hq("strength"), typed("0.5", "double")));
    world.push(about("h3", hq("validFrom"), typed("2020", "gYear")));
    world.push(about("h4", hq("relation"), iri("writes")));
    world.push(about("h4", rdf::TYPE, iri("Article")));
    for (name, literal) in
        [("n", typed("007", "integer")), ("n", typed("7", "integer")), ("t", typed("1", "boolean")), ("t", typed("true", "boolean"))]
    {
        world.push(quad("h5", name, literal));
    }
    for literal in [typed("5.0E-1", "double"), typed("0.5", "double"), typed("INF", "double")] {
        world.push(quad("h6", "weight", literal));
    }
    let blank = BlankNode::new("edge").unwrap();
    world.push(Quad::new(blank.clone(), rdf::TYPE, hq("Hyperedge"), GraphName::DefaultGraph));
    world.push(Quad::new(blank.clone(), iri("role"), blank, GraphName::DefaultGraph));
    world.push(hyperedge("alone"));
    let tag = NamedNode::new("tag:x,2020:y").unwrap();
    world.push(Quad::new(tag.clone(), rdf::TYPE, hq("Hyperedge"), GraphName::DefaultGraph));
    world.push(Quad::new(tag.clone(), tag.clone(), Literal::new_typed_literal("z", tag), GraphName::DefaultGraph));
    let space = AtomSpace::from_quads(world).unwrap();
    for (name, format) in TABLES {
        assert_comes_back(&space, name, format);
    }
}

#[test]
fn numbers_are_numbers_in_parquet() {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let space = AtomSpace::from_quads([
        hyperedge("h"),
        quad("h", "year", integer(1999)),
        quad("h", "weight", typed("0.5", "double")),
        quad("h", "odd", typed("07", "integer")),
        quad("h", "author", iri("ann")),
        quad("h", "author", iri("bob")),
    ])
    .unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("kb.parquet");
    space.export(&path, Format::Parquet).unwrap();
    let schema = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(&path).unwrap()).unwrap().schema().clone();
    let types: Vec<_> =
        schema.fields().iter().map(|field| format!("{} {}", field.name().replace("http://example.com/", ""), field.data_type())).collect();
    let list = types.iter().find(|column| column.starts_with("author ")).unwrap();
    assert!(list.starts_with("author List("), "{list}");
    for column in ["hyperedge Utf8", "year^^xsd:integer Int64", "weight^^xsd:double Float64", "odd^^xsd:integer Utf8"] {
        assert!(types.iter().any(|known| known == column), "{column} in {types:?}");
    }
    assert_comes_back(&space, "kb.parquet", Format::Parquet);
}

#[test]
fn what_a_table_does_not_hold_is_counted() {
    let mut world = vec![hyperedge("h"), quad("h", "role", iri("a")), quad("a", "knows", iri("b"))];
    let held = world[..2].to_vec();
    world.push(Quad { graph_name: iri("g").into(), ..quad("h", "role", iri("b")) });
    let space = AtomSpace::from_quads(world).unwrap();
    let folder = TempDir::new().unwrap();
    for (name, format) in TABLES {
        let path = folder.path().join(name);
        let error = space.export(&path, format).unwrap_err().to_string();
        let expected = format!(
            "{format} cannot hold 2 of the 4 statements, which are not about a node of type hq:Hyperedge in the default graph; write nquads or trig, or leave \
             them out (lenient)"
        );
        assert!(error.ends_with(&expected), "{error}");
        assert!(!path.exists());
        assert_eq!(space.left_out(format).unwrap(), 2);
        let (back, left_out) = through(&space, name, format, true);
        assert_eq!((quads(&back), left_out), (held.iter().cloned().collect(), 2));
    }
    let (back, left_out) = through(&space, "kb.nt", Format::NTriples, true);
    assert_eq!((back.len(), left_out), (4, 1));
    // An annotation that is no number has no column.
    let odd = AtomSpace::from_quads([hyperedge("h"), about("h", hq("label"), iri("x"))]).unwrap();
    assert_eq!(odd.left_out(Format::Csv).unwrap(), 0);
    let error = space.write(&mut Vec::new(), Format::Parquet).unwrap_err().to_string();
    assert_eq!(error, "parquet is written to a file, not to a stream");
    let error = space.export(folder.path().join("kb.parquet.gz"), Format::Parquet).unwrap_err().to_string();
    assert!(error.contains("leave out .gz"), "{error}");
}

#[test]
fn a_table_of_text_has_a_bound_of_columns_and_parquet_none() {
    let mut world = vec![hyperedge("h")];
    world.extend((0..10_001).map(|i| quad("h", "role", iri(&format!("n{i}")))));
    let space = AtomSpace::from_quads(world).unwrap();
    let folder = TempDir::new().unwrap();
    let error = space.export(folder.path().join("kb.csv"), Format::Csv).unwrap_err().to_string();
    assert!(error.contains("10001 columns, 10001 of one role") && error.contains("write parquet"), "{error}");
    assert_comes_back(&space, "kb.parquet", Format::Parquet);
}

#[test]
fn statement_lines_come_back_with_their_hyperedges() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("lines.txt");
    let mut text: String =
        (0..12).map(|i| format!("s{i},knows,o{},since,\"\"\"19{i:02}\"\"^^<{}>\",with,_:b\n", i % 3, xsd::G_YEAR.as_str())).collect();
    text.push_str("s1,says,\"\"\"a, b\"\"\"\ns1,says,\"\"\"a, b\"\"\"\n");
    std::fs::write(&path, text).unwrap();
    let options = LoadOptions { format: Some(Format::Statements), ..LoadOptions::default() };
    let space = AtomSpace::load(&[&path], &options).unwrap();
    assert_comes_back(&space, "again.txt", Format::Statements);
    // A name, a player that is a hyperedge, a statement that is not there, and one of its own.
    let named = |name: &str, object: &str| {
        vec![
            hyperedge(name),
            about(name, hq("relation"), iri("p")),
            about(name, hq("subject"), iri("s")),
            about(name, hq("object"), iri(object)),
            quad("s", "p", iri(object)),
        ]
    };
    let blank = |quads: Vec<Quad>, label: &str| {
        quads
            .into_iter()
            .map(move |quad| match &quad.subject {
                oxrdf::NamedOrBlankNode::NamedNode(node) if *node == iri("h") => {
                    Quad { subject: BlankNode::new(label).unwrap().into(), ..quad }
                }
                _ => quad,
            })
            .collect::<Vec<_>>()
    };
    for (quads, left_out) in [
        (blank(named("h", "o"), "x"), 0),
        (named("h", "o"), 5),
        (blank(named("h", "o"), "x").into_iter().chain([quad("s", "q", BlankNode::new("x").unwrap())]).collect(), 6),
        (blank(named("h", "o")[..4].to_vec(), "x"), 4),
        (blank(named("h", "o"), "x").into_iter().chain([quad("s", "q", iri("o"))]).collect(), 1),
        (blank(named("h", "o").into_iter().chain([about("h", hq("subject"), iri("t"))]).collect(), "x"), 6),
    ] {
        let space = AtomSpace::from_quads(quads.clone()).unwrap();
        assert_eq!(space.left_out(Format::Statements).unwrap(), left_out, "{quads:?}");
    }
}

#[test]
fn data_sets_hold_hyperedges_and_statements() {
    let world = vec![hyperedge("h"), quad("h", "role", iri("a")), about("h", hq("relation"), iri("r")), quad("a", "knows", iri("b"))];
    let space = AtomSpace::from_quads(world.clone()).unwrap();
    for (name, format) in [("kb.hif.json", Format::Hif), ("kb.npz", Format::Npz)] {
        assert_comes_back(&space, name, format);
        let annotated =
            AtomSpace::from_quads(world.iter().cloned().chain([about("h", hq("confidence"), typed("0.5", "decimal"))])).unwrap();
        let error = annotated.export(TempDir::new().unwrap().path().join(name), format).unwrap_err().to_string();
        assert!(error.contains("cannot hold 1 of the 5 statements"), "{error}");
        let (back, left_out) = through(&annotated, name, format, true);
        assert_eq!((quads(&back), left_out), (quads(&space), 1));
    }
}

fn term() -> impl Strategy<Value = Term> {
    prop_oneof![
        (0..4u8).prop_map(|n| Term::from(iri(&format!("n{n}")))),
        (0..3u8).prop_map(|n| BlankNode::new(format!("b{n}")).unwrap().into()),
        "[a \t,\"\n\\\\é_<:]{0,4}".prop_map(|text| Literal::new_simple_literal(text).into()),
        "[a \",]{0,3}".prop_map(|text| Literal::new_language_tagged_literal(text, "en").unwrap().into()),
        ("[0-9]{0,3}", prop_oneof![Just("integer"), Just("decimal"), Just("double"), Just("boolean"), Just("gYear")])
            .prop_map(|(text, of)| typed(&text, of).into()),
        (0..3u8).prop_map(|n| Triple::new(iri(&format!("n{n}")), iri("p"), Literal::new_simple_literal(",\"")).into()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_hyperedges_come_back_from_tables(rows in prop::collection::vec((0..5u8, prop::collection::vec((0..3u8, term()), 0..6)), 0..6)) {
        let world = rows.into_iter().flat_map(|(h, players)| {
            let h = format!("h{h}");
            let players: Vec<_> = players.into_iter().map(|(role, player)| quad(&h, &format!("r{role}"), player)).collect();
            players.into_iter().chain([hyperedge(&h)])
        });
        let space = AtomSpace::from_quads(world).unwrap();
        for (name, format) in TABLES {
            assert_comes_back(&space, name, format);
        }
    }
}
