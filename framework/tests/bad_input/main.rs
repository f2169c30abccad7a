//! Bad input, one test a case: a clear error that names the place, never a panic.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod csv;
mod duplicates;
mod hif;
mod npz;
mod parquet;
mod text;

use std::path::Path;

use hypergraphql_framework::{Duplicates, Error, io};

/// The error of reading `path`, with the folder cut off its text.
fn refused(path: &Path) -> String {
    refused_with(path, io::Options::default())
}

fn strict(path: &Path) -> String {
    refused_with(path, io::Options { duplicates: Duplicates::Error, ..io::Options::default() })
}

fn refused_with(path: &Path, options: io::Options) -> String {
    let error = io::read_with(path, options).unwrap_err();
    assert!(error.place().is_some() || matches!(error, Error::Io { .. }), "no place: {error}");
    let parent = format!("{}/", path.parent().unwrap().display());
    error.to_string().replace(&parent, "")
}

/// Writes one file and says how reading it fails.
fn file(name: &str, bytes: impl AsRef<[u8]>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    refused(&path)
}

#[test]
fn missing_files_are_named() {
    for name in ["nothing", "nothing.json", "nothing.csv", "nothing.tsv", "nothing.npz", "nothing.parquet"] {
        let error = refused(&std::env::temp_dir().join("hgql-no-such-folder").join(name));
        assert!(error.starts_with(name) && error.contains("No such file"), "{error}");
    }
}

#[test]
fn unknown_formats_are_named() {
    let error = io::read("graph.xml").unwrap_err().to_string();
    assert_eq!(error, "format of graph.xml: expected a folder, .json, .hif, .csv, .tsv, .npz or .parquet, found .xml");
    let error = "xml".parse::<io::Format>().unwrap_err().to_string();
    assert_eq!(error, "format: expected text, hif, csv, tsv, npz or parquet, found \"xml\"");
    assert!(io::Format::ALL.into_iter().all(|f| f.to_string().parse::<io::Format>().unwrap() == f));
}

/// A pipe that nobody writes to: opening it would wait for ever.
#[cfg(unix)]
#[test]
fn a_pipe_is_refused_before_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = |name: &str| {
        let path = folder.path().join(name);
        std::process::Command::new("mkfifo").arg(&path).status().is_ok_and(|s| s.success()).then_some(path)
    };
    for name in ["hyperedges.txt", "x.hif.json", "x.csv", "x.tsv", "x.npz", "labels.txt", "features.txt", "splits.txt", "node_names.txt"] {
        let Some(path) = pipe(name) else {
            eprintln!("SKIPPED a_pipe_is_refused_before_it_is_opened: no mkfifo");
            return;
        };
        let read = if name.ends_with(".txt") { folder.path() } else { &path };
        let error = io::read(read).unwrap_err().to_string();
        assert!(error.ends_with(&format!("{name}: expected a regular file, found something else")), "{error}");
        std::fs::remove_file(path).unwrap();
        std::fs::write(folder.path().join("hyperedges.txt"), "0,1\n").unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_device_that_never_ends_is_refused() {
    let options = |format| io::Options { format: Some(format), ..io::Options::default() };
    for format in [io::Format::Hif, io::Format::Csv, io::Format::Npz] {
        let error = io::read_with("/dev/zero", options(format)).unwrap_err().to_string();
        assert!(error.contains("expected a regular file"), "{error}");
    }
}
