//! Writing CSV and TSV.

use std::path::Path;

use csv::WriterBuilder;

use crate::dataset::name;
use crate::io::atomic;
use crate::io::incidences::{check_writable, must_declare};
use crate::{Dataset, Error, Result};

pub(in crate::io) fn write(dataset: &Dataset, path: &Path, delimiter: u8) -> Result<()> {
    check_writable(dataset, path, "CSV")?;
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
