//! What a file holds and a dataset has no place for: counted, and said once.

use std::path::Path;

use serde_json::value::RawValue;

use super::document::Attrs;
use super::extra::NodeAttrs;

/// Counts of what is left out.
#[derive(Default)]
pub(super) struct LeftOut {
    /// Records with attributes.
    pub(super) node_attrs: usize,
    pub(super) edge_attrs: usize,
    pub(super) incidence_attrs: usize,
    /// Records of nodes or edges that an earlier one is about.
    pub(super) repeated: usize,
    pub(super) metadata: Vec<String>,
    pub(super) is_complex: bool,
}

/// 1 for a record with attributes other than those that are read, 0 for one without.
pub(super) fn some(attrs: Option<&Attrs>, read: Option<&str>) -> usize {
    usize::from(attrs.is_some_and(|attrs| attrs.keys().any(|key| read != Some(key.as_str()))))
}

/// Whether there are attributes of a node that [`NodeAttrs`] does not take.
pub(super) fn others(attrs: &Attrs) -> bool {
    attrs.keys().any(|key| !NodeAttrs::KEYS.contains(&key.as_str()))
}

/// The keys of the metadata that are not read.
pub(super) fn metadata(raw: Option<&RawValue>) -> Vec<String> {
    let all: serde_json::Map<String, serde_json::Value> = raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    let is_read = |key: &str, value: &serde_json::Value| match key {
        "hypergraphql" => true,
        "name" => value.is_string() || value.is_null(),
        _ => false,
    };
    all.into_iter().filter(|(key, value)| !is_read(key, value)).map(|(key, _)| key).collect()
}

impl LeftOut {
    /// Says what it is, if it is anything.
    pub(super) fn warn(&self, path: &Path) {
        let counts = [
            (self.node_attrs, "nodes with attributes"),
            (self.edge_attrs, "edges with attributes"),
            (self.incidence_attrs, "incidences with attributes"),
            (self.repeated, "repeated records of nodes or edges"),
        ];
        let mut parts: Vec<_> = counts.iter().filter(|c| c.0 > 0).map(|(count, what)| format!("{what}: {count}")).collect();
        if !self.metadata.is_empty() {
            parts.push(format!("metadata: {}", self.metadata.join(", ")));
        }
        if self.is_complex {
            parts.push("network-type: asc, read as the hypergraph of its simplices".to_owned());
        }
        if !parts.is_empty() {
            tracing::warn!("{}: left out, for a data set has no place for it: {}", path.display(), parts.join("; "));
        }
    }
}
