//! The queries of the requirements, word for word: they are read unless the mode is strict.

use std::fs;
use std::path::{Path, PathBuf};

use hypergraphql_query::{ParseOptions, parse_query};

#[test]
fn queries_of_the_requirements_are_read() {
    let folder = std::env::var_os("HGQL_SHARED").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let folder = folder.join("data/hyperql");
    if !folder.is_dir() {
        eprintln!("SKIPPED queries_of_the_requirements_are_read: no data/hyperql in HGQL_SHARED or beside the checkout");
        return;
    }
    let mut read = 0;
    for entry in fs::read_dir(&folder).expect("the folder can be listed") {
        let path = entry.expect("the folder can be listed").path();
        let text = fs::read_to_string(&path).expect("the query can be read");
        let found = parse_query(&text, &ParseOptions::default());
        assert!(found.is_ok(), "{}: {}", path.display(), found.expect_err("it is one"));
        read += 1;
    }
    assert_eq!(read, 7, "{} holds the seven queries", folder.display());
}
