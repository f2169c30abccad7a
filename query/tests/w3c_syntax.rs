//! The syntax tests of the W3C, and every query and update of its evaluation tests: what must be read is read in both modes, to the same algebra but for
//! loose literals; what must not be read is refused under strict.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hypergraphql_query::{ParseOptions, parse_query, parse_update};
use oxttl::TurtleParser;
use serde::Serialize;
use serde_json::Value;

const MF: &str = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#";
const QT: &str = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#";
const UT: &str = "http://www.w3.org/2009/sparql/tests/test-update#";
const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

#[test]
fn every_suite_of_the_w3c() {
    let Some(folder) = shared().map(|shared| shared.join("data/w3c/sparql")).filter(|folder| folder.is_dir()) else {
        eprintln!("SKIPPED every_suite_of_the_w3c: no data/w3c/sparql in HGQL_SHARED or beside the checkout");
        return;
    };
    let mut failures = Vec::new();
    let mut total = 0;
    for suite in ["sparql10", "sparql11", "sparql12"] {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for manifest in manifests(&folder.join(suite)) {
            for test in tests(&manifest) {
                let kind = test.kind();
                *counts.entry(kind).or_default() += usize::from(!kind.is_empty());
                if let Err(why) = check(&test) {
                    failures.push(format!("{} {}\n{why}\n", test.kind, test.file.display()));
                }
            }
        }
        counts.remove("");
        println!("{suite}: {counts:?}");
        total += counts.values().sum::<usize>();
    }
    assert!(total > 1000, "the manifests name {total} tests, they should name more than 1000");
    assert!(failures.is_empty(), "{} of {total} fail:\n{}", failures.len(), failures.join("\n"));
}

fn shared() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("HGQL_SHARED") {
        return Some(folder.into());
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    beside.is_dir().then_some(beside)
}

struct Test {
    kind: String,
    file: PathBuf,
}

impl Test {
    fn kind(&self) -> &'static str {
        match self.kind.as_str() {
            "PositiveSyntaxTest" | "PositiveSyntaxTest11" => "positive query",
            "NegativeSyntaxTest" | "NegativeSyntaxTest11" => "negative query",
            "PositiveUpdateSyntaxTest" | "PositiveUpdateSyntaxTest11" => "positive update",
            "NegativeUpdateSyntaxTest" | "NegativeUpdateSyntaxTest11" => "negative update",
            "QueryEvaluationTest" | "CSVResultFormatTest" => "evaluated query",
            "UpdateEvaluationTest" => "evaluated update",
            _ => "",
        }
    }
}

fn check(test: &Test) -> Result<(), String> {
    let kind = test.kind();
    if kind.is_empty() {
        return Ok(());
    }
    let text = fs::read_to_string(&test.file).map_err(|error| error.to_string())?;
    let base = Some(format!("file://{}", test.file.canonicalize().map_err(|error| error.to_string())?.display()));
    let options = |strict| ParseOptions { strict, base: base.clone(), ..ParseOptions::default() };
    let read = |strict| {
        if kind.ends_with("update") {
            parse_update(&text, &options(strict)).map(|update| algebra(&update))
        } else {
            parse_query(&text, &options(strict)).map(|query| algebra(&query))
        }
    };
    let strict = read(true);
    if kind.starts_with("negative") {
        return if strict.is_err() { Ok(()) } else { Err("is read under strict".into()) };
    }
    let strict = strict.map_err(|error| format!("strict: {error}"))?;
    let relaxed = read(false).map_err(|error| format!("relaxed: {error}"))?;
    if strict == relaxed { Ok(()) } else { Err(format!("strict:  {strict}\nrelaxed: {relaxed}")) }
}

/// As JSON, without the mark of loose literals.
fn algebra(whole: &impl Serialize) -> Value {
    fn plain(value: Value) -> Value {
        match value {
            Value::Array(list) => list.into_iter().map(plain).collect(),
            Value::Object(map) => {
                map.into_iter().map(|(key, value)| (if key == "Loose" { "Term".into() } else { key }, plain(value))).collect()
            }
            value => value,
        }
    }
    plain(serde_json::to_value(whole).expect("algebra is JSON"))
}

/// Every manifest of a folder and its folders, since not every one is included by another.
fn manifests(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the suite is there") {
        let path = entry.expect("the suite can be listed").path();
        if path.is_dir() {
            found.extend(manifests(&path));
        } else if path.file_name().is_some_and(|name| name == "manifest.ttl") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn tests(manifest: &Path) -> Vec<Test> {
    let text = fs::read(manifest).expect("the manifest can be read");
    let base = format!("file://{}", manifest.canonicalize().expect("it has a path").display());
    let parser = TurtleParser::new().with_base_iri(&base).expect("a file has an IRI").for_reader(&text[..]);
    let triples: Vec<_> = parser.map(|triple| triple.expect("the manifest is Turtle")).collect();
    let object = |subject: &str, predicate: &str| {
        let mut found = triples.iter().filter(|t| t.subject.to_string() == subject && t.predicate.as_str() == predicate);
        found.next().map(|t| t.object.to_string())
    };
    let mut tests = Vec::new();
    for triple in triples.iter().filter(|t| t.predicate.as_str() == format!("{RDF}type")) {
        let kind = triple.object.to_string();
        let Some(kind) = kind.strip_prefix(&format!("<{MF}")) else { continue };
        let Some(action) = object(&triple.subject.to_string(), &format!("{MF}action")) else { continue };
        let file = object(&action, &format!("{QT}query")).or_else(|| object(&action, &format!("{UT}request"))).unwrap_or(action);
        if let Some(file) = file.strip_prefix("<file://") {
            tests.push(Test { kind: kind.trim_end_matches('>').into(), file: file.trim_end_matches('>').into() });
        }
    }
    tests
}
