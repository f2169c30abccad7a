//! What tables of incidences, CSV and Parquet, hold of a data set.

use std::path::Path;

use crate::{Dataset, Error, Features, Name, Result};

/// Nodes are declared first where reading would not find or order them by itself.
pub(super) fn must_declare(dataset: &Dataset) -> bool {
    dataset.node_names.is_some() || dataset.hypergraph.node_major().iter_rows().any(<[u32]>::is_empty)
}

/// Refuses what such a table has no place for.
pub(super) fn check_writable(dataset: &Dataset, path: &Path, format: &'static str) -> Result<()> {
    let negative = |names: &Option<Vec<Name>>| names.iter().flatten().any(|n| matches!(n, Name::Number(..0)));
    let what = [
        (dataset.labels.is_some(), "labels"),
        (dataset.features != Features::None, "features"),
        (!dataset.splits.is_empty(), "splits"),
        (dataset.node_weights.is_some(), "node weights"),
        (dataset.relations.is_some(), "relations and roles"),
        (dataset.hypergraph.hyperedge_weights().is_some(), "hyperedge weights"),
        (negative(&dataset.node_names) || negative(&dataset.hyperedge_names), "negative ids as names"),
    ];
    match what.iter().find(|w| w.0) {
        None => Ok(()),
        Some((_, what)) => Err(Error::Unsupported {
            path: path.to_path_buf(),
            format,
            what: (*what).to_owned(),
            instead: "write .npz or .hif.json instead",
        }),
    }
}
