//! Writing tables.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::dataset::name;
use crate::io::incidences::{check_writable, must_declare};
use crate::io::replace;
use crate::{Dataset, Error, Name, Result};

/// Rows that are encoded at a time.
const BATCH: usize = 1 << 16;

/// Writes the incidences of a data set, as CSV has them.
pub(in crate::io) fn write(dataset: &Dataset, path: &Path) -> Result<()> {
    check_writable(dataset, path, "Parquet")?;
    let weights = dataset.hypergraph.incidence_weights_edge_major();
    let (nodes, edges) = (Names::of(dataset.node_names.as_deref()), Names::of(dataset.hyperedge_names.as_deref()));
    let declared = if must_declare(dataset) { 0..dataset.hypergraph.nodes() as u32 } else { 0..0 };
    let declared = declared.map(|node| (node, None));
    let incidences = dataset.hypergraph.edge_major().entries().enumerate().map(|(i, (edge, node))| (node, Some((edge, i))));
    let mut fields = vec![Field::new("node", nodes.data_type(), false), Field::new("hyperedge", edges.data_type(), true)];
    if weights.is_some() {
        fields.push(Field::new("weight", DataType::Float64, true));
    }
    let schema = Arc::new(Schema::new(fields));
    let mut rows = declared.chain(incidences);
    let batches = std::iter::from_fn(|| {
        let part: Vec<(u32, Option<(u32, usize)>)> = rows.by_ref().take(BATCH).collect();
        if part.is_empty() {
            return None;
        }
        let mut columns =
            vec![nodes.array(part.iter().map(|row| Some(row.0))), edges.array(part.iter().map(|row| row.1.map(|(edge, _)| edge)))];
        if let Some(weights) = &weights {
            columns.push(Arc::new(part.iter().map(|row| row.1.map(|(_, i)| weights[i])).collect::<Float64Array>()));
        }
        Some(RecordBatch::try_new(Arc::clone(&schema), columns).map_err(ParquetError::from))
    });
    replace(path, |to| save(to, &schema, batches).map_err(Error::io(path, "write")))
}

/// Writes batches of a schema as a Parquet file.
pub(crate) fn save(
    to: impl Write + Send,
    schema: &SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch, ParquetError>>,
) -> io::Result<()> {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = ArrowWriter::try_new(to, Arc::clone(schema), Some(properties))?;
    for batch in batches {
        writer.write(&batch?)?;
    }
    writer.close()?;
    Ok(())
}

/// Names as a column: of integers if all are, else of strings in their plain form.
struct Names<'a> {
    names: Option<&'a [Name]>,
    numbers: bool,
}

impl<'a> Names<'a> {
    fn of(names: Option<&'a [Name]>) -> Self {
        Self { names, numbers: names.is_none_or(|names| names.iter().all(|name| matches!(name, Name::Number(_)))) }
    }

    fn data_type(&self) -> DataType {
        if self.numbers { DataType::Int64 } else { DataType::Utf8 }
    }

    fn array(&self, ids: impl Iterator<Item = Option<u32>>) -> ArrayRef {
        let names = ids.map(|id| id.map(|id| name::of(self.names, id)));
        if self.numbers {
            let number = |name: Option<Name>| if let Some(Name::Number(number)) = name { Some(number) } else { None };
            return Arc::new(names.map(number).collect::<Int64Array>());
        }
        Arc::new(names.map(|name| name.map(|name| name.to_plain())).collect::<StringArray>())
    }
}
