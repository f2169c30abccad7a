//! The text folder: `hyperedges.txt` and, where known, `labels.txt`, `features.txt`, `splits_*.txt` and names.
//!
//! | file | line i holds |
//! |---|---|
//! | `hyperedges.txt` | the members of hyperedge i, comma-separated ids from 0 |
//! | `labels.txt` | the class of node i, from 0; -1 where it is not known |
//! | `features.txt` | the columns where node i has a 1, separated by spaces; may be empty |
//! | `splits_P.txt`, `splits.txt` | split i of protocol P, a character per node: 0 train, 1 valid, 2 test, - none |
//! | `label_names.txt` | the name of class i, perhaps after its number from 1 |
//! | `node_names.txt`, `hyperedge_names.txt` | the name of node or hyperedge i |
//!
//! The folder is written as a whole: beside its place, then renamed. Without any file that has a line or character per node, the largest id tells how many nodes there are.

mod features;
mod hyperedges;
mod labels;
mod names;
mod replace;
mod splits;

use std::path::{Path, PathBuf};

use self::replace::replace;
use super::atomic::{self, Sink};
use super::name_of;
use crate::dataset::split::from_sets;
use crate::{Dataset, Duplicates, Error, Place, Result};

/// How many nodes there are, and which file says so.
#[derive(Default)]
struct NodeCount {
    known: Option<(usize, PathBuf)>,
}

impl NodeCount {
    /// The first file sets the count, the others must agree.
    fn agree(&mut self, found: usize, file: &Path, at: Place) -> Result<()> {
        match &self.known {
            None => {
                self.known = Some((found, file.to_path_buf()));
                Ok(())
            }
            Some((count, _)) if *count == found => Ok(()),
            Some((count, by)) => {
                let by = by.file_name().unwrap_or_default().to_string_lossy();
                Err(Error::parse(at, format!("{count}, one per node of {by}"), found.to_string()))
            }
        }
    }
}

pub(super) fn read_splits(path: &Path, nodes: usize) -> Result<Vec<crate::Split>> {
    splits::read_file(path, &mut NodeCount { known: Some((nodes, "the data set".into())) })
}

pub(super) fn read(folder: &Path, dup: Duplicates) -> Result<Dataset> {
    let mut count = NodeCount::default();
    let label_names = names::read_classes(&folder.join("label_names.txt"))?;
    let labels = labels::read(&folder.join("labels.txt"), &label_names, &mut count)?;
    let features = features::read(&folder.join("features.txt"), &mut count)?;
    let node_names = names::read(&folder.join("node_names.txt"))?;
    if let Some(names) = &node_names {
        let file = folder.join("node_names.txt");
        count.agree(names.len(), &file, Place::file(&file))?;
    }
    let (splits, split_sets) = from_sets(splits::read(folder, &mut count)?);
    let hypergraph = hyperedges::read(&folder.join("hyperedges.txt"), &count, dup)?;
    let hyperedge_names = names::read(&folder.join("hyperedge_names.txt"))?;
    let unless_ids = crate::dataset::name::unless_ids;
    Ok(Dataset {
        features,
        labels,
        splits,
        split_sets,
        label_names,
        node_names: node_names.and_then(unless_ids),
        hyperedge_names: hyperedge_names.and_then(unless_ids),
        ..Dataset::new(name_of(folder), hypergraph)
    })
}

pub(super) fn write(dataset: &Dataset, folder: &Path) -> Result<()> {
    let refuse = |what: &str| Err(unsupported(folder, what));
    if dataset.hypergraph.incidence_weights().is_some() {
        return refuse("incidence weights");
    }
    if dataset.hypergraph.hyperedge_weights().is_some() {
        return refuse("hyperedge weights");
    }
    if dataset.node_weights.is_some() {
        return refuse("node weights");
    }
    if dataset.relations.is_some() {
        return refuse("relations and roles");
    }
    labels::check_writable(dataset, folder)?;
    features::check_writable(dataset, folder)?;
    names::check_writable(dataset, folder)?;
    splits::check_writable(dataset, folder)?;
    replace(folder, |fresh| {
        labels::write(dataset, fresh)?;
        features::write(dataset, fresh)?;
        names::write(dataset, fresh)?;
        splits::write(dataset, fresh)?;
        hyperedges::write(&dataset.hypergraph, &fresh.join("hyperedges.txt"))
    })
}

fn unsupported(folder: &Path, what: &str) -> Error {
    let instead = "write an .npz file instead";
    Error::Unsupported { path: folder.to_path_buf(), format: "the text folder", what: what.to_owned(), instead }
}

/// Whether a file of this name is one of the format.
fn is_known(name: &str) -> bool {
    let known = ["hyperedges.txt", "labels.txt", "features.txt", "label_names.txt", "node_names.txt", "hyperedge_names.txt"];
    known.contains(&name) || splits::set_of(name).is_some()
}

/// Writes a file of lines into the new folder.
fn write_lines<T: std::fmt::Display>(path: &Path, lines: impl IntoIterator<Item = T>) -> Result<()> {
    atomic::write_new(path, path, |to| {
        let mut sink = Sink { path, to };
        lines.into_iter().try_for_each(|line| sink.put(format_args!("{line}\n")))
    })
}
