//! Record batches: the types of columns, values that come back, batches that are small, limits.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType, UInt32Type};
use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, TimeUnit};
use hypergraphql_runtime::engine::{Answer, BatchOptions, Cells, Engine, QueryError, QueryOptions, Solutions};

use super::{engine, people, text};

fn solutions_with(engine: &Engine, query: &str, options: &QueryOptions) -> Solutions {
    match engine.query(&text(query), options).unwrap() {
        Answer::Solutions(solutions) => solutions,
        other => panic!("{query} gave {other:?}"),
    }
}

fn solutions(engine: &Engine, query: &str) -> Solutions {
    solutions_with(engine, query, &QueryOptions::default())
}

/// Batches of so many rows, through the bytes of an IPC stream.
fn batches(solutions: &Solutions, cells: Cells, rows: usize) -> Vec<RecordBatch> {
    let options = BatchOptions { cells, rows: NonZeroUsize::new(rows).unwrap() };
    let batches = solutions.record_batches(&options).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batches.schema()).unwrap();
    batches.for_each(|batch| writer.write(&batch.unwrap()).unwrap());
    let bytes = writer.into_inner().unwrap();
    StreamReader::try_new(bytes.as_slice(), None).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The one batch of a query of a column `?v` with these values.
fn column(values: &str) -> (Field, RecordBatch) {
    let query = format!("PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> SELECT * {{ VALUES ?v {{ {values} }} }}");
    let batch = batches(&solutions(&people(), &query), Cells::Values, 100).remove(0);
    (batch.schema().field(0).clone(), batch)
}

fn kind(values: &str) -> (DataType, String, Option<String>) {
    let (field, _) = column(values);
    let of = |key: &str| field.metadata().get(key).cloned();
    let datatype = of("hq:datatype").map(|iri| iri.rsplit(['#', '/']).next().unwrap().to_owned());
    (field.data_type().clone(), of("hq:values").unwrap(), datatype.or(of("hq:language")))
}

#[test]
fn the_values_of_a_column_decide_its_type() {
    let time = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
    for (values, data_type, what, datatype) in [
        ("1 -2 UNDEF", DataType::Int64, "integer", Some("integer")),
        ("1 '2'^^xsd:byte", DataType::Int64, "integer", None),
        ("1 2.5", DataType::Decimal128(38, 18), "decimal", None),
        ("'9223372036854775808'^^xsd:unsignedLong", DataType::Decimal128(38, 18), "decimal", Some("unsignedLong")),
        ("1e0 'NaN'^^xsd:double 'INF'^^xsd:double", DataType::Float64, "double", Some("double")),
        ("1e0 '1'^^xsd:float", DataType::Float64, "double", None),
        ("1e0 1 2.5", DataType::Float64, "number", None),
        ("true '0'^^xsd:boolean", DataType::Boolean, "boolean", Some("boolean")),
        ("'2020-02-29'^^xsd:date '-0001-01-01'^^xsd:date", DataType::Date32, "date", Some("date")),
        ("'2020-02-29Z'^^xsd:date", DataType::Utf8, "literal", Some("date")),
        ("'2020-02-29T01:00:00.000001+01:00'^^xsd:dateTime", time(Some("UTC")), "dateTime", Some("dateTime")),
        ("'2020-02-29T01:00:00'^^xsd:dateTime", time(None), "dateTime", Some("dateTime")),
        ("'2020-02-29T01:00:00.0000001Z'^^xsd:dateTime", DataType::Utf8, "literal", Some("dateTime")),
        ("'2020-02-29T01:00:00'^^xsd:dateTime '2020-02-29T01:00:00Z'^^xsd:dateTime", DataType::Utf8, "literal", Some("dateTime")),
        ("x:a x:b", DataType::Utf8, "iri", None),
        ("'a' 'b'", DataType::Utf8, "literal", Some("string")),
        ("'a'@en 'b'@en", DataType::Utf8, "literal", Some("langString")),
        ("'a'@en 'b'", DataType::Utf8, "literal", None),
        ("1 'one'", DataType::Utf8, "literal", None),
        ("'one'^^xsd:integer", DataType::Utf8, "literal", Some("integer")),
        ("x:a 'a'", DataType::Utf8, "term", None),
        ("1 x:a", DataType::Utf8, "term", None),
        ("UNDEF", DataType::Utf8, "none", None),
    ] {
        assert_eq!(kind(values), (data_type, what.to_owned(), datatype.map(str::to_owned)), "{values}");
    }
    let (language, _) = column("'a'@en 'b'@en");
    assert_eq!(language.metadata().get("hq:language").map(String::as_str), Some("en"));
    let nodes = solutions(&people(), "SELECT ?f { ?a x:friend|x:knows ?f }");
    let nodes = nodes.record_batches(&BatchOptions::default()).unwrap().schema();
    assert_eq!(nodes.field(0).metadata()["hq:values"], "node");
    let triples = solutions(&people(), "SELECT ?t { BIND(TRIPLE(x:a, x:b, 1) AS ?t) }");
    let triples = batches(&triples, Cells::Values, 1).remove(0);
    assert_eq!(
        triples.column(0).as_string::<i32>().value(0),
        "<<( <http://x/a> <http://x/b> \"1\"^^<http://www.w3.org/2001/XMLSchema#integer> )>>"
    );
    assert_eq!(triples.schema().field(0).metadata()["hq:values"], "triple");
}

#[test]
fn values_are_exact() {
    let column = |values: &str| column(values).1.column(0).clone();
    assert_eq!(column("9223372036854775807 -9223372036854775808").as_primitive::<Int64Type>().values(), &[i64::MAX, i64::MIN]);
    let decimals = column("0.1 -99999999999999999999.999999999999999999 UNDEF");
    let decimals = decimals.as_primitive::<Decimal128Type>();
    assert_eq!((decimals.value(0), decimals.value(1), decimals.is_null(2)), (10i128.pow(17), 1 - 10i128.pow(38), true));
    // A decimal of 39 digits, which xsd:decimal has here and Arrow has not.
    assert_eq!(*column("100000000000000000000.5").data_type(), DataType::Utf8);
    assert_eq!(
        column("1e0 '0.1'^^<http://www.w3.org/2001/XMLSchema#float>").as_primitive::<Float64Type>().values(),
        &[1.0, f64::from(0.1f32)]
    );
    let dates = column("'1970-01-02'^^xsd:date '1969-12-31'^^xsd:date '2000-03-01'^^xsd:date '0001-01-01'^^xsd:date");
    assert_eq!(dates.as_primitive::<Date32Type>().values(), &[1, -1, 11_017, -719_162]);
    let instants = column("'1970-01-01T01:00:00.5+01:00'^^xsd:dateTime '1969-12-31T23:59:59.999999Z'^^xsd:dateTime");
    assert_eq!(instants.as_primitive::<TimestampMicrosecondType>().values(), &[500_000, -1]);
    let truth = column("true '0'^^xsd:boolean UNDEF");
    let truth = truth.as_boolean();
    assert_eq!([0, 1].map(|at| truth.value(at)), [true, false]);
    assert!(truth.is_null(2));
}

#[test]
fn batches_are_small_and_hold_every_row_in_order() {
    let people = people();
    let found = solutions(
        &people,
        "SELECT ?who ?age ?name { ?who ?p ?o OPTIONAL { ?who x:age ?age } OPTIONAL { ?who x:name ?name } } ORDER BY ?who ?o",
    );
    let expected: Vec<Vec<String>> =
        found.rows().map(|row| row.iter().map(|term| term.as_ref().map(ToString::to_string).unwrap_or_default()).collect()).collect();
    let terms = batches(&found, Cells::Terms, 3);
    assert!(terms.len() > 2 && terms[..terms.len() - 1].iter().all(|batch| batch.num_rows() == 3));
    let rows = |batch: &RecordBatch| {
        (0..batch.num_rows())
            .map(|row| {
                let cell = |column: &Arc<dyn Array>| if column.is_null(row) { "" } else { column.as_string::<i32>().value(row) }.to_owned();
                batch.columns().iter().map(cell).collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(terms.iter().flat_map(rows).collect::<Vec<_>>(), expected);
    // The type is that of the whole answer: the first batch has integers alone.
    let values = batches(&found, Cells::Values, 1);
    assert!(values.iter().all(|batch| batch.column(1).as_primitive_opt::<Decimal128Type>().is_some()), "{:?}", values[0].schema());
    let ids = batches(&found, Cells::Ids, 4);
    for (at, name) in found.variables().iter().enumerate() {
        let read = ids.iter().flat_map(|batch| batch.column(at).as_primitive::<UInt32Type>().iter().map(|id| id.unwrap_or(u32::MAX)));
        assert_eq!(read.collect::<Vec<_>>(), found.ids(name).unwrap(), "{name}");
    }
}

#[test]
fn answers_without_rows_or_columns_are_batches_too() {
    let none = solutions(&people(), "SELECT ?a ?b { ?a x:nothing ?b }");
    let mut none = none.record_batches(&BatchOptions::default()).unwrap();
    assert_eq!(none.schema().fields().len(), 2);
    assert!(none.next().is_none());
    let unit = solutions(&people(), "SELECT * { x:ann x:knows x:bob }");
    let batch = unit.record_batches(&BatchOptions::default()).unwrap().next().unwrap().unwrap();
    assert_eq!((batch.num_rows(), batch.num_columns()), (1, 0));
}

#[test]
fn limits_hold_while_rows_are_decoded() {
    let flag = Arc::new(AtomicBool::new(false));
    let options = QueryOptions { cancel: Some(Arc::clone(&flag)), ..QueryOptions::default() };
    let people = people();
    let found = solutions_with(&people, "SELECT * { ?a ?b ?c }", &options);
    let mut batches = found.record_batches(&BatchOptions { rows: NonZeroUsize::MIN, ..BatchOptions::default() }).unwrap();
    assert!(batches.next().unwrap().is_ok());
    flag.store(true, Ordering::Relaxed);
    assert!(matches!(batches.next(), Some(Err(QueryError::Cancelled { .. }))));
    assert!(batches.next().is_none());
    assert!(matches!(found.record_batches(&BatchOptions::default()), Err(QueryError::Cancelled { .. })));
    let late = QueryOptions { timeout: Some(Duration::from_secs(1)), ..QueryOptions::default() };
    let late = solutions_with(&people, "SELECT * { ?a ?b ?c }", &late);
    std::thread::sleep(Duration::from_millis(1100));
    assert!(matches!(late.record_batches(&BatchOptions::default()), Err(QueryError::Timeout { .. })));
    let many: String = (0..50_000).map(|i| format!("<http://x/{i}> <http://x/p> \"{i}\" .\n")).collect();
    let narrow = QueryOptions { memory: Some(500_000), ..QueryOptions::default() };
    let found = solutions_with(&engine(&many), "SELECT * { ?a x:p ?c }", &narrow);
    let error = found.record_batches(&BatchOptions::default()).unwrap().next().unwrap().unwrap_err();
    assert!(matches!(error, QueryError::Memory { .. }), "{error}");
}
