//! npz.

use std::io::Write;

use hypergraphql_framework::{Dataset, Duplicates, Features, Hypergraph, Labels, Split, io};
use zip::write::SimpleFileOptions;

use super::{file, refused};

/// A numpy array with this header and body.
fn npy(descr: &str, shape: &str, body: &[u8]) -> Vec<u8> {
    let dict = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", (dict.len() as u16).to_le_bytes().as_slice(), dict.as_bytes(), body].concat()
}

pub(super) fn i64s(values: &[i64]) -> Vec<u8> {
    npy("<i8", &format!("({},)", values.len()), &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

pub(super) fn f64s(values: &[f64]) -> Vec<u8> {
    npy("<f8", &format!("({},)", values.len()), &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

/// A sound matrix of 5 nodes and 2 hyperedges with some arrays put in place of others.
pub(super) fn archive(changes: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut arrays = vec![
        ("format", npy("|S3", "()", b"csr")),
        ("shape", i64s(&[5, 2])),
        ("indptr", i64s(&[0, 1, 1, 2, 4, 4])),
        ("indices", i64s(&[0, 1, 0, 1])),
        ("data", f64s(&[1.0, 1.0, 1.0, 1.0])),
    ];
    for (name, array) in changes {
        arrays.retain(|a| a.0 != *name);
        arrays.push((name, array.clone()));
    }
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, array) in arrays.iter().filter(|a| !a.1.is_empty()) {
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        zip.write_all(array).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn error(name: &str, array: Vec<u8>) -> String {
    file("x.npz", archive(&[(name, array)]))
}

#[test]
fn csr_and_csc_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    std::fs::write(&path, archive(&[])).unwrap();
    let csr = io::read(&path).unwrap();
    assert_eq!(csr.hypergraph.pairs().collect::<Vec<_>>(), [(0, 0), (2, 1), (3, 0), (3, 1)]);
    assert_eq!(csr.hypergraph.incidence_weights(), None);
    let changes = [("format", npy("<U3", "()", b"c\0\0\0s\0\0\0c\0\0\0")), ("indptr", i64s(&[0, 2, 4])), ("indices", i64s(&[3, 0, 2, 3]))];
    std::fs::write(&path, archive(&changes)).unwrap();
    assert_eq!(io::read(&path).unwrap(), csr);
}

#[test]
fn cut_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let h = Hypergraph::from_members(5, [[0, 2], [1, 3]], Duplicates::Error).unwrap();
    io::write(&Dataset { labels: Some(Labels::all(&[0, 1, 1, 0, 2])), ..Dataset::new("x", h) }, &path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let found = refused(&path);
        assert!(found.starts_with("x.npz: expected a whole npz file (a zip archive), found another or a cut one"), "{length}: {found}");
    }
}

#[test]
fn damaged_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let whole = archive(&[]);
    for at in 0..whole.len() {
        for bit in [1, 0x80] {
            let mut damaged = whole.clone();
            damaged[at] ^= bit;
            std::fs::write(&path, &damaged).unwrap();
            // A flipped bit in a date still reads; what counts is that no flip panics or changes the hypergraph.
            if let Ok(d) = io::read(&path) {
                assert_eq!(d.hypergraph.pairs().collect::<Vec<_>>(), [(0, 0), (2, 1), (3, 0), (3, 1)], "byte {at}");
            }
        }
    }
}

#[test]
fn a_header_claiming_two_to_the_sixtieth_rows() {
    let found = error("indptr", npy("<i8", "(1152921504606846976,)", &[0; 48]));
    assert_eq!(found, "x.npz: expected 6 elements in array \"indptr\", found 1152921504606846976");
    let found = error("indices", npy("<i8", "(1152921504606846976,)", &[0; 32]));
    assert!(found.contains("at most 4294967295, found 1152921504606846976"), "{found}");
    let found = error("features", npy("<f4", "(5, 1152921504606846976)", &[0; 8]));
    assert!(found.contains("shape [5, 1152921504606846976], which is more than 2^64 bytes, but 8 bytes of elements"), "{found}");
    let found = error("shape", i64s(&[1 << 60, 2]));
    assert_eq!(found, "x.npz: expected sizes from 0 to 4294967295 in array \"shape\", found 1152921504606846976");
    let found = error("shape", i64s(&[4_000_000_000, 2]));
    let advice = "(any number in a file of CSR that is not compressed)";
    let nodes = format!("x.npz: expected at most 1048576 nodes for 4 incidences {advice} in array \"shape\", found 4000000000");
    assert_eq!(found, nodes);
    let csc = [("format", npy("|S3", "()", b"csc")), ("indptr", i64s(&[0, 2, 4])), ("indices", i64s(&[3, 0, 2, 3]))];
    let found = file("x.npz", archive(&[&csc, [("shape", i64s(&[4_000_000_000, 2]))].as_slice()].concat()));
    assert_eq!(found, nodes);
    let found = error("shape", i64s(&[5, 4_000_000_000]));
    assert!(found.contains("expected members in every hyperedge in array \"shape\", found 4000000000 hyperedges but 4"), "{found}");
    assert!(error("shape", i64s(&[-5, 2])).contains("found -5"));
    assert!(error("shape", i64s(&[5])).contains("expected 2 elements"));
}

/// Many isolated nodes are no claim where the file holds a row start for each.
#[test]
fn isolated_nodes_that_the_file_pays_for_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let d = Dataset::new("x", Hypergraph::from_members(1_500_001, [[0, 2], [1, 1_500_000]], Duplicates::Error).unwrap());
    io::write(&d, &path).unwrap();
    assert_eq!(io::read(&path).unwrap(), d);
}

/// Headers that disagree with `shape` are refused before their elements, which are not even there, are asked for.
#[test]
fn arrays_of_other_lengths_are_refused_by_their_headers() {
    for (name, expected) in [
        ("shape", "2 elements"),
        ("indptr", "6 elements"),
        ("data", "4 elements"),
        ("labels", "5 elements"),
        ("node_weights", "5 elements"),
        ("hyperedge_weights", "2 elements"),
    ] {
        let found = error(name, npy("<f8", "(1000000000,)", &[]));
        assert_eq!(found, format!("x.npz: expected {expected} in array {name:?}, found 1000000000"));
    }
    let found = error("features", npy("<f4", "(1000000000, 2)", &[]));
    assert_eq!(found, "x.npz: expected 5 rows, one per node, in array \"features\", found 1000000000");
    let found = error("splits", npy("|u1", "(2, 1000000000)", &[]));
    assert_eq!(found, "x.npz: expected 5 columns, one per node, in array \"splits\", found 1000000000");
}

/// 300 MB of zeros in 300 kB, of lengths that no other array contradicts.
#[test]
fn a_deflate_bomb_is_not_unpacked() {
    for (name, array) in [("features", npy("<f4", "(5, 15000000)", &[])), ("node_names", npy("|u1", "(300000000,)", &[]))] {
        let mut zip = zip::ZipWriter::new_append(std::io::Cursor::new(archive(&[]))).unwrap();
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        zip.write_all(&array).unwrap();
        (0..300).for_each(|_| zip.write_all(&[0; 1_000_000]).unwrap());
        let found = file("x.npz", zip.finish().unwrap().into_inner());
        assert!(found.contains("more than 256 times fewer; save it uncompressed"), "{found}");
        assert!(found.contains(&format!("in array {name:?}")), "{found}");
    }
}

#[test]
fn features_by_column_and_of_16_bits_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    // Rows 1 6, 2 7, 3 8, 4 9, 5 10.
    let body: Vec<u8> =
        [0x3c00u16, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600, 0x4700, 0x4800, 0x4880, 0x4900].iter().flat_map(|b| b.to_le_bytes()).collect();
    let mut features = npy("<f2", "(5, 2)", &body);
    let at = features.windows(5).position(|w| w == b"False").unwrap();
    features[at..at + 5].copy_from_slice(b"True ");
    std::fs::write(&path, archive(&[("features", features)])).unwrap();
    let expected = ndarray::Array2::from_shape_fn((5, 2), |(r, c)| (1 + r + 5 * c) as f32);
    assert_eq!(io::read(&path).unwrap().features, Features::Dense(expected));
}

#[test]
fn ids_and_row_starts() {
    let found = error("indices", i64s(&[0, 1, 2, 1]));
    assert_eq!(found, "x.npz: expected ids from 0 to below 2 in array \"indices\", found 2 at position 2");
    assert!(error("indices", i64s(&[0, -1, 0, 1])).contains("found -1 at position 1"));
    for starts in [[0, 1, 1, 2, 4, 5], [1, 1, 1, 2, 4, 4], [0, 3, 1, 2, 4, 4], [0, -1, 1, 2, 4, 4]] {
        let found = error("indptr", i64s(&starts));
        assert!(found.contains("expected row starts that rise from 0 to 4 in array \"indptr\""), "{found}");
    }
}

#[test]
fn a_hyperedge_with_no_members_and_an_empty_hypergraph() {
    assert!(error("indices", i64s(&[0, 0, 0, 0])).contains("every hyperedge, found none in hyperedge 1"));
    let changes = [("shape", i64s(&[0, 0])), ("indptr", i64s(&[0])), ("indices", i64s(&[])), ("data", f64s(&[]))];
    assert!(file("x.npz", archive(&changes)).contains("found an empty hypergraph (0 nodes, 0 hyperedges)"));
}

#[test]
fn values() {
    assert!(error("data", f64s(&[1.0, f64::NAN, 1.0, 1.0])).contains("expected a finite number as weight of pair 1, found NaN"));
    assert!(error("data", f64s(&[1.0])).contains("expected 4 elements in array \"data\", found 1"));
    assert!(error("data", npy("|O", "(4,)", &[0; 32])).contains("found the header"));
    assert!(error("data", Vec::new()).contains("expected an array \"data\" (CSR, as scipy.sparse.save_npz writes it), found only"));
    assert!(error("format", npy("|S3", "()", b"coo")).contains("expected csr or csc in array \"format\", found \"coo\""));
    assert!(error("hyperedge_weights", f64s(&[1.0])).contains("expected 2 elements in array \"hyperedge_weights\", found 1"));
    assert!(error("hyperedge_weights", f64s(&[1.0, -1.0])).contains("as weight of hyperedge 1, found -1"));
}

#[test]
fn nan_features() {
    let mut values = [0f32; 10];
    values[7] = f32::NAN;
    let body: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let found = error("features", npy("<f4", "(5, 2)", &body));
    assert_eq!(found, "x.npz: expected a finite number as feature at row 3, column 1, found NaN");
}

#[test]
fn other_lengths() {
    assert!(error("features", npy("<f4", "(4, 2)", &[0; 32])).contains("expected 5 rows, one per node, in array"));
    assert!(error("features", npy("<f4", "(5,)", &[0; 20])).contains("expected two axes"));
    assert!(error("labels", i64s(&[0, 1, 1])).contains("expected 5 elements in array \"labels\", found 3"));
    assert!(error("labels", i64s(&[0, 1, 1, -2, 0])).contains("expected classes from 0, or -1 in array \"labels\", found -2"));
    assert!(error("labels", i64s(&[0, 1, 1, i64::MAX, 0])).contains("found 9223372036854775807"));
    assert!(error("splits", npy("|u1", "(2, 4)", &[0; 8])).contains("expected 5 columns, one per node, in array \"splits\", found 4"));
    assert!(error("splits", npy("|u1", "(1, 5)", &[0, 1, 2, 3, 255])).contains("expected 0, 1, 2 or 255 in array \"splits\", found 3"));
    assert!(error("node_names", npy("|u1", "(3,)", b"a\nb")).contains("expected 5, one per node as node names, found 2"));
    assert!(error("node_names", npy("|u1", "(3,)", b"a\n\xff")).contains("found the byte 0xff at 2"));
}

#[test]
fn no_archive_at_all() {
    assert!(file("x.npz", "no zip").contains("expected a whole npz file"));
    assert!(file("x.npz", "").contains("expected a whole npz file"));
}

#[test]
fn in_memory_datasets_are_checked_on_writing() {
    let folder = tempfile::tempdir().unwrap();
    let h = Hypergraph::from_members(3, [[0, 2], [1, 2]], Duplicates::Error).unwrap();
    let write = |d: Dataset| io::write(&d, folder.path().join("x.npz")).unwrap_err().to_string();
    let plain = Dataset::new("x", h);
    let features = Features::Dense(ndarray::array![[1.0], [f32::INFINITY], [0.0]]);
    assert!(write(Dataset { features, ..plain.clone() }).contains("feature at row 1, column 0"));
    let splits = vec![Split { train: vec![0, 3], ..Split::default() }];
    assert!(write(Dataset { splits, ..plain }).contains("expected node ids below 3 as split 0, train, found 3"));
}
