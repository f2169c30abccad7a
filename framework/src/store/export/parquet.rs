//! The table of hyperedges as Parquet: integers, doubles and booleans whose lexical forms are the usual ones as such, all else as strings; roles with several
//! players as lists.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use oxrdf::NamedNode;
use oxrdf::vocab::xsd;
use oxsdatatypes::Double;
use parquet::errors::ParquetError;

use super::roles::{Column, Roles, is_text};
use crate::io::{Cell, save_parquet};

/// Hyperedges that are encoded at a time.
const BATCH: usize = 1 << 13;

/// How the cells of a column are stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Storage {
    Text,
    Integer,
    Double,
    Boolean,
}

pub(super) fn write(roles: &Roles<'_>, to: impl Write + Send) -> io::Result<()> {
    let storages = storages(roles);
    let field = |(column, storage): (&Column, &Storage)| {
        let data_type = storage.data_type();
        // Reading names the items of lists so.
        let data_type = if column.width > 1 { DataType::new_list(data_type, true) } else { data_type };
        Field::new(&column.name, data_type, true)
    };
    let mut fields = vec![Field::new("hyperedge", DataType::Utf8, false)];
    fields.extend(roles.columns.iter().zip(&storages).map(field));
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let batches = roles.hyperedges.chunks(BATCH).map(|hyperedges| {
        let mut cells: Vec<Vec<Vec<String>>> = roles.columns.iter().map(|_| vec![vec![]; hyperedges.len()]).collect();
        for (row, hyperedge) in hyperedges.iter().enumerate() {
            roles.cells(*hyperedge).for_each(|(column, text)| cells[column][row].push(text));
        }
        let names = hyperedges.iter().map(|hyperedge| Some(roles.name(*hyperedge)));
        let mut columns: Vec<ArrayRef> = vec![Arc::new(names.collect::<StringArray>())];
        let players = roles.columns.iter().zip(&storages).zip(&cells);
        columns.extend(players.map(|((column, storage), cells)| storage.array(column.width > 1, cells)));
        RecordBatch::try_new(Arc::clone(&schema), columns).map_err(ParquetError::from)
    });
    save_parquet(to, &schema, batches)
}

/// How each column is stored, by a look at all of its cells.
fn storages(roles: &Roles<'_>) -> Vec<Storage> {
    let mut storages: Vec<Storage> = roles.columns.iter().map(|column| Storage::of(column.datatype.as_ref(), is_text(column))).collect();
    if storages.iter().all(|storage| *storage == Storage::Text) {
        return storages;
    }
    for hyperedge in &roles.hyperedges {
        for (column, text) in roles.cells(*hyperedge) {
            if !storages[column].holds(&text) {
                storages[column] = Storage::Text;
            }
        }
    }
    storages
}

impl Storage {
    fn of(datatype: Option<&NamedNode>, text: bool) -> Self {
        match datatype {
            Some(datatype) if !text && *datatype == xsd::INTEGER => Self::Integer,
            Some(datatype) if !text && *datatype == xsd::DOUBLE => Self::Double,
            Some(datatype) if !text && *datatype == xsd::BOOLEAN => Self::Boolean,
            _ => Self::Text,
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Integer => DataType::Int64,
            Self::Double => DataType::Float64,
            Self::Boolean => DataType::Boolean,
        }
    }

    /// Whether the lexical form is the one that is read again.
    fn holds(self, text: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Integer => text.parse::<i64>().is_ok_and(|number| Cell::Integer(number.into()).to_string() == text),
            Self::Double => double(text).is_some_and(|number| Cell::Float(number).to_string() == text),
            Self::Boolean => ["true", "false"].contains(&text),
        }
    }

    /// The column of the cells of each row.
    fn array(self, list: bool, cells: &[Vec<String>]) -> ArrayRef {
        match self {
            Self::Text => fill(StringBuilder::new(), list, cells, append_text),
            Self::Integer => fill(Int64Builder::new(), list, cells, |to, text| to.append_option(text.and_then(|text| text.parse().ok()))),
            Self::Double => fill(Float64Builder::new(), list, cells, |to, text| to.append_option(text.and_then(double))),
            Self::Boolean => fill(BooleanBuilder::new(), list, cells, |to, text| to.append_option(text.map(|text| text == "true"))),
        }
    }
}

/// Builds a column, of lists or of single cells; null where a row has none.
fn fill<B: ArrayBuilder>(mut values: B, list: bool, cells: &[Vec<String>], append: impl Fn(&mut B, Option<&str>)) -> ArrayRef {
    if !list {
        cells.iter().for_each(|cells| append(&mut values, cells.first().map(String::as_str)));
        return values.finish();
    }
    let mut lists = ListBuilder::new(values);
    for cells in cells {
        cells.iter().for_each(|text| append(lists.values(), Some(text)));
        lists.append(!cells.is_empty());
    }
    Arc::new(lists.finish())
}

fn append_text(to: &mut StringBuilder, text: Option<&str>) {
    to.append_option(text);
}

fn double(text: &str) -> Option<f64> {
    text.parse::<Double>().ok().map(f64::from)
}
