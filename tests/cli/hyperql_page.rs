//! docs/hyperql.md: every query of the page prints what the page says. `HGQL_BLESS=1` writes what it prints into the page.

use std::path::{Path, PathBuf};

use crate::program::hgql;

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

#[test]
fn every_query_of_the_page_prints_what_the_page_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(page()).expect("the page");
    let blocks = blocks(&text);
    let world = blocks.iter().find(|block| block.kind == "turtle").expect("the world");
    let (data, stored) = (folder.path().join("world.ttl"), folder.path().join("world.hgql"));
    std::fs::write(&data, &text[world.start..world.end]).expect("the world");
    hgql(["load".as_ref(), data.as_os_str(), "-o".as_ref(), stored.as_os_str(), "-q".as_ref()]).ok();
    let (mut new, mut from, mut queries, mut refused) = (String::new(), 0, 0, Vec::new());
    for pair in blocks.windows(2) {
        let [query, printed] = pair else { unreachable!("windows of 2") };
        if query.kind != "sparql" {
            continue;
        }
        queries += 1;
        assert_eq!(printed.kind, "text", "what a query prints follows it: {}", &text[query.start..query.end]);
        let asked = hgql(["query".as_ref(), stored.as_os_str(), text[query.start..query.end].as_ref()]);
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
