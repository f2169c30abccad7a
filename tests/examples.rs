//! The shipped knowledge base and the pages about the examples say what is there.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use hypergraphql::framework::store::{AtomSpace, LoadOptions};
use hypergraphql::models::episodes::{QuestionKind, Schema, StoreFacts};
use hypergraphql::runtime::engine::{Answer, Engine, QueryOptions};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder of the repository with an extension, by name.
fn files(folder: &str, extension: &str) -> BTreeMap<String, PathBuf> {
    let all = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let kept = all.filter(|path| path.extension().is_some_and(|e| e == extension));
    kept.map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), path)).collect()
}

fn world() -> AtomSpace {
    let files: Vec<PathBuf> = files("examples/data/world", "csv").into_values().collect();
    AtomSpace::load(&files, &LoadOptions::default()).unwrap()
}

#[test]
fn a_line_of_the_world_is_a_fact_of_its_file() {
    let mut nodes = BTreeSet::new();
    for (relation, path) in files("examples/data/world", "csv") {
        let text = fs::read_to_string(&path).unwrap();
        let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
        assert_eq!(&header[..2], ["hyperedge", "hq:relation"], "{relation}");
        assert!((5..=7).contains(&header.len()), "{relation}: {header:?}");
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(cells.len(), header.len(), "{line}");
            assert_eq!((cells[0], cells[1]), (format!("{relation}_{}", cells[2]).as_str(), relation.as_str()), "{line}");
            assert!(nodes.insert(cells[0].to_owned()), "{line}: its node is another's, too");
            let plain = |name: &str| {
                name.chars().all(|c| c.is_ascii_alphanumeric() || "_'-".contains(c)) && !name.starts_with('_') && !name.ends_with('_')
            };
            assert!(cells.iter().all(|cell| plain(cell)), "{line}: names are letters, digits, -, ' and _ between words");
            // Only a second climber may be missing.
            let empty = cells.iter().zip(&header).filter(|(cell, _)| cell.is_empty()).map(|(_, role)| *role).collect::<Vec<_>>();
            assert!(empty.is_empty() || empty == ["climber"], "{line}");
        }
    }
}

#[test]
fn the_page_about_the_world_counts_it() {
    let page = fs::read_to_string(root().join("examples/data/world/README.md")).unwrap();
    let facts = StoreFacts::read(&world(), usize::MAX).unwrap().base;
    let counts = format!("{} facts with {} members, of eleven relations", facts.facts.len(), group(facts.slot_count()));
    assert!(page.contains(&counts), "the page does not say: {counts}");
    assert!(page.contains(&format!("about {} things", facts.entities.len())), "{} things", facts.entities.len());
    let tables = files("examples/data/world", "csv");
    assert_eq!((tables.len(), facts.relations.len()), (11, 11));
    for (relation, path) in tables {
        let lines = fs::read_to_string(path).unwrap().lines().count() - 1;
        let row =
            page.lines().find(|line| line.starts_with(&format!("| `{relation}` |"))).unwrap_or_else(|| panic!("no row for {relation}"));
        assert!(row.ends_with(&format!("| {lines} |")), "{row}: {lines} facts");
    }
}

fn group(number: usize) -> String {
    format!("{},{:03}", number / 1000, number % 1000)
}

#[test]
fn every_kind_of_question_can_be_asked_of_the_world() {
    let schema = Schema::of_store(&world()).unwrap();
    assert_eq!(schema.relations.len(), 11);
    assert!(QuestionKind::ALL.into_iter().all(|kind| schema.allows(kind)));
    // Countries are countries in all relations that name them.
    let kind = |relation: &str, role: &str| {
        let role = schema.roles.iter().position(|known| known == role).unwrap() as u32;
        let relation = schema.relations.iter().find(|known| known.label == relation).unwrap();
        relation.roles.iter().find(|known| known.role == role).unwrap().entity_type
    };
    for relation in ["currency", "olympics", "novel"] {
        assert_eq!(kind(relation, "country"), kind("capital", "country"), "{relation}");
    }
    assert_eq!(kind("painting", "city"), kind("capital", "city"));
    assert_ne!(kind("capital", "city"), kind("capital", "country"));
}

#[test]
fn hyperql_answers_by_two_members_and_by_two_facts() {
    let engine = Engine::new(world());
    let one = |query: &str| {
        let Answer::Solutions(found) = engine.query(query, &QueryOptions::default()).unwrap() else { panic!("SELECT gives rows") };
        assert_eq!(found.len(), 1, "{query}");
        found.term(0, 0).unwrap().to_string()
    };
    let opera = one("SELECT ?x { ?f hq:relation :premiere ; :composer :Puccini ; :city :Rome ; :opera ?x }");
    assert_eq!(opera, "<http://example.org/Tosca>");
    let year = one("SELECT ?x { ?a hq:relation :capital ; :country :Finland ; :city ?c . ?b hq:relation :olympics ; :city ?c ; :year ?x }");
    assert_eq!(year, "<http://example.org/1952>");
}

#[test]
fn every_example_says_how_it_is_run_and_has_a_row() {
    let page = fs::read_to_string(root().join("examples/README.md")).unwrap();
    let mut all = files("examples", "rs");
    all.extend(files("kernels/examples", "rs"));
    assert!(all.len() >= 9);
    for (name, path) in all {
        assert!(page.contains(&format!("`{name}`")), "examples/README.md does not know {name}");
        let text = fs::read_to_string(path).unwrap();
        let header: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!(header.iter().any(|line| line.contains(&format!("--example {name}"))), "{name} does not say how it is run");
    }
}

#[test]
fn a_layer_takes_60_lines_and_a_kernel_80() {
    for (file, most) in [("examples/new_layer.rs", 60), ("kernels/examples/new_kernel.rs", 80)] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let lines = text.lines().skip_while(|line| line.starts_with("//!") || line.is_empty()).count();
        assert!(lines <= most, "{file} has {lines} lines after its header");
    }
}
