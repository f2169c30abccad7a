//! npz files against numpy and scipy, HIF files against XGI; skipped where python3 (or HGQL_PYTHON) does not have them.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::process::Command;

use hypergraphql_framework::{Dataset, Duplicates, Features, Hypergraph, Labels, Name, Split, io};

/// Runs a script in the folder; None where the module is missing.
fn python(test: &str, module: &str, folder: &std::path::Path, script: &str) -> Option<String> {
    let program = std::env::var_os("HGQL_PYTHON").unwrap_or_else(|| "python3".into());
    let run = |code: &str| Command::new(&program).current_dir(folder).args(["-c", code]).output();
    if !run(&format!("import {module}")).is_ok_and(|o| o.status.success()) {
        eprintln!("SKIPPED {test}: no python3 with {module}");
        return None;
    }
    let output = run(script).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn scipy_reads_what_we_write() {
    let folder = tempfile::tempdir().unwrap();
    let pairs = [(0, 0), (4, 1), (2, 1), (3, 2)];
    let h = Hypergraph::from_weighted_pairs(5, 3, &pairs, &[0.5, 2.0, 1.0, 3.0], Duplicates::Error).unwrap();
    let mut d = Dataset::new("é", h);
    d.features = Features::Dense(ndarray::Array2::from_shape_fn((5, 2), |(r, c)| (r * 2 + c) as f32));
    d.labels = Some(Labels { classes: 3, of: vec![Some(0), None, Some(2), Some(1), Some(0)] });
    io::write(&d, folder.path().join("ours.npz")).unwrap();
    let script = "import numpy as np, scipy.sparse as sp
z = np.load('ours.npz')
print(sp.load_npz('ours.npz').toarray().tolist(), z['features'][3].tolist(), z['labels'].tolist(), bytes(z['name']).decode().strip() == '\\u00e9')";
    let Some(printed) = python("scipy_reads_what_we_write", "scipy.sparse", folder.path(), script) else { return };
    let rows = "[[0.5, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 3.0], [0.0, 2.0, 0.0]]";
    assert_eq!(printed.trim(), format!("{rows} [6.0, 7.0] [0, -1, 2, 1, 0] True"));
}

#[test]
fn we_read_what_scipy_writes() {
    let folder = tempfile::tempdir().unwrap();
    let script = "import numpy as np, scipy.sparse as sp
a = sp.csr_matrix(np.array([[0, 2.5, 0], [1, 0, 0], [0, 1, 3], [0, 0, 0]]))
sp.save_npz('csr.npz', a)
sp.save_npz('csc.npz', a.tocsc(), compressed=False)
sp.save_npz('int.npz', a.astype(np.int8))
np.savez_compressed('more.npz', format='csr', shape=a.shape, indptr=a.indptr, indices=a.indices, data=a.data, labels=np.array([0, 1, 1, 0]), features=np.asfortranarray(np.arange(12).reshape(4, 3)).astype(np.float16, order='F'))";
    if python("we_read_what_scipy_writes", "scipy.sparse", folder.path(), script).is_none() {
        return;
    }
    for name in ["csr", "csc", "more"] {
        let d = io::read(folder.path().join(format!("{name}.npz"))).unwrap();
        assert_eq!(d.hypergraph.pairs().collect::<Vec<_>>(), [(0, 1), (1, 0), (2, 1), (2, 2)]);
        assert_eq!(d.hypergraph.incidence_weights(), Some([2.5, 1.0, 1.0, 3.0].as_slice()));
    }
    let int = io::read(folder.path().join("int.npz")).unwrap();
    assert_eq!(int.hypergraph.incidence_weights(), Some([2.0, 1.0, 1.0, 3.0].as_slice()));
    let more = io::read(folder.path().join("more.npz")).unwrap();
    let by_row = ndarray::Array2::from_shape_fn((4, 3), |(r, c)| (3 * r + c) as f32);
    assert_eq!((more.labels.unwrap().classes, more.features), (2, Features::Dense(by_row)));
}

fn named() -> Dataset {
    let h = Hypergraph::from_weighted_pairs(5, 3, &[(0, 0), (4, 1), (2, 1), (3, 2)], &[0.5, 2.0, 1.0, 3.0], Duplicates::Error).unwrap();
    let mut d = Dataset::new("named", h.with_hyperedge_weights(vec![1.0, 0.25, 2.0]).unwrap());
    d.features = Features::Dense(ndarray::Array2::from_shape_fn((5, 2), |(r, c)| (r * 2 + c) as f32));
    d.labels = Some(Labels { classes: 3, of: vec![Some(0), None, Some(2), Some(1), Some(0)] });
    d.label_names = ["a", "b", "c"].map(str::to_owned).into();
    d.splits = vec![Split { train: vec![0, 3], valid: vec![2], test: vec![4] }];
    d.node_weights = Some(vec![1.0, 2.0, 0.5, 1.0, 1.0]);
    d.node_names = Some(["é", "7", "b", "c", "d"].map(|n| Name::Text(n.into())).into());
    d.hyperedge_names = Some(["x", "y", "z"].map(|n| Name::Text(n.into())).into());
    d
}

#[test]
fn xgi_reads_what_we_write() {
    let folder = tempfile::tempdir().unwrap();
    io::write(&named(), folder.path().join("ours.hif.json")).unwrap();
    let script = "import xgi
h = xgi.read_hif('ours.hif.json')
members = {e: sorted(h.edges.members(e)) for e in h.edges}
print(sorted(h.nodes) == sorted(['\\u00e9', '7', 'b', 'c', 'd']), members == {'x': ['\\u00e9'], 'y': ['b', 'd'], 'z': ['c']})
print(h.nodes['\\u00e9']['features'], h.nodes['b']['class'])";
    let Some(printed) = python("xgi_reads_what_we_write", "xgi", folder.path(), script) else { return };
    assert_eq!(printed.trim(), "True True\n[0.0, 1.0] 2");
}

#[test]
fn we_read_what_xgi_writes() {
    let folder = tempfile::tempdir().unwrap();
    let script = "import xgi
h = xgi.Hypergraph({'x': ['a', 'b'], 'y': ['b', 'c', 'd'], 'z': ['a']})
xgi.write_hif(h, 'theirs.json')";
    if python("we_read_what_xgi_writes", "xgi", folder.path(), script).is_none() {
        return;
    }
    let d = io::read(folder.path().join("theirs.json")).unwrap();
    let (nodes, edges) = (d.node_names.unwrap(), d.hyperedge_names.unwrap());
    let text = |names: &[Name], i: u32| names[i as usize].to_plain();
    let mut found: Vec<_> = d.hypergraph.pairs().map(|(n, e)| text(&edges, e) + &text(&nodes, n)).collect();
    found.sort();
    assert_eq!(found, ["xa", "xb", "yb", "yc", "yd", "za"]);
    assert_eq!(nodes.len(), 4);
}
