//! Writing npz.

use std::path::Path;

use super::archive::Writer;
use crate::dataset::split::by_set;
use crate::io::atomic;
use crate::{Dataset, Features, Hypergraph, Name, Relations, Result, Tags};

pub(in crate::io) fn write(dataset: &Dataset, path: &Path) -> Result<()> {
    atomic::write(path, |to| {
        let mut out = Writer::new(path, to);
        hypergraph(&mut out, &dataset.hypergraph)?;
        features(&mut out, &dataset.features)?;
        if let Some(labels) = &dataset.labels {
            integers(&mut out, "labels", labels.of.iter().map(|c| c.map_or(-1, i64::from)))?;
            integers(&mut out, "classes", [labels.classes as i64])?;
        }
        splits(&mut out, dataset)?;
        let strings = |names: &[String]| names.iter().map(|n| Name::Text(n.clone())).collect::<Vec<_>>();
        text(&mut out, "name", &strings(std::slice::from_ref(&dataset.name)))?;
        text(&mut out, "label_names", &strings(&dataset.label_names))?;
        if let Some(weights) = &dataset.node_weights {
            floats(&mut out, "node_weights", weights)?;
        }
        text(&mut out, "node_names", dataset.node_names.as_deref().unwrap_or_default())?;
        text(&mut out, "hyperedge_names", dataset.hyperedge_names.as_deref().unwrap_or_default())?;
        if let Some(Relations { relations, roles }) = &dataset.relations {
            tags(&mut out, "relation", relations)?;
            tags(&mut out, "role", roles)?;
        }
        out.finish()
    })
}

/// The names and who bears them: `<what>_names`, `<what>_indptr`, `<what>_indices`.
fn tags(out: &mut Writer<'_, '_>, what: &str, tags: &Tags) -> Result<()> {
    let names: Vec<_> = tags.names.iter().map(|name| Name::Text(name.clone())).collect();
    text(out, &format!("{what}_names"), &names)?;
    integers(out, &format!("{what}_indptr"), tags.ptr.iter().map(|p| i64::from(*p)))?;
    integers(out, &format!("{what}_indices"), tags.of.iter().map(|id| i64::from(*id)))
}

fn hypergraph(out: &mut Writer<'_, '_>, h: &Hypergraph) -> Result<()> {
    let csr = h.node_major();
    out.put("format", "|S3", &[], b"csr")?;
    integers(out, "shape", [h.nodes() as i64, h.hyperedges() as i64])?;
    ids(out, "indptr", csr.ptr(), csr.nnz().max(h.hyperedges()))?;
    ids(out, "indices", csr.col(), csr.nnz().max(h.hyperedges()))?;
    match h.incidence_weights() {
        Some(w) => floats(out, "data", w)?,
        None => floats(out, "data", &vec![1.0; csr.nnz()])?,
    }
    match h.hyperedge_weights() {
        Some(w) => floats(out, "hyperedge_weights", w),
        None => Ok(()),
    }
}

fn features(out: &mut Writer<'_, '_>, features: &Features) -> Result<()> {
    match features {
        Features::None => Ok(()),
        Features::Dense(x) => {
            let bytes: Vec<u8> = x.iter().flat_map(|v| v.to_le_bytes()).collect();
            out.put("features", "<f4", &[x.nrows(), x.ncols()], &bytes)
        }
        Features::Sparse(x) => {
            let x = x.to_csr();
            integers(out, "features_shape", [x.rows() as i64, x.cols() as i64])?;
            integers(out, "features_indptr", x.proper_indptr().iter().map(|p| *p as i64))?;
            integers(out, "features_indices", x.indices().iter().map(|c| *c as i64))?;
            let bytes: Vec<u8> = x.data().iter().flat_map(|v| v.to_le_bytes()).collect();
            out.put("features_data", "<f4", &[x.nnz()], &bytes)
        }
    }
}

fn splits(out: &mut Writer<'_, '_>, dataset: &Dataset) -> Result<()> {
    if dataset.splits.is_empty() {
        return Ok(());
    }
    let nodes = dataset.hypergraph.nodes();
    let mut parts = vec![255u8; dataset.splits.len() * nodes]; // [S, N]
    for (row, split) in parts.chunks_mut(nodes.max(1)).zip(&dataset.splits) {
        for (ids, part) in [(&split.train, 0), (&split.valid, 1), (&split.test, 2)] {
            ids.iter().for_each(|i| row[*i as usize] = part);
        }
    }
    out.put("splits", "|u1", &[dataset.splits.len(), nodes], &parts)?;
    if dataset.split_sets.is_empty() {
        return Ok(());
    }
    let sets = by_set(&dataset.splits, &dataset.split_sets);
    text(out, "split_sets", &sets.iter().map(|s| Name::Text(s.0.to_owned())).collect::<Vec<_>>())?;
    integers(out, "split_set_counts", sets.iter().map(|s| s.1.len() as i64))
}

fn integers(out: &mut Writer<'_, '_>, name: &str, values: impl IntoIterator<Item = i64>) -> Result<()> {
    let bytes: Vec<u8> = values.into_iter().flat_map(i64::to_le_bytes).collect();
    out.put(name, "<i8", &[bytes.len() / 8], &bytes)
}

/// Ids as int32 where every value up to `largest` fits, as scipy does, else int64.
fn ids(out: &mut Writer<'_, '_>, name: &str, values: &[u32], largest: usize) -> Result<()> {
    if i32::try_from(largest).is_err() {
        return integers(out, name, values.iter().map(|v| i64::from(*v)));
    }
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    out.put(name, "<i4", &[values.len()], &bytes)
}

fn floats(out: &mut Writer<'_, '_>, name: &str, values: &[f64]) -> Result<()> {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    out.put(name, "<f8", &[values.len()], &bytes)
}

/// Names as uint8 lines; nothing when there are none.
fn text(out: &mut Writer<'_, '_>, name: &str, names: &[Name]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let lines: String = names.iter().map(|n| n.to_plain() + "\n").collect();
    out.put(name, "|u1", &[lines.len()], lines.as_bytes())
}
