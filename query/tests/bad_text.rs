//! Texts that were made to break a parser: they give an error or an answer, soon, and never a panic. Test threads have a stack of 2 MiB, which bounds how
//! deep anything may recurse.

use std::time::{Duration, Instant};

use hypergraphql_query::{ParseOptions, SyntaxError, algebra, parse_query, parse_update};
use proptest::prelude::*;

const RELAXED: ParseOptions = ParseOptions { strict: false, base: None, store_base: String::new() };

fn options() -> ParseOptions {
    ParseOptions { base: Some("http://base.example/".into()), store_base: "http://example.org/".into(), ..RELAXED }
}

fn query(text: &str) -> Result<algebra::Query, Box<SyntaxError>> {
    parse_query(text, &options()).map_err(Box::new)
}

fn refused(text: &str) -> String {
    let begun = Instant::now();
    let error = query(text).expect_err("the text is refused").to_string();
    assert!(begun.elapsed() < Duration::from_secs(60), "took {:?}: {error}", begun.elapsed());
    error
}

/// Shapes that nest: the text before, opened, inside, closed, after.
const NESTED: [[&str; 5]; 14] = [
    ["SELECT * { FILTER", "(", "?x", ")", " }"],
    ["SELECT * { FILTER(1 ", "+ (2 ", "* 3", ")", ") }"],
    ["SELECT * { FILTER(", "!(", "?x", ")", ") }"],
    ["SELECT * { FILTER(", "NOT (", "?x = 1", ")", ") }"],
    ["SELECT * { FILTER(", "STR(", "?x", ")", ") }"],
    ["SELECT * { FILTER(?x IN ", "(1 IN (", "1", "))", " ) }"],
    ["SELECT * ", "{ ", "?s ?p ?o", "}", ""],
    ["SELECT * { ", "{ SELECT * { ", "?s ?p ?o", "} }", "}"],
    ["SELECT * { ?s ?p ?o ", "FILTER(EXISTS { ?s ?p ?o ", "", "})", " }"],
    ["SELECT * { ?s ?p ?o ", "OPTIONAL { ?s ?p ?o ", "", "}", " }"],
    ["SELECT * { ?s ?p ", "(", "1", ")", " }"],
    ["SELECT * { ?s ?p ", "[ ?p ", "1", "]", " }"],
    ["SELECT * { ?s ", "(", "<p>", ")*", " ?o }"],
    ["SELECT * { ?s ?p ?o ", "{| ?p ?o ", "", "|}", " }"],
];

fn nested(shape: &[&str; 5], count: usize) -> String {
    let [before, open, inside, close, after] = shape;
    format!("{before}{}{inside}{}{after}", open.repeat(count), close.repeat(count))
}

fn brackets(text: &str) -> usize {
    text.chars().filter(|c| "([{".contains(*c)).count()
}

#[test]
fn nesting_is_read_up_to_the_limit() {
    for shape in &NESTED {
        let around = brackets(shape[0]);
        let count = (128 - around) / brackets(shape[1]);
        let text = nested(shape, count);
        let found = query(&text);
        assert!(found.is_ok(), "{count} times {}: {}", shape[1], found.expect_err("it is one"));
        let error = refused(&nested(shape, count + 1));
        assert!(error.contains("brackets nest deeper than 128"), "{}: {error}", shape[1]);
    }
}

#[test]
fn triple_terms_nest_up_to_the_limit() {
    for (open, close) in [("<<( <s> <p> ", ")>>"), ("<< <s> <p> ", ">>")] {
        let text = |count: usize| format!("SELECT * {{ <s> <p> {}1{} }}", open.repeat(count), close.repeat(count));
        assert!(query(&text(127)).is_ok());
        assert!(refused(&text(128)).contains("brackets nest deeper than 128"));
    }
}

#[test]
fn what_models_look_at_nests_up_to_the_limit() {
    for open in ["SIMILAR(?s, <a>) AMONG { ", "PREDICT { ?s <p> ?o } AMONG { "] {
        let text = |count: usize| format!("SELECT * {{ {}?s <p> ?o {} }}", open.repeat(count), "}".repeat(count));
        assert!(query(&text(126)).is_ok());
        assert!(refused(&text(128)).contains("brackets nest deeper than 128"));
        refused(&text(10_000));
    }
}

#[test]
fn ten_thousand_brackets_are_refused() {
    for shape in &NESTED {
        refused(&nested(shape, 10_000));
        let [before, open, ..] = shape;
        refused(&format!("{before}{}", open.repeat(10_000)));
    }
}

#[test]
fn long_chains_are_refused_or_flat() {
    let chain = |before: &str, link: &str, after: &str| format!("{before}{}{after}", link.repeat(100_000));
    for (before, link, after) in [
        ("SELECT * { FILTER(1", " + 1", ") }"),
        ("SELECT * { FILTER(1", " * 1", ") }"),
        ("SELECT * { FILTER(", "!", "1) }"),
        ("SELECT * { FILTER(", "NOT ", "1) }"),
        ("SELECT * { ", "OPTIONAL { } ", "}"),
        ("SELECT * { ", "{ } ", "}"),
        ("SELECT * { ", "MINUS { } ", "}"),
    ] {
        assert!(refused(&chain(before, link, after)).contains("operators nest deeper"), "{link}");
    }
    for (before, link, after) in [
        ("SELECT * { FILTER(?x", " || ?x", ") }"),
        ("SELECT * { FILTER(?x", " AND ?x", ") }"),
        ("SELECT * { FILTER(?x IN (1", ", 1", ")) }"),
        ("SELECT * { ?s <p>", "/<p>", " ?o }"),
        ("SELECT * { ?s (<p>", "/<p>", ")* ?o }"),
        ("SELECT * { ?s <p>", "|<p>", " ?o }"),
        ("SELECT * { ?s <p>* ?o ", ". ?s <p>* ?o ", "}"),
        ("SELECT * { ", "FILTER(?x) ", "}"),
        ("SELECT * { { }", " UNION { }", " }"),
        ("SELECT * { VALUES ?x {", " 1", "} }"),
    ] {
        let found = query(&chain(before, link, after));
        assert!(found.is_ok(), "{link}: {}", found.expect_err("it is one"));
    }
}

#[test]
fn a_megabyte_is_read_soon() {
    let mut texts = Vec::new();
    for (before, link, after) in [
        ("SELECT * { ", "?s <p> ?o . ", "}"),
        ("SELECT ", "?a ", "{ }"),
        ("SELECT * { ?s <p> ", "?o , ", "1 }"),
        ("SELECT * { ?s ?p (", "[] ", ") }"),
        ("SELECT * { FILTER(CONCAT(1", ", STR(?x)", ")) }"),
        ("SELECT (CONCAT(1", ", COUNT(?x + 1)", ") AS ?y) { }"),
        ("ASK { } GROUP BY ", "?x ", ""),
        ("ASK { } ORDER BY ", "COUNT(?x) ", ""),
        ("ASK ", "# comment\n", "{ }"),
        ("ASK ", "\n", "{ }"),
        ("ASK { <p> <q> \"", "\\u0041", "\" }"),
    ] {
        texts.push(format!("{before}{}{after}", link.repeat((1 << 20) / link.len())));
    }
    for text in &texts {
        let begun = Instant::now();
        let found = query(text);
        let took = begun.elapsed();
        assert!(found.is_ok(), "{}: {}", &text[..40], found.expect_err("it is one"));
        println!("{took:>10.1?} {:?}", &text[..40]);
        // A second or so on a free core; quadratic time would take hours.
        assert!(took < Duration::from_secs(120), "{} took {took:?}", &text[..40]);
    }
    for link in
        ["SELECT ", "{ ", "<", "<a", "\"", "\\", "?", "a", "a:", "a:a ", "?x ", "<<( ", ":a :b :c . ", "FILTER(1) ", "(", "'''", "{|", "}"]
    {
        refused(&link.repeat((1 << 20) / link.len()));
    }
}

#[test]
fn shorthands_do_not_take_memory_without_bound() {
    let long = "a".repeat(1 << 19);
    let error = refused(&format!("PREFIX p: <http://e/{long}> SELECT * {{ {} }}", "p:a p:b p:c . ".repeat(10_000)));
    assert!(error.contains("stand for more than"), "{error}");
    let error = refused(&format!("SELECT * {{ <http://e/{long}> <p> {} }}", "1, ".repeat(100_000) + "2"));
    assert!(error.contains("stand for more than"), "{error}");
    let text = format!("WITH <http://e/{long}> INSERT {{ {} }} WHERE {{ }}", "?s ?p ?o . ".repeat(10_000));
    let error = parse_update(&text, &options()).expect_err("the text is refused").to_string();
    assert!(error.contains("stand for more than"), "{error}");
}

#[test]
fn control_characters_are_refused_or_text() {
    assert!(refused("SELECT * { ?s ?p \0 }").contains("NUL"));
    assert!(refused("SELECT * { ?s ?p \"\0\" }").contains("NUL"));
    assert!(refused("SELECT * { ?s <a\0b> ?o }").contains("NUL"));
    assert!(refused("SELECT * { ?s ?p \u{1} }").contains("unexpected"));
    assert!(refused("\u{feff}\u{202e}SELECT").contains("line 1, column 1"));
    assert!(query("SELECT * { ?s ?p \"\u{1}\u{10ffff}\" }").is_ok());
}

const SEEDS: [&str; 8] = [
    include_str!("language/groups.txt"),
    include_str!("language/expressions.txt"),
    include_str!("language/grouping.txt"),
    include_str!("language/paths.txt"),
    include_str!("language/extensions.txt"),
    include_str!("language/updates.txt"),
    include_str!("language/errors.txt"),
    "=== \nSELECT ?x { ?x <p> '''a''' }\n---\n",
];

fn seeds() -> Vec<&'static str> {
    SEEDS.iter().flat_map(|file| file.split("=== ").skip(1)).filter_map(|case| case.split_once('\n')?.1.split("\n---\n").next()).collect()
}

fn any_mode(text: &str) {
    for strict in [false, true] {
        let options = ParseOptions { strict, ..options() };
        if let Err(error) = parse_query(text, &options) {
            assert!(error.line >= 1 && error.column >= 1 && !error.to_string().is_empty());
        }
        let _ = parse_update(text, &options).map_err(|error| error.to_string());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        any_mode(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_change_of_a_query_panics(
        seed in 0..seeds().len(),
        other in 0..seeds().len(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..8, "[-{}()<>|?:.;,@\"'\\\\ a-zA-Z0-9~^!*+/=&é]{0,3}"), 1..6),
        splice in any::<prop::sample::Index>(),
    ) {
        let mut text: Vec<char> = seeds()[seed].chars().collect();
        for (at, removed, inserted) in cuts {
            let at = at.index(text.len() + 1);
            let end = (at + removed).min(text.len());
            text.splice(at..end, inserted.chars());
        }
        let text: String = text.into_iter().collect();
        any_mode(&text);
        let other: Vec<char> = seeds()[other].chars().collect();
        let half: String = text.chars().take(splice.index(text.chars().count() + 1)).chain(other.iter().skip(splice.index(other.len() + 1)).copied()).collect();
        any_mode(&half);
    }
}
