//! The stored real data against the counts in its `stats.json`; skipped where it is not there.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use hypergraphql_framework::io::{self, Options};
use hypergraphql_framework::{Duplicates, Features, stats::Summary};
use serde_json::Value;

/// The folder of `../shared/data` from the workspace root, or HGQL_DATA.
fn data(test: &str) -> Option<PathBuf> {
    let default = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("HGQL_DATA").map_or(default, PathBuf::from);
    if folder.join("stats.json").exists() {
        return Some(folder);
    }
    eprintln!("SKIPPED {test}: no stats.json in {}", folder.display());
    None
}

/// Incidences and largest size as `stats.json` counts them: a node that a line repeats counts each time (house-committees).
fn counted_with_repeats(folder: &Path) -> (usize, usize) {
    let d = io::read_with(folder, Options { duplicates: Duplicates::Sum, ..Options::default() }).unwrap();
    let h = &d.hypergraph;
    let weights = h.incidence_weights_edge_major().unwrap_or_else(|| vec![1.0; h.incidences()]);
    let sizes = h.edge_major().ptr().windows(2).map(|p| weights[p[0] as usize..p[1] as usize].iter().sum::<f64>() as usize);
    (weights.iter().sum::<f64>() as usize, sizes.max().unwrap())
}

#[test]
fn house_committees_counts_a_node_once() {
    let Some(data) = data("house_committees_counts_a_node_once") else { return };
    let s = Summary::of(&io::read(data.join("house-committees")).unwrap().hypergraph);
    assert_eq!((s.incidences, s.max_size), (11_843, 81));
}

#[test]
fn counts_agree_with_stats() {
    let Some(data) = data("counts_agree_with_stats") else { return };
    let stats: Value = serde_json::from_slice(&std::fs::read(data.join("stats.json")).unwrap()).unwrap();
    for name in ["cora_cocitation", "cora_coauthorship", "house-committees", "walmart-trips", "congress-bills"] {
        let start = Instant::now();
        let d = io::read(data.join(name)).unwrap();
        eprintln!("{name}: read in {:?}", start.elapsed());
        let (s, expected) = (Summary::of(&d.hypergraph), &stats[name]);
        let same = |key: &str, found: usize| {
            let value = &expected[key];
            assert!(value.is_null() || *value == found, "{name} {key}: {value} but {found}");
        };
        assert_eq!(d.name, name);
        same("nodes", s.nodes);
        same("hyperedges", s.hyperedges);
        let (z, largest) = counted_with_repeats(&data.join(name));
        same("incidences", z);
        same("max_edge", largest);
        same("min_edge", s.min_size);
        if expected["edges_with_repeats"].as_u64().unwrap_or(0) == 0 {
            same("incidences", s.incidences);
            same("max_edge", s.max_size);
        }
        same("isolated", s.isolated_nodes);
        same("covered_nodes", s.nodes - s.isolated_nodes);
        same("distinct_edges", s.hyperedges - s.duplicate_hyperedges);
        same("singletons", s.singletons);
        let mean = z as f64 / s.hyperedges as f64;
        assert!((expected["mean_edge"].as_f64().unwrap() - mean).abs() < 5e-4);
        let labels = d.labels.as_ref().unwrap();
        same("classes", labels.classes);
        assert_eq!(expected["class_counts"], serde_json::json!(labels.counts()));
        assert!(d.label_names.is_empty() || d.label_names.len() == labels.classes);
        same("features", d.features.width());
        same("feature_nnz", d.features.nnz());
    }
}

#[test]
fn splits_and_names_are_read_by_protocol() {
    let Some(data) = data("splits_and_names_are_read_by_protocol") else { return };
    let cora = io::read(data.join("cora_cocitation")).unwrap();
    assert!(matches!(cora.features, Features::Sparse(_)));
    let allset = cora.split_set("50_25_25").unwrap();
    assert_eq!((allset.len(), cora.splits.len()), (20, 30));
    assert!(allset.iter().all(|s| (s.train.len(), s.valid.len(), s.test.len()) == (1354, 677, 677)));
    let original = cora.split_set("hypergcn").unwrap();
    assert!(original.iter().all(|s| (s.train.len(), s.valid.len(), s.test.len()) == (140, 0, 2568)));
    assert_eq!(io::read(data.join("congress-bills")).unwrap().label_names, ["democrat", "republican"]);
}

#[test]
fn stored_data_survives_every_format_that_holds_it() {
    let Some(data) = data("stored_data_survives_every_format_that_holds_it") else { return };
    let folder = tempfile::tempdir().unwrap();
    for name in ["cora_cocitation", "house-committees"] {
        let d = io::read(data.join(name)).unwrap();
        for file in [name.to_owned(), format!("{name}.npz"), format!("{name}.hif.json")] {
            let path = folder.path().join(file);
            io::write(&d, &path).unwrap();
            assert!(io::read(&path).unwrap() == d, "{}", path.display());
        }
    }
}
