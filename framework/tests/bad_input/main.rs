//! Bad input, one test a case: a clear error that names the place, never a panic.
#![allow(clippy::unwrap_used)]

mod csv;
mod hif;
mod npz;
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
    for name in ["nothing", "nothing.json", "nothing.csv", "nothing.tsv", "nothing.npz"] {
        let error = refused(&std::env::temp_dir().join("hgql-no-such-folder").join(name));
        assert!(error.starts_with(name) && error.contains("No such file"), "{error}");
    }
}

#[test]
fn unknown_formats_are_named() {
    let error = io::read("graph.xml").unwrap_err().to_string();
    assert_eq!(error, "format of graph.xml: expected a folder, .json, .hif, .csv, .tsv or .npz, found .xml");
    let error = "xml".parse::<io::Format>().unwrap_err().to_string();
    assert_eq!(error, "format: expected text, hif, csv, tsv or npz, found \"xml\"");
    assert!(io::Format::ALL.into_iter().all(|f| f.to_string().parse::<io::Format>().unwrap() == f));
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
