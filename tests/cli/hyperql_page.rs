//! docs/hyperql.md: every query of the page prints what the page says. `HGQL_BLESS=1` writes what it prints into the page.

use std::path::{Path, PathBuf};

use crate::program::{command, hgql, run};

/// A fenced block of a page: what it is, and where its text lies.
struct Block {
    kind: String,
    start: usize,
    end: usize,
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hyperql.md")
}

fn blocks(text: &str) -> Vec<Block> {
    let (mut found, mut open, mut at) = (Vec::new(), None, 0);
    for line in text.split_inclusive('\n') {
        let next = at + line.len();
        if let Some(kind) = line.trim_end().strip_prefix("```") {
            match open.take() {
                None => open = Some((kind.to_owned(), next)),
                Some((kind, start)) => found.push(Block { kind, start, end: at }),
            }
        }
        at = next;
    }
    assert!(open.is_none(), "a block of the page is not closed");
    found
}

fn bless() -> bool {
    std::env::var_os("HGQL_BLESS").is_some_and(|value| value == "1")
}

/// Does what the page says of its statements: loads them, and trains a network on them.
fn train(text: &str, blocks: &[Block], folder: &Path) {
    let place = blocks.iter().position(|block| block.kind == "csv").expect("statements to learn from");
    let shell = blocks[place..].iter().find(|block| block.kind == "sh").expect("commands that load and train");
    std::fs::create_dir(folder.join("people")).expect("a folder");
    for (name, content) in [("train", &text[blocks[place].start..blocks[place].end]), ("valid", ""), ("test", "")] {
        std::fs::write(folder.join("people").join(name).with_extension("txt"), content).expect("statements");
    }
    for line in text[shell.start..shell.end].lines().filter(|line| !line.contains(" query ")) {
        let words = line.split('#').next().unwrap_or_default().split_whitespace().skip(1);
        let done = run(command().current_dir(folder).args(words).arg("-q"));
        assert_eq!(done.code, Some(0), "{line}: {}", done.err);
    }
}

#[test]
fn every_query_of_the_page_prints_what_the_page_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(page()).expect("the page");
    let blocks = blocks(&text);
    let world = blocks.iter().find(|block| block.kind == "turtle").expect("the world");
    let (data, stored) = (folder.path().join("world.ttl"), folder.path().join("world.hgql"));
    std::fs::write(&data, &text[world.start..world.end]).expect("the world");
    hgql(["load".as_ref(), data.as_os_str(), "-o".as_ref(), stored.as_os_str(), "-q".as_ref()]).ok();
    train(&text, &blocks, folder.path());
    let (mut new, mut from, mut queries, mut refused) = (String::new(), 0, 0, Vec::new());
    for pair in blocks.windows(2) {
        let [query, printed] = pair else { unreachable!("windows of 2") };
        if query.kind != "sparql" {
            continue;
        }
        queries += 1;
        assert_eq!(printed.kind, "text", "what a query prints follows it: {}", &text[query.start..query.end]);
        let question = &text[query.start..query.end];
        let asked = match ["SIMILAR", "PREDICT"].iter().any(|word| question.contains(word)) {
            true => run(command().current_dir(folder.path()).args(["query", "people.hgql", question, "--model", "links"])),
            false => hgql(["query".as_ref(), stored.as_os_str(), question.as_ref()]),
        };
        if asked.code != Some(0) {
            refused.push(format!("{}{}", &text[query.start..query.end], asked.err));
            continue;
        }
        new += &text[from..printed.start];
        new += &asked.out;
        from = printed.end;
    }
    new += &text[from..];
    assert!(queries >= 12, "only {queries} queries were found");
    // What is written are the answers; what has none fails all the same.
    if bless() {
        std::fs::write(page(), &new).expect("the page");
    }
    assert!(refused.is_empty(), "queries of the page have no answer:\n{}", refused.join("\n"));
    if !bless() {
        assert!(new == text, "the page is stale; HGQL_BLESS=1 writes what the queries print:\n{new}");
    }
}
