//! `SIMILAR` and `PREDICT` through the binary: a network trained on statements answers queries over the knowledge base that these were loaded into.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::links::{TRAIN, folder};
use crate::program::{Run, lines, run};
use crate::text::{bert, embed};
use crate::training::Folder;

/// A knowledge base `kb.hgql` and a network `model` of the same statements.
fn trained() -> Folder {
    let at = folder();
    at.ok(&format!("{TRAIN} --epochs 6 --out model"));
    at.ok("load links/train.txt --format statements -o kb.hgql -q");
    at
}

fn query(at: &Folder, text: &str, flags: &str) -> Run {
    let mut command = at.command("query kb.hgql");
    run(command.arg(text).args(flags.split_whitespace()))
}

/// Rows of names and of what else is selected.
fn rows(at: &Folder, text: &str, flags: &str) -> Vec<Vec<String>> {
    let answer: Value = serde_json::from_str(&query(at, text, &format!("--format json {flags}")).ok()).unwrap();
    let names: Vec<&str> = answer["head"]["vars"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let value = |row: &Value, name: &str| row[name]["value"].as_str().unwrap_or("-").trim_start_matches("http://example.org/").to_owned();
    let found = answer["results"]["bindings"].as_array().unwrap();
    found.iter().map(|row| names.iter().map(|name| value(row, name)).collect()).collect()
}

/// What `hgql predict link` finds, without those that are known and these.
fn predicted(at: &Folder, flags: &str, known: &[&str]) -> Vec<(String, f64)> {
    let all = at.lines(&format!("predict link --model model --relation north {flags} --top 99 --new --json"));
    let found = all.iter().map(|row| (row["entity"].as_str().unwrap().to_owned(), row["probability"].as_f64().unwrap()));
    found.filter(|(name, _)| !known.contains(&name.as_str())).collect()
}

fn check(rows: &[Vec<String>], expected: &[(String, f64)]) {
    assert_eq!(rows.iter().map(|row| &row[0]).collect::<Vec<_>>(), expected.iter().map(|(name, _)| name).collect::<Vec<_>>());
    for (row, (name, probability)) in rows.iter().zip(expected) {
        let got: f64 = row[1].parse().unwrap();
        assert!((got - probability).abs() < 1e-6, "{name}: {got} instead of {probability}");
    }
}

#[test]
fn queries_ask_a_trained_network() {
    let at = trained();
    let model = "--model model";
    // As a statement the store has both of what lies north of c3; one of them has a qualifier, which is nothing to the network.
    let found = rows(&at, "SELECT ?x ?p { PREDICT { :c3 :north ?x LIMIT 4 } AS ?p } ORDER BY DESC(?p)", model);
    check(&found, &predicted(&at, "--subject c3", &["c4", "c5"])[..4]);
    let edge = "HYPEREDGE ?he { hq:relation :north ; hq:subject :c3 ; hq:object ?x ; :year :y1 }";
    let found = rows(&at, &format!("SELECT ?x ?p ?he {{ PREDICT {{ {edge} LIMIT 99 }} AS ?p }} ORDER BY DESC(?p)"), model);
    check(&found, &predicted(&at, "--subject c3 --qualifier year=y1", &[]));
    assert!(found.len() == 11 && found.iter().all(|row| row[2].starts_with("predicted")), "{found:?}");
    let found = rows(&at, "SELECT ?x ?p { PREDICT { ?x :north :c5 LIMIT 3 } AS ?p } ORDER BY DESC(?p)", model);
    check(&found, &predicted(&at, "--object c5", &["c3", "c4"])[..3]);
    let some = "AMONG { VALUES ?x { :c0 :c1 :c4 :c9 } }";
    let found = rows(&at, &format!("SELECT ?x ?p {{ PREDICT {{ :c3 :north ?x LIMIT 2 }} AS ?p {some} }} ORDER BY DESC(?p)"), model);
    let expected: Vec<(String, f64)> =
        predicted(&at, "--subject c3", &["c4"]).into_iter().filter(|(name, _)| ["c0", "c1", "c9"].contains(&name.as_str())).collect();
    check(&found, &expected[..2]);

    let near = rows(&at, "SELECT ?x ?s { SIMILAR(?x, :c3, 99) AS ?s } ORDER BY DESC(?s)", model);
    let score = |row: &[String]| row[1].parse::<f64>().unwrap();
    assert!(near.len() == 11 && near.iter().all(|row| row[0] != "c3" && (-1.0..=1.0).contains(&score(row))), "{near:?}");
    assert!(near.windows(2).all(|pair| score(&pair[0]) >= score(&pair[1])));
    let back = rows(&at, &format!("SELECT ?x ?s {{ SIMILAR(?x, :{}, 99) AS ?s FILTER(?x = :c3) }}", near[0][0]), model);
    assert!((score(&back[0]) - score(&near[0])).abs() < 1e-6, "the angle is the same from both sides");
    let each = rows(&at, "SELECT ?y ?x { ?y :north :c5 SIMILAR(?x, ?y, 1) } ORDER BY ?y", model);
    assert_eq!(each.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["c3", "c4"]);
    assert_eq!(each[0][1], near[0][0]);
    for text in [
        "SELECT ?x ?p { PREDICT { ?x :north ?y LIMIT 5 } AS ?p } ORDER BY DESC(?p)",
        "SELECT ?x ?s { SIMILAR(?x, :c3, 5) AS ?s } ORDER BY ?x",
    ] {
        assert_eq!(rows(&at, text, model), rows(&at, text, "--model model --unoptimized"), "{text}");
    }
    let plan = query(&at, &format!("SELECT ?x {{ PREDICT {{ {edge} }} AS ?p }}"), "--explain").ok();
    assert!(plan.contains("Predict 10 of { <http://example.org/c3> <http://example.org/north> ?x ; <http://example.org/year>"), "{plan}");
    let Run { code, err, .. } = query(&at, "SELECT ?x { PREDICT { :c3 :north ?x LIMIT 2 } }", "--model model --profile json");
    assert!(code == Some(0) && err.contains("Predict #") && err.contains("\"device\":\"cpu\""), "{err}");
}

#[test]
fn updates_and_shells_ask_it_too() {
    let at = trained();
    let pattern = "PREDICT { :c3 :north ?x LIMIT 2 }";
    let wanted = rows(&at, &format!("SELECT ?x {{ {pattern} }} ORDER BY ?x"), "--model model");
    let update = format!("INSERT {{ :c3 :mayBeNorth ?x }} WHERE {{ {pattern} }}");
    run(at.command("update kb.hgql --model model").arg(&update)).ok();
    assert_eq!(rows(&at, "SELECT ?x { :c3 :mayBeNorth ?x } ORDER BY ?x", ""), wanted);
    let mut shell = at.command("shell kb.hgql --model model -q");
    let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("SELECT ?x {{ {pattern} }} ORDER BY ?x;\n").as_bytes()).unwrap();
    let out = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(wanted.iter().all(|row| out.contains(&format!(":{}", row[0]))), "{out}");
}

#[test]
fn knowledge_bases_of_another_namespace_say_so() {
    let at = trained();
    at.ok("load links/train.txt --format statements --namespace http://cities.org/ -o other.hgql -q");
    let ask = |flags: &str| {
        let text = "PREFIX c: <http://cities.org/> SELECT ?x { PREDICT { c:c3 c:north ?x LIMIT 3 } }";
        run(at.command("query other.hgql --format csv").arg(text).args(flags.split_whitespace()))
    };
    ask("--model model").fails(2, &["no relation <http://cities.org/north>", "namespace <http://example.org/>"]);
    assert_eq!(ask("--model model --model-namespace http://cities.org/").ok().lines().count(), 4);
}

#[test]
fn texts_find_nodes_by_their_labels() {
    let folder = bert();
    let at = |path: &str| folder.path().join(path);
    let kb = "@prefix : <http://example.org/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        :cat rdfs:label 'the cat' . :dog rdfs:label 'a dog' . :mat rdfs:label 'the mat sat' , 'on and on they sat' ; :name 'ünïcode' .";
    fs::write(at("kb.ttl"), kb).unwrap();
    let ask = |text: &str, flags: &str| {
        let mut command = crate::program::command();
        run(command.current_dir(folder.path()).args(["query", "kb.ttl", text, "--format", "csv"]).args(flags.split_whitespace()))
    };
    let texts = ["a cat", "the cat", "a dog", "the mat sat", "on and on they sat"];
    let found = lines(&embed(&folder, &[&texts[..], &["--json"]].concat()).ok());
    let vectors: Vec<Vec<f64>> =
        found.iter().map(|line| line["embedding"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()).collect();
    let cosine = |label: usize| vectors[0].iter().zip(&vectors[label]).map(|(a, b)| a * b).sum::<f64>();
    let mut expected = vec![("cat", cosine(1)), ("dog", cosine(2)), ("mat", cosine(3).max(cosine(4)))];
    expected.sort_by(|a, b| b.1.total_cmp(&a.1));
    let out = ask("SELECT ?x ?s { SIMILAR(?x, \"a cat\", 3) AS ?s } ORDER BY DESC(?s)", "--encoder bert").ok();
    let rows: Vec<(&str, f64)> =
        out.lines().skip(1).map(|line| line.split_once(',').unwrap()).map(|(x, s)| (x, s.parse().unwrap())).collect();
    assert_eq!(
        rows.iter().map(|row| row.0.trim_start_matches("http://example.org/")).collect::<Vec<_>>(),
        expected.iter().map(|row| row.0).collect::<Vec<_>>()
    );
    assert!(rows.iter().zip(&expected).all(|(row, expected)| (row.1 - expected.1).abs() < 1e-5), "{rows:?} {expected:?}");
    let named = ask("SELECT ?x { SIMILAR(?x, \"a cat\", 3) }", "--encoder bert --label http://example.org/name").ok();
    assert_eq!(named.lines().skip(1).collect::<Vec<_>>(), ["http://example.org/mat"]);
    ask("SELECT ?x { SIMILAR(?x, \"a cat\", 3) }", "--encoder bert --label http://example.org/nothing")
        .fails(2, &["no node has a label", "--label"]);
    ask("SELECT ?x { SIMILAR(?x, \"a cat\", 3) }", "--encoder nowhere").fails(2, &["nowhere"]);
    ask("SELECT ?x { PREDICT { :cat :eats ?x } }", "--encoder bert").fails(2, &["--model DIR"]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let at = trained();
    fs::create_dir(at.at("empty")).unwrap();
    fs::create_dir(at.at("cut")).unwrap();
    let whole = fs::read(at.at("model/link.safetensors")).unwrap();
    fs::write(at.at("cut/link.safetensors"), &whole[..whole.len() / 2]).unwrap();
    let predict = "SELECT ?x { PREDICT { :c3 :north ?x } }";
    for (text, flags, words) in [
        (predict, "", ["Predict #", "--model DIR"]),
        ("SELECT ?x { SIMILAR(?x, :c3, 3) }", "", ["Similar #", "--model DIR"]),
        ("SELECT ?x { SIMILAR(?x, \"a city\", 3) }", "--model model", ["Similar #", "--encoder DIR"]),
        (predict, "--model nowhere", ["nowhere/link.safetensors", "cannot read"]),
        (predict, "--model empty", ["empty/link.safetensors", "cannot read"]),
        (predict, "--model cut", ["cut/link.safetensors", "expected"]),
        ("SELECT ?x { PREDICT { :c3 :south ?x } }", "--model model", ["no relation <http://example.org/south>", "north"]),
        ("SELECT ?x { PREDICT { :c33 :north ?x } }", "--model model", ["no entity <http://example.org/c33>", "c0"]),
        ("SELECT ?x { SIMILAR(?x, :c33, 3) }", "--model model", ["no entity <http://example.org/c33>", "c0"]),
        ("SELECT ?x { SIMILAR(?x, :c3, 0) }", "--model model", ["line 1, column 30", "from 1 to 100000"]),
        ("SELECT ?x { PREDICT { :c3 :north ?x LIMIT 100001 } }", "--model model", ["line 1, column 43", "from 1 to 100000"]),
        ("SELECT ?x { PREDICT { :c3 ?r ?x } }", "--model model", ["line 1, column 13", "name the relation"]),
        ("SELECT ?x { PREDICT { HYPEREDGE { :author ?x ; :paper ?y } } }", "--model model", ["line 1, column 13", "hq:subject"]),
        ("SELECT ?x { SIMILAR(?x, ?y, 3) }", "--model model", ["line 1, column 13", "bind the variable"]),
    ] {
        query(&at, text, flags).fails(2, &words);
    }
    // A flag of a network that is not given.
    let Run { code, err, .. } = query(&at, predict, "--label http://example.org/name");
    assert!(code == Some(2) && err.contains("--encoder"), "{err}");
    query(&at, predict, "--model model --timeout 0s").fails(1, &["after 0ns"]);
    query(&at, "SELECT ?x { PREDICT { ?x :north ?y LIMIT 50 } }", "--model model --limit 5").fails(1, &["at most 5"]);
}
