//! Valid time of statements.

use std::fs;

use hypergraphql_framework::store::{AtomSpace, LoadOptions, Store};
use tempfile::TempDir;

const PREFIXES: &str =
    "PREFIX : <http://example.com/> PREFIX hq: <https://hypergraphql.org/ns#> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>\n";

fn load(text: &str) -> Result<AtomSpace, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.trig");
    fs::write(&path, format!("{PREFIXES}{text}")).unwrap();
    AtomSpace::load(&[path], &LoadOptions::default()).map_err(|error| error.to_string())
}

/// Statements that have a valid time, with it.
fn periods(space: &AtomSpace) -> Vec<String> {
    let rows = space.rows(hypergraphql_framework::store::Order::Spo, &[]);
    let day = |instant: Option<hypergraphql_framework::store::Instant>| {
        instant.map_or_else(|| "…".to_owned(), |i| i.to_string()[..10].to_owned())
    };
    let mut lines: Vec<String> = (0..rows.len())
        .filter_map(|at| {
            let known = space.periods().unwrap();
            let set = known.statement(rows.row(at))?;
            assert!(known.concern(rows.row(at)[1]) && !known.is_empty());
            let periods: Vec<String> = set.periods().iter().map(|period| format!("[{}, {})", day(period.from), day(period.to))).collect();
            let quad = space.quad(rows.row(at)).unwrap().to_string().replace("http://example.com/", "").replace(['<', '>'], "");
            Some(format!("{quad}: {}", periods.join(" ")))
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn the_union_of_reifiers() {
    let space = load(
        r#":a :p :b {| hq:validFrom "2021-05-01"^^xsd:date ; hq:validTo "2023-01-01"^^xsd:date ; hq:strength 0.9 |} .
           :a :p :b {| hq:validFrom "2022"^^xsd:gYear ; hq:validTo "2024"^^xsd:gYear |} .
           :a :p :b {| hq:validFrom "2030-01-01T00:00:00+00:00"^^xsd:dateTime |} .
           :a :p :c {| hq:confidence 0.5 |} .
           :a :p :d {| hq:validTo "2000-01-01Z"^^xsd:date |} .
           :g { :a :p :b {| hq:validFrom "1999"^^xsd:gYear |} . :a :p :d . }"#,
    )
    .unwrap();
    assert_eq!(periods(&space), ["a p b g: [1999-01-01, …)", "a p b: [2021-05-01, 2024-01-01) [2030-01-01, …)", "a p d: […, 2000-01-01)"]);
}

#[test]
fn incidences_within_their_hyperedge() {
    let space = load(
        r#":he a hq:Hyperedge ; hq:relation :r ; hq:validFrom "2000"^^xsd:gYear ; hq:validTo "2010"^^xsd:gYear ; :role :x ; :other :y .
           :he :role :x {| hq:validFrom "2005"^^xsd:gYear |} .
           :he :other :y {| hq:validFrom "2015"^^xsd:gYear |} .
           :node hq:validFrom "2000"^^xsd:gYear ; :role :x ."#,
    )
    .unwrap();
    assert_eq!(periods(&space), ["he other y: ", "he role x: [2005-01-01, 2010-01-01)"]);
    let id = |name: &str| space.id(&oxrdf::NamedNode::new(format!("http://example.com/{name}")).unwrap()).unwrap();
    assert!(space.periods().unwrap().node(id("node"), 0).is_some_and(|period| period.to.is_none()));
    assert!(space.periods().unwrap().node(id("x"), 0).is_none());
}

#[test]
fn wrong_annotations_are_refused() {
    for (text, expected) in [
        (
            r#":n hq:validFrom "2020"^^xsd:gYear ; hq:validTo "2020-01-01"^^xsd:date ."#,
            "hq:validFrom of <http://example.com/n>: expected an instant before 2020-01-01T00:00:00Z, its hq:validTo, found 2020-01-01T00:00:00Z",
        ),
        (r#":n hq:validFrom "soon" ."#, "hq:validFrom of <http://example.com/n>: expected a gYear, date or dateTime, found \"soon\""),
        (r#":n hq:validTo :m ."#, "hq:validTo of <http://example.com/n>: expected a gYear, date or dateTime, found <http://example.com/m>"),
        (
            r#":n hq:validTo "2020"^^xsd:gYear , "2021"^^xsd:gYear ."#,
            "hq:validTo of <http://example.com/n>: expected one value in a graph, found two",
        ),
        (r#":n hq:strength 1.5 ."#, "hq:strength of <http://example.com/n>: expected a number from 0 to 1, found \"1.5\""),
        (r#":n hq:confidence "high" ."#, "hq:confidence of <http://example.com/n>: expected a number from 0 to 1, found \"high\""),
        (r#":n hq:confidence "NaN"^^xsd:double ."#, "hq:confidence of"),
    ] {
        let error = load(text).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
    load(r#":n hq:confidence 0 , 1 , 0.5e0 . :g { :n hq:validTo "2020"^^xsd:gYear } :h { :n hq:validTo "2021"^^xsd:gYear }"#).unwrap();
}

#[test]
fn commits_are_checked_and_seen() {
    let folder = TempDir::new().unwrap();
    let mut store = Store::create(folder.path(), &load(":a :p :b .").unwrap()).unwrap();
    let statements = |text: &str| load(text).unwrap().quads().collect::<Vec<_>>();
    let from = statements(r#":a :p :b ~ :r . :r hq:validFrom "2020"^^xsd:gYear ."#);
    let space = store.commit(&from, &[]).unwrap();
    assert_eq!(periods(&space), ["a p b: [2020-01-01, …)"]);
    let earlier = statements(r#":r hq:validTo "2019"^^xsd:gYear ."#);
    let error = store.commit(&earlier, &[]).unwrap_err().to_string();
    assert!(error.contains("expected an instant before 2019"), "{error}");
    let instead = statements(r#":r hq:validFrom "2018"^^xsd:gYear ; hq:validTo "2019"^^xsd:gYear ."#);
    let space = store.commit(&instead, &from[..]).unwrap();
    assert!(periods(&space).is_empty(), "the reifier is gone");
    let space = store.commit(&statements(":a :p :b ~ :r ."), &[]).unwrap();
    assert_eq!(periods(&space), ["a p b: [2018-01-01, 2019-01-01)"]);
    drop(store);
    assert_eq!(periods(&AtomSpace::open(folder.path()).unwrap()), periods(&space));
}
