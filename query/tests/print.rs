//! The text of a query's algebra is read back to that algebra, but for the names of hidden variables.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use hypergraphql_query::{ParseOptions, algebra, parse_query};
use proptest::prelude::*;

/// The algebra as JSON in which hidden variables are numbered as they come.
fn renamed(query: &algebra::Query) -> String {
    let json = serde_json::to_string(query).expect("algebra is JSON");
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut text = String::with_capacity(json.len());
    let mut rest = json.as_str();
    while let Some(at) = rest.find("\".") {
        let (before, hidden) = rest.split_at(at);
        let end = hidden[1..].find('"').expect("a string ends") + 2;
        let next = names.len();
        let number = *names.entry(hidden[..end].to_owned()).or_insert(next);
        text.push_str(before);
        text.push_str(&format!("\".{number}\""));
        rest = &hidden[end..];
    }
    text + rest
}

/// What is wrong with the text of this text's algebra; `None` also if the text is no query.
fn difference(text: &str, strict: bool) -> Option<String> {
    let options = ParseOptions { strict, base: Some("http://base.example/".into()), ..ParseOptions::default() };
    let query = parse_query(text, &options).ok()?;
    let printed = query.to_string();
    match parse_query(&printed, &options) {
        Ok(again) if renamed(&again) == renamed(&query) => None,
        Ok(again) => Some(format!("{text}\nprinted: {printed}\nwas: {}\nis:  {}\n", renamed(&query), renamed(&again))),
        Err(error) => Some(format!("{text}\nprinted: {printed}\n{error}\n")),
    }
}

fn check(texts: &[String]) -> usize {
    let mut wrong = Vec::new();
    let mut read = 0;
    for text in texts {
        for strict in [false, true] {
            let options = ParseOptions { strict, base: Some("http://base.example/".into()), ..ParseOptions::default() };
            read += usize::from(parse_query(text, &options).is_ok());
            wrong.extend(difference(text, strict));
        }
    }
    assert!(wrong.is_empty(), "{} of {read} differ:\n{}", wrong.len(), wrong.join("\n"));
    read
}

#[test]
fn queries_of_the_language_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language");
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("the folder can be listed").path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let file = fs::read_to_string(path).expect("the file can be read");
            let cases = file.split("=== ").skip(1).filter_map(|case| case.split_once('\n')?.1.split("\n---\n").next());
            texts.extend(cases.map(str::to_owned));
        }
    }
    let read = check(&texts);
    assert!(read > 80, "{read} queries were read");
}

#[test]
fn queries_of_the_w3c() {
    let shared = std::env::var_os("HGQL_SHARED").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let folder = shared.join("data/w3c/sparql");
    if !folder.is_dir() {
        eprintln!("SKIPPED queries_of_the_w3c: no data/w3c/sparql in HGQL_SHARED or beside the checkout");
        return;
    }
    let mut texts = Vec::new();
    collect(&folder, &mut texts);
    let read = check(&texts);
    println!("{read} queries printed and read back");
    assert!(read > 1500, "{read} queries were read");
}

fn collect(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            collect(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "rq") {
            texts.extend(fs::read_to_string(&path).ok());
        }
    }
}

/// Paths in a row are joined with each other first, so that only one may stand bare beside a core.
#[test]
fn paths_beside_a_core() {
    let paths = "?s !(<p>|^<q>) ?o . { ?s !(<p>|^<q>) ?o . }";
    let texts = [
        format!("SELECT * {{ {{ {paths} ?s ?t ?u TEMPORAL {{ AS OF '2020' }} }} FILTER(?a) }}"),
        format!("SELECT * {{ ?s ?t ?u . {paths} {{ ?s <p>* ?o }} {{ ?s <q>* ?o }} TEMPORAL {{ AS OF '2020' }} }}"),
        "SELECT * { ?s ?t ?u . ?s <p>* ?o . BIND(1 AS ?b) ?s <q>* ?o . TEMPORAL { AS OF '2020' } }".to_owned(),
        "SELECT * { ?s ?t ?u . ?s <p>* ?o . ?s <q>* ?o . TEMPORAL { AS OF '2020' } }".to_owned(),
    ];
    // To the letter '2020' names no instant, so that they are read once each.
    assert_eq!(check(&texts), 4);
}

fn expression() -> impl Strategy<Value = String> {
    let leaf =
        prop::sample::select(vec!["?a", "?b", "1", "-2.5", "'x'", "\"2020\"", "<i>", "BOUND(?c)", "NOW()", "true"]).prop_map(str::to_owned);
    leaf.prop_recursive(4, 20, 3, |inner| {
        let binary = prop::sample::select(vec!["+", "-", "*", "/", "=", "<", ">=", "&&", "||", "AND", "OR", "IN"]);
        prop_oneof![
            (inner.clone(), binary, inner.clone()).prop_map(|(a, sign, b)| format!("({a}) {sign} ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("IF({a}, {b}, COALESCE({b}, {a}))")),
            (prop::sample::select(vec!["!", "-", "+", "NOT ", "STR", "<http://f>"]), inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            inner.prop_map(|a| format!("EXISTS {{ ?s ?p ?o FILTER({a}) }}")),
        ]
    })
}

fn group() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "?s <p> ?o .",
        "?o ?q [ <r> ?x ] .",
        "?s <p>/<q>* ?o .",
        "?s !(<p>|^<q>) ?o .",
        "?x (<p>|^<q>)+ 1 .",
        "HYPEREDGE ?h { <r> ?s ; ?role ?o }",
        "<< ?s <p> ?o ~ ?r >> <q> 2 .",
        "VALUES (?s ?o) { (1 UNDEF) (<a> 'b'@en) }",
        "SIMILAR(?s, <a>, 7)",
        "PREDICT { ?s <p> ?o LIMIT 3 }",
        "PREDICT { HYPEREDGE { hq:relation <p> ; hq:subject ?s ; <r> 1 } }",
    ]);
    let leaf = leaf.prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let body = prop::collection::vec(inner, 0..4).prop_map(|parts| parts.join(" "));
        prop_oneof![
            body.clone().prop_map(|a| format!("{{ {a} }}")),
            (body.clone(), body.clone()).prop_map(|(a, b)| format!("{{ {a} }} UNION {{ {b} }}")),
            body.clone().prop_map(|a| format!("OPTIONAL {{ {a} }}")),
            body.clone().prop_map(|a| format!("MINUS {{ {a} }}")),
            body.clone().prop_map(|a| format!("GRAPH ?g {{ {a} }}")),
            body.clone().prop_map(|a| format!("INFER RDFS {{ {a} }}")),
            body.clone().prop_map(|a| format!("SIMILAR(?s, 'a \"text\"') AMONG {{ {a} }}")),
            body.clone().prop_map(|a| format!("PREDICT {{ ?s <p> ?o }} AMONG {{ {a} }}")),
            body.clone().prop_map(|a| format!("{{ {a} ?s ?t ?u TEMPORAL {{ AS OF '2020' }} }}")),
            (body.clone(), 0..9).prop_map(|(a, n)| format!("{a} BIND(?s AS ?v{n})")),
            (body.clone(), expression()).prop_map(|(a, e)| format!("{a} FILTER({e})")),
            (body.clone(), expression())
                .prop_map(|(a, e)| format!("{{ SELECT ?s (MAX({e}) AS ?m) ?o {{ {a} }} GROUP BY ?s HAVING COUNT(*) > 1 LIMIT 2 }}")),
            body.prop_map(|a| format!("{{ SELECT DISTINCT * {{ {a} }} ORDER BY ?s }}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read_back(parts in prop::collection::vec(group(), 0..4), condition in expression(), strict in any::<bool>()) {
        let text = format!("SELECT * {{ {} FILTER({condition}) }}", parts.join(" "));
        let options = ParseOptions { strict, base: Some("http://base.example/".into()), ..ParseOptions::default() };
        // A name that BIND gives twice, words under strict; if that were most texts, the test would fail.
        prop_assume!(parse_query(&text, &options).is_ok());
        let wrong = difference(&text, strict);
        prop_assert!(wrong.is_none(), "{}", wrong.unwrap_or_default());
    }
}
