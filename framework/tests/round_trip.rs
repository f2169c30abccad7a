//! Whatever a format can hold comes back from it as it was.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use hypergraphql_framework::io::{self, Format, Options};
use hypergraphql_framework::{Dataset, Duplicates, Error, Features, Hypergraph, Labels, Name, Split, SplitSet};
use proptest::prelude::*;

fn back(dataset: &Dataset, format: Format) -> Dataset {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(&dataset.name);
    io::write_as(dataset, &path, format).unwrap();
    io::read_with(&path, Options { format: Some(format), ..Options::default() }).unwrap()
}

/// 1 to 8 hyperedges with members, over 1 to 12 nodes, perhaps isolated ones.
fn hypergraph() -> impl Strategy<Value = Hypergraph> {
    (1usize..13).prop_flat_map(|n| {
        let members = proptest::collection::btree_set(0..n as u32, 1..=n.min(5));
        proptest::collection::vec(members, 1..9).prop_map(move |edges| {
            let edges = edges.into_iter().map(|e| e.into_iter().collect::<Vec<_>>());
            Hypergraph::from_members(n, edges, Duplicates::Error).unwrap()
        })
    })
}

fn weighted() -> impl Strategy<Value = Hypergraph> {
    hypergraph().prop_flat_map(|h| {
        let weights = proptest::collection::vec(-1e9f64..1e9, h.incidences());
        let edge = proptest::collection::vec(0f64..1e3, h.hyperedges());
        (Just(h), weights, edge).prop_map(|(h, w, e)| {
            let pairs: Vec<_> = h.pairs().collect();
            let h = Hypergraph::from_weighted_pairs(h.nodes(), h.hyperedges(), &pairs, &w, Duplicates::Error).unwrap();
            h.with_hyperedge_weights(e).unwrap()
        })
    })
}

fn features(n: usize) -> impl Strategy<Value = Features> {
    let value = prop_oneof![Just(0.0f32), Just(1.0), -1e3f32..1e3];
    (1usize..5, 0..3).prop_flat_map(move |(width, storage)| {
        proptest::collection::vec(value.clone(), n * width).prop_map(move |v| {
            let dense = ndarray::Array2::from_shape_vec((n, width), v).unwrap();
            match storage {
                0 => Features::Dense(dense),
                1 => Features::from_sparse(sprs::CsMat::csr_from_dense(dense.view(), 0.0)),
                _ => Features::from_sparse(sprs::CsMat::csc_from_dense(dense.view(), 0.0)),
            }
        })
    })
}

fn labels(n: usize) -> impl Strategy<Value = Labels> {
    proptest::collection::vec(proptest::option::of(0u32..3), n).prop_map(|of| Labels { classes: 3, of })
}

fn split(n: usize) -> impl Strategy<Value = Split> {
    proptest::collection::vec(0..4u8, n).prop_map(|parts| {
        let of = |p| (0..parts.len() as u32).filter(|i| parts[*i as usize] == p).collect();
        Split { train: of(0), valid: of(1), test: of(2) }
    })
}

fn names(n: usize) -> impl Strategy<Value = Option<Vec<Name>>> {
    let name = prop_oneof![
        (0i64..1000).prop_map(Name::Number),
        "[ -~]{0,6}".prop_map(Name::Text),
        "\\PC{1,4}".prop_map(Name::Text),
        "[0-9\"\n\r,\t]{1,3}".prop_map(Name::Text),
    ];
    proptest::option::of(proptest::collection::hash_set(name, n).prop_map(|s| s.into_iter().collect::<Vec<_>>()))
        .prop_map(|names| names.filter(|n| !n.iter().enumerate().all(|(i, n)| *n == Name::Number(i as i64))))
}

fn dataset() -> impl Strategy<Value = Dataset> {
    weighted().prop_flat_map(|h| {
        let (n, m) = (h.nodes(), h.hyperedges());
        let parts = (features(n), proptest::option::of(labels(n)), proptest::collection::vec(split(n), 0..3), names(n), names(m));
        (Just(h), parts, any::<bool>()).prop_map(|(h, (features, labels, splits, node_names, hyperedge_names), sets)| {
            let mut d = Dataset::new("sample", h);
            d.label_names = if labels.is_some() { ["a b", "12", "\"é\""].map(str::to_owned).into() } else { Vec::new() };
            if sets && !splits.is_empty() {
                let set = |name: &str, count| SplitSet { name: name.into(), count };
                let sets = [("one", splits.len() - 1), ("two", 1)].into_iter().filter(|s| s.1 > 0);
                d.split_sets = sets.map(|(name, count)| set(name, count)).collect();
            }
            d.node_weights = sets.then(|| (0..d.hypergraph.nodes()).map(|i| i as f64 * 0.3 - 1.0).collect());
            Dataset { features, labels, splits, node_names, hyperedge_names, ..d }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn npz_and_hif_hold_everything(d in dataset()) {
        prop_assert_eq!(&back(&d, Format::Npz), &d);
        prop_assert_eq!(&back(&d, Format::Hif), &d);
    }

    #[test]
    fn text_holds_unweighted_datasets_with_binary_features(d in dataset()) {
        let binary = d.features.to_dense().unwrap().mapv(|v| if v == 0.0 { 0.0 } else { 1.0 });
        let h = d.hypergraph.edge_major().iter_rows();
        let mut d = Dataset { hypergraph: Hypergraph::from_members(d.hypergraph.nodes(), h, Duplicates::Error).unwrap(), ..d };
        let last_used = binary.column(binary.ncols() - 1).sum() > 0.0;
        d.features = if last_used { Features::Sparse(sprs::CsMat::csr_from_dense(binary.view(), 0.0)) } else { Features::None };
        d.node_weights = None;
        prop_assert_eq!(&back(&d, Format::Text), &d);
    }

    #[test]
    fn text_keeps_isolated_nodes(h in hypergraph()) {
        let d = Dataset::new("sample", h);
        prop_assert_eq!(&back(&d, Format::Text), &d);
    }

    #[test]
    fn csv_tsv_and_parquet_hold_names_and_weights(h in weighted(), plain in hypergraph(), seed in any::<u32>()) {
        for h in [h, plain] {
            let pairs: Vec<_> = h.pairs().collect();
            let h = match h.incidence_weights() {
                Some(w) => Hypergraph::from_weighted_pairs(h.nodes(), h.hyperedges(), &pairs, w, Duplicates::Error).unwrap(),
                None => h,
            };
            let mut d = Dataset::new("sample", h);
            prop_assert_eq!(&back(&d, Format::Csv), &d);
            prop_assert_eq!(&back(&d, Format::Parquet), &d);
            let name = |i: u32| match seed.wrapping_add(i) % 3 {
                0 => Name::Number(i64::from(seed) - i64::from(i) + 20),
                1 => Name::Text(format!("{i}, \"{seed}\"")),
                _ => Name::Text(format!("{i}")),
            };
            d.node_names = Some((0..d.hypergraph.nodes() as u32).map(name).collect());
            d.hyperedge_names = Some((0..d.hypergraph.hyperedges() as u32).map(|e| Name::Text(format!("e{e}"))).collect());
            prop_assert_eq!(&back(&d, Format::Csv), &d);
            prop_assert_eq!(&back(&d, Format::Tsv), &d);
            prop_assert_eq!(&back(&d, Format::Parquet), &d);
        }
    }

    #[test]
    fn both_orders_are_transposes(pairs in proptest::collection::vec((0..11u32, 0..7u32), 0..60)) {
        let h = Hypergraph::from_pairs(11, 7, &pairs, Duplicates::Merge).unwrap();
        let mut distinct = pairs.clone();
        distinct.sort_unstable();
        distinct.dedup();
        prop_assert_eq!(h.pairs().collect::<Vec<_>>(), distinct.clone());
        let mut swapped: Vec<_> = distinct.iter().map(|(n, e)| (*e, *n)).collect();
        swapped.sort_unstable();
        prop_assert_eq!(h.edge_major().entries().collect::<Vec<_>>(), swapped);
        prop_assert_eq!(&h.edge_major().transpose(), h.node_major());
        for csr in [h.node_major(), h.edge_major()] {
            prop_assert_eq!(csr.ptr().len(), csr.rows() + 1);
            prop_assert_eq!((csr.ptr()[0], csr.ptr()[csr.rows()] as usize), (0, csr.nnz()));
            prop_assert!(csr.iter_rows().all(|r| r.windows(2).all(|w| w[0] < w[1])));
            prop_assert!((0..csr.rows()).all(|i| csr.degree(i) == csr.row(i).len()));
        }
    }

    /// Readers meet any bytes without a panic.
    #[test]
    fn any_bytes_are_met_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in any::<prop::sample::Index>()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for name in ["hyperedges.txt", "labels.txt", "features.txt", "splits.txt", "label_names.txt", "node_names.txt"] {
            let set = tempfile::tempdir().unwrap();
            std::fs::write(set.path().join("hyperedges.txt"), "0,1\n").unwrap();
            std::fs::write(set.path().join(name), &bytes).unwrap();
            let _ = io::read(set.path());
        }
        for format in [Format::Hif, Format::Csv, Format::Npz] {
            std::fs::write(&path, &bytes).unwrap();
            let _ = io::read_with(&path, Options { format: Some(format), ..Options::default() });
            let h = Hypergraph::from_members(3, [[0, 2], [1, 2]], Duplicates::Error).unwrap();
            io::write_as(&Dataset::new("x", h), &path, format).unwrap();
            let mut whole = std::fs::read(&path).unwrap();
            let at = cut.index(whole.len());
            for (to, from) in whole[at..].iter_mut().zip(bytes.iter().take(3)) {
                *to = *from;
            }
            std::fs::write(&path, &whole).unwrap();
            let _ = io::read_with(&path, Options { format: Some(format), ..Options::default() });
        }
    }
}

#[test]
fn what_a_format_cannot_hold_is_refused_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let h = Hypergraph::from_members(3, [[0, 2], [1, 2]], Duplicates::Error).unwrap();
    let plain = Dataset::new("sample", h.clone());
    let refused = |d: Dataset, file: &str| {
        let path = folder.path().join(file);
        let error = io::write(&d, &path).unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        assert!(!path.exists());
        error.to_string()
    };
    let dense = Features::Dense(ndarray::array![[0.5], [1.0], [0.0]]);
    let error = refused(Dataset { features: dense, ..plain.clone() }, "text");
    assert!(error.ends_with("the text folder cannot hold features other than 0 and 1; write an .npz file instead"), "{error}");
    let weighted = h.with_hyperedge_weights(vec![1.0, 2.0]).unwrap();
    assert!(refused(Dataset::new("w", weighted.clone()), "text").contains("hyperedge weights"));
    assert!(refused(Dataset::new("w", weighted), "x.csv").contains("hyperedge weights"));
    assert!(refused(Dataset { node_weights: Some(vec![0.5; 3]), ..plain.clone() }, "text").contains("node weights"));
    let labels = Some(Labels::all(&[0, 1, 1]));
    assert!(refused(Dataset { labels, ..plain.clone() }, "x.tsv").contains("labels"));
    let sets = vec![SplitSet { name: "../up".into(), count: 1 }];
    let splits = vec![Split { train: vec![0], ..Split::default() }];
    assert!(refused(Dataset { splits: splits.clone(), split_sets: sets, ..plain.clone() }, "text").contains("../up"));
    let sets = ["b", "a"].map(|name| SplitSet { name: name.into(), count: 1 }).into();
    let error = refused(Dataset { splits: [splits.clone(), splits].concat(), split_sets: sets, ..plain }, "text");
    assert!(error.contains("cannot hold the order of the split sets \"b\" and \"a\""), "{error}");
}

/// A square matrix, so that a transposed one would not be noticed by its shape.
#[test]
fn columns_are_not_taken_for_rows() {
    let folder = tempfile::tempdir().unwrap();
    let dense = ndarray::array![[1.0f32, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 1.0]];
    let csc = sprs::CsMat::csc_from_dense(dense.view(), 0.0);
    let mut d = Dataset::new("x", Hypergraph::from_members(3, [[0, 2], [1, 2]], Duplicates::Error).unwrap());
    for format in [Format::Text, Format::Hif, Format::Npz] {
        d.features = Features::Sparse(csc.clone());
        let error = io::write_as(&d, folder.path().join("x"), format).unwrap_err().to_string();
        assert!(error.contains("expected CSR, as Features::from_sparse makes it as sparse features, found CSC"), "{error}");
        d.features = Features::from_sparse(csc.clone());
        assert_eq!(back(&d, format).features.to_dense().unwrap(), dense, "{format}");
    }
}

#[test]
fn a_text_folder_loses_files_that_no_longer_apply() {
    let folder = tempfile::tempdir().unwrap();
    let h = Hypergraph::from_members(3, [[0, 2], [1, 2]], Duplicates::Error).unwrap();
    let mut d = Dataset::new(folder.path().file_name().unwrap().to_string_lossy(), h);
    d.labels = Some(Labels::all(&[0, 1, 1]));
    d.splits = vec![Split { train: vec![0], valid: vec![1], test: vec![2] }];
    io::write_as(&d, folder.path(), Format::Text).unwrap();
    assert_eq!(io::read(folder.path()).unwrap(), d);
    (d.labels, d.splits) = (None, Vec::new());
    io::write_as(&d, folder.path(), Format::Text).unwrap();
    assert_eq!(io::read(folder.path()).unwrap(), d);
    let mut files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["hyperedges.txt"]);
}

#[test]
fn a_text_folder_with_files_of_others_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set");
    let mut d = Dataset::new("set", Hypergraph::from_members(3, [[0, 2], [1, 2]], Duplicates::Error).unwrap());
    io::write(&d, &path).unwrap();
    std::fs::write(path.join("notes.txt"), "mine").unwrap();
    d.labels = Some(Labels::all(&[0, 1, 1]));
    let error = io::write(&d, &path).unwrap_err().to_string();
    assert!(error.contains("nothing but the files of a data set, for it is replaced as a whole, found notes.txt"), "{error}");
    assert_eq!(std::fs::read(path.join("notes.txt")).unwrap(), b"mine");
    assert_eq!(io::read(&path).unwrap().labels, None);
    std::fs::remove_file(path.join("notes.txt")).unwrap();
    std::fs::create_dir(path.join("labels.txt")).unwrap();
    assert!(io::write(&d, &path).unwrap_err().to_string().ends_with("found labels.txt"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A link to the folder stays a link, and nothing temporary is left.
#[cfg(unix)]
#[test]
fn a_text_folder_is_replaced_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("a/b/set"), folder.path().join("set"));
    let mut d = Dataset::new("set", Hypergraph::from_members(3, [[0, 2], [1, 2]], Duplicates::Error).unwrap());
    io::write(&d, &path).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    d.labels = Some(Labels::all(&[0, 1, 1]));
    io::write(&d, &link).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(io::read(&path).unwrap(), d);
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

/// The last of the files cannot be written: its name is longer than a file's may be.
#[test]
fn a_failed_write_leaves_the_old_text_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set");
    let mut d = Dataset::new("set", Hypergraph::from_members(3, [[0, 2], [1, 2]], Duplicates::Error).unwrap());
    d.labels = Some(Labels::all(&[1, 1, 0]));
    io::write(&d, &path).unwrap();
    let mut other = Dataset { labels: Some(Labels::all(&[0, 1, 1])), ..d.clone() };
    other.splits = vec![Split { train: vec![0], ..Split::default() }];
    other.split_sets = vec![SplitSet { name: "p".repeat(300), count: 1 }];
    assert!(matches!(io::write(&other, &path).unwrap_err(), Error::Io { .. }));
    assert_eq!(io::read(&path).unwrap(), d);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_is_replaced_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    io::write_file(&path, b"{\"a\": 1}").unwrap();
    io::write_file(&path, b"{}").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"{}");
    let error = io::write_file(&folder.path().join("none/report.json"), b"{}").unwrap_err();
    assert!(error.to_string().contains("report.json") && matches!(error, Error::Io { .. }), "{error}");
    assert!(io::write_file(folder.path(), b"{}").is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn links_and_devices_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    std::fs::write(&file, "old").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    io::write_file(&link, b"new").unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read(&file).unwrap(), b"new");
    let null = folder.path().join("null");
    std::os::unix::fs::symlink("/dev/null", &null).unwrap();
    io::write_file(&null, b"new").unwrap();
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn a_refused_write_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let h = Hypergraph::from_members(3, [[0, 2], [1, 2]], Duplicates::Error).unwrap();
    let d = Dataset::new("x", h);
    io::write(&d, &path).unwrap();
    let empty = Hypergraph::from_pairs(3, 2, &[(0, 1)], Duplicates::Error).unwrap();
    let error = io::write(&Dataset::new("x", empty), &path).unwrap_err().to_string();
    assert!(error.contains("members in every hyperedge, found none in hyperedge 0"), "{error}");
    assert_eq!(io::read(&path).unwrap(), d);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
