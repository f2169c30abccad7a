//! `LOAD`: the statements of a file, in every format that an [`AtomSpace`] is loaded from.

use std::path::{Path, PathBuf};

use hypergraphql_framework::store::{AtomSpace, LoadOptions};
use oxrdf::NamedNode;

use super::changes::Changes;
use super::{QueryError, QueryOptions};
use crate::executor::Limits;

/// What errors call it.
const OPERATOR: &str = "LOAD";

/// What a statement takes while it waits to be inserted: four terms, mostly IRIs.
const STATEMENT_BYTES: u64 = 512;

/// The statements of a document are to be in the default graph or in this one; those that name a graph are in theirs.
pub(super) fn document(
    changes: &mut Changes,
    source: &str,
    graph: Option<&NamedNode>,
    limits: &Limits,
    options: &QueryOptions,
) -> Result<(), QueryError> {
    let refused = |what: String| QueryError::Load { source_name: source.to_owned(), what };
    let path = path(source, options).map_err(refused)?;
    let base = std::path::absolute(&path).map(|path| iri(&path)).map_err(|error| refused(error.to_string()))?;
    // Its blank nodes are new ones, as if it were added to another store.
    let nothing = AtomSpace::from_quads([])?;
    let load = LoadOptions {
        base: Some(base),
        namespace: Some(options.store_base().to_owned()),
        graph: graph.cloned(),
        onto: Some(nothing),
        ..LoadOptions::default()
    };
    let loaded = AtomSpace::load(&[&path], &load).map_err(|error| refused(error.to_string()))?;
    limits.check(OPERATOR)?;
    limits.room(OPERATOR, STATEMENT_BYTES.saturating_mul(loaded.len()))?;
    if let Some(graph) = graph {
        let into = loaded.id(graph);
        if loaded.graphs().iter().any(|id| *id != 0 && Some(*id) != into) {
            let what = format!("the file has named graphs of its own, which cannot all be {graph}: load it without INTO GRAPH");
            return Err(refused(what));
        }
    }
    for (at, quad) in loaded.quads().enumerate() {
        if at % 4096 == 0 {
            limits.check(OPERATOR)?;
        }
        changes.insert(quad);
    }
    Ok(())
}

/// The file that a source means, or why there is none.
fn path(source: &str, options: &QueryOptions) -> Result<PathBuf, String> {
    let Some(folder) = &options.load else {
        return Err(
            "this engine reads no files for updates: allow it (QueryOptions::load), or add the file with `hgql load --add`".to_owned()
        );
    };
    let scheme =
        source.split(['/', '?', '#']).next().and_then(|start| start.split_once(':')).map(|(scheme, _)| scheme.to_ascii_lowercase());
    let rest = match scheme.as_deref() {
        None => source,
        Some("file") => &source["file:".len()..],
        Some("http" | "https") => {
            return Err("nothing is fetched from the network: download it, then LOAD the file, or add it with `hgql load --add`".to_owned());
        }
        Some(other) => return Err(format!("{other}: is no scheme of files: expected a path or file:")),
    };
    let rest = match (scheme.is_some(), rest.strip_prefix("//")) {
        (true, Some(rest)) => match rest.split_once('/') {
            Some(("" | "localhost", _)) => &rest[rest.find('/').unwrap_or_default()..],
            _ => return Err("expected a file of this machine, such as file:///data/people.ttl".to_owned()),
        },
        _ => rest,
    };
    let name = rest.split(['?', '#']).next().unwrap_or_default();
    if name.is_empty() {
        return Err("it names no file".to_owned());
    }
    let name = decoded(name).ok_or("expected UTF-8 in its percent-encoded bytes")?;
    Ok(folder.join(Path::new(&name)))
}

/// Text of which `%41` is A; none where that makes no UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// The IRI of a file.
fn iri(path: &Path) -> String {
    let mut iri = "file://".to_owned();
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => iri.push(char::from(byte)),
            _ => iri.push_str(&format!("%{byte:02X}")),
        }
    }
    iri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_paths() {
        let options = QueryOptions { load: Some(PathBuf::from("/data")), ..QueryOptions::default() };
        let path = |source: &str| path(source, &options);
        for (source, expected) in [
            ("people.ttl", "/data/people.ttl"),
            ("more/my%20people.nt", "/data/more/my people.nt"),
            ("/tmp/a.nt", "/tmp/a.nt"),
            ("file:a.nt", "/data/a.nt"),
            ("file:/tmp/a.nt", "/tmp/a.nt"),
            ("file:///tmp/%C3%A9.nt#part", "/tmp/é.nt"),
            ("FILE://localhost/tmp/a.nt?x", "/tmp/a.nt"),
            ("100%.nt", "/data/100%.nt"),
        ] {
            assert_eq!(path(source), Ok(PathBuf::from(expected)), "{source}");
        }
        for (source, why) in [
            ("http://x/a.nt", "download it"),
            ("HTTPS://x/a.nt", "download it"),
            ("ftp://x/a.nt", "no scheme of files"),
            ("file://other/a.nt", "this machine"),
            ("file:", "names no file"),
            ("#here", "names no file"),
            ("%FF.nt", "UTF-8"),
        ] {
            assert!(path(source).is_err_and(|found| found.contains(why)), "{source}");
        }
        assert!(super::path("a.nt", &QueryOptions::default()).is_err_and(|found| found.contains("reads no files")));
    }

    #[test]
    fn paths_are_iris() {
        assert_eq!(iri(Path::new("/tmp/my é.nt")), "file:///tmp/my%20%C3%A9.nt");
    }
}
