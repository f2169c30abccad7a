//! Writing CSV and TSV.

use std::path::Path;

use csv::WriterBuilder;

use crate::dataset::name;
use crate::io::atomic;
use crate::{Dataset, Error, Features, Name, Result};

pub(in crate::io) fn write(dataset: &Dataset, path: &Path, delimiter: u8) -> Result<()> {
    check_writable(dataset, path)?;
    atomic::write(path, |to| {
        let mut rows = WriterBuilder::new().delimiter(delimiter).from_writer(to);
        let mut put = |row: &[&str]| rows.write_record(row).map_err(|e| Error::io(path, "write")(e.into()));
        let weights = dataset.hypergraph.incidence_weights_edge_major();
        let blank: &[&str] = if weights.is_some() { &["", ""] } else { &[""] };
        put(if weights.is_some() { &["node", "hyperedge", "weight"] } else { &["node", "hyperedge"] })?;
        let node_name = |n| name::of(dataset.node_names.as_deref(), n).to_plain();
        if must_declare(dataset) {
            for n in 0..dataset.hypergraph.nodes() as u32 {
                put(&[&[node_name(n).as_str()], blank].concat())?;
            }
        }
        for (i, (e, n)) in dataset.hypergraph.edge_major().entries().enumerate() {
            let (node, edge) = (node_name(n), name::of(dataset.hyperedge_names.as_deref(), e).to_plain());
            match &weights {
                None => put(&[&node, &edge])?,
                Some(w) => put(&[&node, &edge, &w[i].to_string()])?,
            }
        }
        rows.flush().map_err(Error::io(path, "write"))
    })
}

/// Nodes are declared first where reading would not find or order them by itself.
fn must_declare(dataset: &Dataset) -> bool {
    dataset.node_names.is_some() || dataset.hypergraph.node_major().iter_rows().any(<[u32]>::is_empty)
}

fn check_writable(dataset: &Dataset, path: &Path) -> Result<()> {
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
            format: "CSV",
            what: (*what).to_owned(),
            instead: "write .npz or .hif.json instead",
        }),
    }
}
