//! npz files against numpy and scipy, HIF files against XGI, Parquet files against pyarrow; skipped where python3 (or HGQL_PYTHON) does not have them.
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

#[test]
fn we_read_what_pyarrow_writes() {
    use hypergraphql_framework::store::{AtomSpace, LoadOptions};
    let folder = tempfile::tempdir().unwrap();
    let script = "import pyarrow as pa, pyarrow.parquet as pq, datetime as dt, decimal
pq.write_table(pa.table({'node': ['a', 'b', 'a'], 'hyperedge': pa.array(['x', 'x', 'y']).dictionary_encode(), 'weight': pa.array([1.5, 2, 1], pa.float32())}), 'incidences.parquet')
pq.write_table(pa.table({'node': pa.array([0, 2, 1], pa.uint8()), 'edge': pa.array([0, 0, None], pa.int16())}), 'numbers.parquet', compression='gzip')
utc = dt.timezone.utc
pq.write_table(pa.table({
  'hyperedge': pa.array(['h', 'i'], pa.large_string()),
  'author': [['ada', '\"Grace\"@en'], None],
  'year': pa.array([1843, None], pa.int32()),
  'price': [decimal.Decimal('1.50'), decimal.Decimal('-2')],
  'open': [True, None],
  'on': [dt.date(2020, 2, 29), None],
  'at': [dt.datetime(2020, 2, 29, 12, 30, 0, 250000, utc), None],
  'local': pa.array([dt.datetime(2020, 2, 29, 12, 30), None], pa.timestamp('ms')),
  'size^^xsd:float': [0.5, None],
  'hq:strength': ['0.9', None],
}), 'roles.parquet', compression='lz4')
pq.write_table(pa.table({'node': ['a'], 'hyperedge': ['x']}), 'zstd.parquet', compression='zstd')";
    if python("we_read_what_pyarrow_writes", "pyarrow.parquet", folder.path(), script).is_none() {
        return;
    }
    let d = io::read(folder.path().join("incidences.parquet")).unwrap();
    assert_eq!(d.hypergraph.pairs().collect::<Vec<_>>(), [(0, 0), (0, 1), (1, 0)]);
    assert_eq!(d.hypergraph.incidence_weights(), Some([1.5, 1.0, 2.0].as_slice()));
    assert_eq!(d.node_names.unwrap(), ["a", "b"].map(|name| Name::Text(name.into())));
    let d = io::read(folder.path().join("numbers.parquet")).unwrap();
    assert_eq!((d.hypergraph.nodes(), d.hypergraph.pairs().collect::<Vec<_>>()), (3, vec![(0, 0), (2, 0)]));
    let space = AtomSpace::load(&[folder.path().join("roles.parquet")], &LoadOptions::default()).unwrap();
    let mut found: Vec<String> = space
        .quads()
        .filter(|quad| !quad.predicate.as_str().ends_with("type"))
        .map(|quad| {
            quad.to_string()
                .replace("http://www.w3.org/2001/XMLSchema#", "xsd:")
                .replace("http://example.org/", "")
                .replace("https://hypergraphql.org/ns#", "hq:")
        })
        .collect();
    found.sort();
    let expected = [
        "<h> <at> \"2020-02-29T12:30:00.25Z\"^^<xsd:dateTime>",
        "<h> <author> \"Grace\"@en",
        "<h> <author> <ada>",
        "<h> <hq:strength> \"0.9\"^^<xsd:decimal>",
        "<h> <local> \"2020-02-29T12:30:00\"^^<xsd:dateTime>",
        "<h> <on> \"2020-02-29\"^^<xsd:date>",
        "<h> <open> \"true\"^^<xsd:boolean>",
        "<h> <price> \"1.5\"^^<xsd:decimal>",
        "<h> <size> \"0.5\"^^<xsd:float>",
        "<h> <year> \"1843\"^^<xsd:integer>",
        "<i> <price> \"-2\"^^<xsd:decimal>",
    ];
    assert_eq!(found, expected);
    let error = io::read(folder.path().join("zstd.parquet")).unwrap_err().to_string();
    assert!(error.contains("expected Snappy, gzip, LZ4 or no compression of column \"node\", found ZSTD"), "{error}");
}

#[test]
fn pyarrow_reads_what_we_write() {
    use hypergraphql_framework::store::{AtomSpace, Format, LoadOptions};
    let folder = tempfile::tempdir().unwrap();
    let h = Hypergraph::from_weighted_pairs(3, 2, &[(0, 0), (2, 1)], &[0.5, 2.0], Duplicates::Error).unwrap();
    io::write(&Dataset::new("ours", h), folder.path().join("ours.parquet")).unwrap();
    std::fs::write(folder.path().join("roles.csv"), "hyperedge,author,author,year^^xsd:integer\nh,ada,grace,1843\ni,ada,,\n").unwrap();
    let space = AtomSpace::load(&[folder.path().join("roles.csv")], &LoadOptions::default()).unwrap();
    space.export(folder.path().join("roles.parquet"), Format::Parquet).unwrap();
    let script = "import pyarrow.parquet as pq
print(pq.read_table('ours.parquet').to_pydict())
t = pq.read_table('roles.parquet')
print([(f.name.rsplit('/')[-1], str(f.type)) for f in t.schema], t.column(2).to_pylist(), t.column(1).to_pylist()[1])";
    let Some(printed) = python("pyarrow_reads_what_we_write", "pyarrow.parquet", folder.path(), script) else { return };
    let [ours, roles] = printed.lines().collect::<Vec<_>>()[..] else { panic!("{printed}") };
    assert_eq!(ours, "{'node': [0, 1, 2, 0, 2], 'hyperedge': [None, None, None, 0, 1], 'weight': [None, None, None, 0.5, 2.0]}");
    assert!(roles.starts_with("[('hyperedge', 'string'), ('author', 'list<item: string>'), ('year^^xsd:integer', 'int64')]"), "{roles}");
    assert!(roles.ends_with("[1843, None] ['http://example.org/ada']"), "{roles}");
}
