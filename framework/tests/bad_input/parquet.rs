//! Parquet, as incidences and as hyperedges of a store.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field};
use hypergraphql_framework::io;
use hypergraphql_framework::store::{AtomSpace, LoadOptions};
use parquet::arrow::ArrowWriter;

use super::refused;

fn strings(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn integers(values: &[Option<i64>]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

/// Writes columns.
fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// How reading the incidences of columns fails.
fn error(columns: Vec<(&str, ArrayRef)>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    write(&path, columns);
    refused(&path)
}

/// How loading the hyperedges of columns fails.
fn load_error(columns: Vec<(&str, ArrayRef)>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    write(&path, columns);
    let error = AtomSpace::load(&[&path], &LoadOptions::default()).unwrap_err();
    error.to_string().replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn columns_are_named_with_type_and_what_was_expected() {
    let nodes = || integers(&[Some(0), Some(1)]);
    let floats = || Arc::new(Float64Array::from(vec![1.0, 2.0])) as ArrayRef;
    assert_eq!(
        error(vec![("node", nodes()), ("members", nodes())]),
        "x.parquet: expected the columns node, hyperedge and perhaps weight, found \"node, members\""
    );
    assert_eq!(
        error(vec![("node", floats()), ("hyperedge", nodes())]),
        "x.parquet: expected strings or integers as column \"node\", found floating-point numbers"
    );
    assert_eq!(
        error(vec![("node", nodes()), ("hyperedge", nodes()), ("weight", strings(&[Some("1"), None]))]),
        "x.parquet: expected numbers as column \"weight\", found strings"
    );
    assert_eq!(
        error(vec![("node", Arc::new(BinaryArray::from_vec(vec![b"a", b"b"])) as ArrayRef), ("hyperedge", nodes())]),
        "x.parquet: expected strings, numbers, booleans, dates or timestamps, or lists of them, as column \"node\", found the type Binary"
    );
    let field = Arc::new(Field::new("x", DataType::Int64, true));
    let nested: ArrayRef = Arc::new(StructArray::from(vec![(field, nodes())]));
    let found = load_error(vec![("role", nested)]);
    assert!(found.contains("as column \"role\", found the type Struct"), "{found}");
    assert_eq!(
        load_error(vec![("hyperedge", floats()), ("role", nodes())]),
        "x.parquet: expected names (strings or integers) of the hyperedges as column \"hyperedge\", found floating-point numbers"
    );
    let role = load_error(vec![("hyperedge", strings(&[Some("a")])), ("_:b", strings(&[Some("c")]))]);
    assert_eq!(role, "x.parquet: expected an IRI, found the column \"_:b\"");
}

#[test]
fn cells_are_named_by_column_and_row() {
    let two = || integers(&[Some(0), Some(1)]);
    let cell = |node: ArrayRef, edge: ArrayRef, weight: Option<ArrayRef>| {
        let columns = [("node", Some(node)), ("hyperedge", Some(edge)), ("weight", weight)];
        error(columns.into_iter().filter_map(|(name, column)| Some((name, column?))).collect())
    };
    for (found, expected) in [
        (cell(integers(&[Some(0), None]), two(), None), "the name or id of a node in column \"node\", row 2, found null"),
        (cell(integers(&[Some(-1), Some(2)]), two(), None), "the name or id of a node in column \"node\", row 1, found the negative id -1"),
        (cell(strings(&[Some("a"), Some("")]), two(), None), "the name or id of a node in column \"node\", row 2, found an empty string"),
        (
            cell(two(), integers(&[Some(0), None]), Some(Arc::new(Float64Array::from(vec![1.0, 2.0])))),
            "the name or id of a hyperedge in column \"hyperedge\", row 2, found null",
        ),
        (
            cell(two(), two(), Some(Arc::new(Float64Array::from(vec![Some(1.0), None])))),
            "a finite weight in column \"weight\", row 2, found null",
        ),
        (
            cell(two(), two(), Some(Arc::new(Float64Array::from(vec![1.0, f64::NAN])))),
            "a finite weight in column \"weight\", row 2, found NaN",
        ),
    ] {
        assert_eq!(found, format!("x.parquet: expected {expected}"));
    }
    let null = load_error(vec![("hyperedge", strings(&[Some("a"), None])), ("role", strings(&[None, Some("b")]))]);
    assert_eq!(null, "x.parquet: expected the name of a hyperedge in column \"hyperedge\", row 2, found null");
    let literal = load_error(vec![("hyperedge", strings(&[Some("\"a\"")])), ("role", strings(&[Some("b")]))]);
    assert_eq!(literal, "x.parquet: expected an IRI or a blank node in column \"hyperedge\", row 1, found \"\\\"a\\\"\"");
    let open = load_error(vec![("role", strings(&[Some("b"), Some("\"open")]))]);
    assert!(open.starts_with("x.parquet: expected a term of N-Triples") && open.contains("in column \"role\", row 2"), "{open}");
    let repeated = {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.parquet");
        write(&path, vec![("node", integers(&[Some(0), Some(0)])), ("hyperedge", integers(&[Some(0), Some(0)]))]);
        super::strict(&path)
    };
    assert_eq!(repeated, "x.parquet: expected every node at most once in a hyperedge, found 0 in 0 again");
}

/// A sound file of three incidences, uncompressed, so that its pages can be met.
fn sound(path: &Path) -> Vec<u8> {
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]));
    let names = strings(&[Some("a"), Some("bb"), None]);
    write(
        path,
        vec![
            ("hyperedge", integers(&[Some(0), Some(0), Some(1)])),
            ("node", names),
            ("weight", integers(&[Some(1), Some(2), Some(3)])),
            ("flag", flags),
        ],
    );
    std::fs::read(path).unwrap()
}

#[test]
fn a_file_cut_or_changed_anywhere_is_an_error_or_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let whole = sound(&path);
    let try_it = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let (read, loaded) = (io::read(&path), AtomSpace::load(&[&path], &LoadOptions::default()));
        if let Err(error) = &loaded {
            assert!(error.to_string().contains("x.parquet"), "{error}");
        }
        (read.is_ok(), loaded.is_ok())
    };
    assert!(try_it(&whole).1);
    // A panic of the reader is caught, and says nothing here.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for end in (0..whole.len()).step_by(3) {
        assert_eq!(try_it(&whole[..end]), (false, false), "cut at {end} of {}", whole.len());
    }
    for at in 0..whole.len() {
        for byte in [[0xff, 0x7f], [0x80, 0x00], [whole[at].wrapping_add(1), 0xff]][at % 3] {
            let mut changed = whole.clone();
            changed[at] = byte;
            try_it(&changed);
        }
    }
    std::panic::set_hook(hook);
    assert!(try_it(&whole).1);
}

#[test]
fn a_footer_that_claims_more_rows_than_there_are_is_refused() {
    use parquet::file::metadata::{FileMetaData, ParquetMetaDataReader, ParquetMetaDataWriter, RowGroupMetaData};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    write(&path, vec![("node", integers(&[Some(0), Some(1)])), ("hyperedge", integers(&[Some(0), Some(0)]))]);
    let whole = std::fs::read(&path).unwrap();
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&File::open(&path).unwrap()).unwrap();
    let footer = whole.len() - 8 - u32::from_le_bytes(whole[whole.len() - 8..whole.len() - 4].try_into().unwrap()) as usize;
    let claim = |rows: i64, of_group: i64| {
        let file = metadata.file_metadata();
        let file = FileMetaData::new(file.version(), rows, None, None, file.schema_descr_ptr(), None);
        let groups: Vec<RowGroupMetaData> =
            metadata.row_groups().iter().map(|group| group.clone().into_builder().set_num_rows(of_group).build().unwrap()).collect();
        let claimed = parquet::file::metadata::ParquetMetaData::new(file, groups);
        let mut bytes = whole[..footer].to_vec();
        ParquetMetaDataWriter::new(&mut bytes, &claimed).finish().unwrap();
        std::fs::write(&path, &bytes).unwrap();
        refused(&path)
    };
    let many = claim(1 << 60, 1 << 60);
    assert!(many.contains("expected at most") && many.contains("found 1152921504606846976 rows in its footer"), "{many}");
    let negative = claim(-1, -1);
    assert!(negative.contains("found -1 rows in its footer"), "{negative}");
    let more = claim(3, 3);
    assert!(more.contains("expected 3 rows, as the footer says, found 2 rows in its pages") || more.contains("that is whole"), "{more}");
    let fewer = claim(1, 1);
    assert!(fewer.contains("expected") && fewer.contains("x.parquet"), "{fewer}");
}

#[test]
fn other_files_are_told_apart() {
    let found = super::file("x.parquet", "node,hyperedge\n0,0\n");
    assert!(found.starts_with("x.parquet: expected a Parquet file that is whole, found "), "{found}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet.gz");
    std::fs::write(&path, sound(&folder.path().join("x.parquet"))).unwrap();
    let error = AtomSpace::load(&[&path], &LoadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("it is compressed inside, found one in gzip"), "{error}");
}
