//! Queries that are wrong, hostile or too large: an error that says where and what to do, or a refusal; never a panic, a hang or a process that grows.

use std::fs;
use std::time::{Duration, Instant};

use crate::program::{command, run};
use crate::query::World;

/// The query ends with exit code 2; the error names this place, shows a caret and gives a hint.
fn points_at(world: &World, text: &str, flags: &[&str], place: &str, words: &[&str]) {
    let answer = world.run(&[&["query", "world.hgql", text], flags].concat());
    assert!(answer.err.lines().any(|line| line.trim() == "^"), "{}", answer.err);
    answer.fails(2, &[&[place, "hint: "], words].concat());
}

#[test]
fn wrong_texts_are_shown_their_place_and_a_way_out() {
    let world = World::new();
    let wrong: [(&str, &[&str], &str, &[&str]); 9] = [
        ("SELECT ?s {\n  ?s ?p ?o", &[], "line 1, column 11", &["`{`"]),
        ("SELECT ?s { ?s ?p ?o } }", &[], "line 1, column 24", &["`}`"]),
        ("SELECT ?s {\n  ?s foaf:name ?o }", &[], "line 2, column 6", &["foaf:", "PREFIX"]),
        ("SELECT ?s (COUNT(?o) AS ?n) { ?s ?p ?o }", &["--strict"], "line 1, column 8", &["?s", "GROUP BY"]),
        ("SELECT ?s { ?s ?p ?o FILTER(COUNT(?o) > 3) }", &[], "line 1, column 29", &["aggregate", "HAVING"]),
        ("SELECT ?s { ?s ?p ?o } LIMIT -1", &[], "line 1, column 30", &["`-1`", "from 0 on"]),
        ("ASK { FILTER((((1 }", &[], "line 1, column", &["`(`"]),
        ("SELECT * { ?s ?p ?o TEMPORAL { AS OF \"2020-05-01\" } }", &["--strict"], "line 1, column 38", &["xsd:date"]),
        ("INSERT DATA { :a :b :c }", &[], "line 1, column 1", &["update"]),
    ];
    for (text, flags, place, words) in wrong {
        points_at(&world, text, flags, place, words);
    }
}

#[test]
fn files_that_are_no_text_are_refused() {
    let world = World::new();
    let refused = |bytes: &[u8], words: &[&str]| {
        fs::write(world.path("bad.rq"), bytes).expect("a file");
        // What is wrong with it does not depend on what it is to be.
        for name in ["query", "update"] {
            world.run(&[name, "world.hgql", "-f", "bad.rq"]).fails(2, words);
        }
    };
    refused(b"ASK {\n  :a \xff :b }", &["line 2, column 6", "not UTF-8", "0xff", "hint: "]);
    refused(b"ASK { :a \0 :b }", &["line 1, column 10", "NUL", "hint: "]);
    refused(b"\xff\xfeA\0S\0K\0", &["line 1, column 1", "not UTF-8"]);
    refused(b"ASK { :a :b \xe2\x82", &["line 1, column 13", "not UTF-8"]);
    refused("(".repeat(10_000).as_bytes(), &["line 1, column 129", "deeper than 128", "hint: "]);
    refused("a ".repeat(1 << 19).as_bytes(), &["line 1, column"]);
}

#[test]
#[cfg(unix)]
fn an_argument_that_is_no_utf_8_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    let text = std::ffi::OsStr::from_bytes(b"ASK { :a \xff :b }");
    run(command().arg("query").arg(world.path("world.hgql")).arg(text)).fails(2, &["UTF-8"]);
}

#[test]
fn hostile_patterns_of_characters_end_soon() {
    let world = World::new();
    let begun = Instant::now();
    let count = |pattern: &str| world.csv(&format!("SELECT (COUNT(*) AS ?n) {{ ?s ?p ?o FILTER(REGEX(STR(?o), {pattern})) }}"));
    // What cannot be compiled in bounds is an error of each row.
    assert_eq!(count("\"(a{1000}){1000}\""), "n\n0\n");
    assert_eq!(count("CONCAT(\"(a{1000}){1000}\", SUBSTR(STR(?p), 1, 0))"), "n\n0\n");
    let text = "a".repeat(50_000);
    let ask = format!("ASK {{ FILTER(REGEX(\"{text}b\", \"^(a|aa|a*)*$\")) }}");
    assert_eq!(world.run(&["query", "world.hgql", &ask]).ok(), "false\n");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn an_answer_is_printed_within_its_limits() {
    let world = World::new();
    let numbers: String = (0..400).map(|n| format!(" {n}")).collect();
    let many = format!("SELECT * {{ VALUES ?a {{{numbers} }} VALUES ?b {{{numbers} }} }}");
    world.run(&["query", "world.hgql", &many]).fails(1, &["160000 rows", "100000", "--format tsv"]);
    assert_eq!(world.csv(&many).lines().count(), 160_001);
}
