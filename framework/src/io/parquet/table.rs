//! A Parquet file as a table of cells, batch by batch.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, TimeUnit};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use crate::io::open_file;
use crate::{Error, Place, Result};

/// Rows that are decoded at a time.
const BATCH: usize = 1 << 13;
/// More rows than so many for each byte of the file are not believed: no table is packed so well, and each row is to become statements.
const MOST_ROWS_A_BYTE: u64 = 1 << 10;

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    /// With digits after the point.
    Decimal(i8),
    Float,
    Boolean,
    Date,
    /// With the units of a second, in UTC or without a zone.
    DateTime {
        units: i128,
        utc: bool,
    },
}

/// A column of a table.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether a row has any number of cells of this kind there.
    pub(crate) list: bool,
}

/// A file that is being read.
pub(crate) struct Table {
    path: PathBuf,
    columns: Vec<Column>,
    reader: ParquetRecordBatchReader,
    /// How many rows the footer says there are.
    rows: u64,
    /// How many were read.
    read: u64,
}

impl Table {
    /// Opens a file and looks at its footer.
    ///
    /// # Errors
    /// When it is no Parquet file, is cut, says of itself what cannot be, or has a column of a type that no cell has: the error names the column.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = open_file(path)?;
        let bytes = file.metadata().map_err(Error::io(path, "read"))?.len();
        let builder = guarded(path, || {
            // What Arrow says of the types is left aside: dictionaries and views are strings.
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        })?;
        let rows = rows(path, builder.metadata(), bytes)?;
        check_compression(path, builder.metadata())?;
        let columns = builder.schema().fields().iter().map(|field| column(path, field)).collect::<Result<Vec<_>>>()?;
        let reader = guarded(path, || builder.with_batch_size(BATCH).build())?;
        Ok(Self { path: path.to_path_buf(), columns, reader, rows, read: 0 })
    }

    /// The columns, in the order of the file.
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The next rows, and how many were before them.
    ///
    /// # Errors
    /// When a page cannot be read, or there are more or fewer rows than the footer says.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, RecordBatch)>> {
        let reader = &mut self.reader;
        let batch = guarded(&self.path, || reader.next().transpose().map_err(parquet::errors::ParquetError::from))?;
        let before = self.read;
        self.read += batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
        if self.read > self.rows || batch.is_none() && self.read < self.rows {
            let expected = format!("{} rows, as the footer says", self.rows);
            return Err(Error::parse(Place::file(&self.path), expected, format!("{} rows in its pages", self.read)));
        }
        Ok(batch.map(|batch| (before, batch)))
    }

    /// An error about a cell.
    pub(crate) fn error(&self, column: usize, row: u64, expected: impl AsRef<str>, found: impl Into<String>) -> Error {
        let name = &self.columns[column].name;
        Error::parse(Place::file(&self.path), format!("{} in column {name:?}, row {}", expected.as_ref(), row + 1), found)
    }

    /// An error about the type of a column.
    pub(crate) fn wrong_type(&self, column: usize, expected: &str) -> Error {
        let Column { name, kind, list } = &self.columns[column];
        let found = if *list { format!("lists of {}", kind.name()) } else { kind.name().to_owned() };
        Error::parse(Place::file(&self.path), format!("{expected} as column {name:?}"), found)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "strings",
            Self::Integer => "integers",
            Self::Decimal(_) => "decimals",
            Self::Float => "floating-point numbers",
            Self::Boolean => "booleans",
            Self::Date => "dates",
            Self::DateTime { .. } => "timestamps",
        }
    }

    fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Utf8 => Self::Text,
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Self::Integer,
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => Self::Integer,
            DataType::Decimal128(_, scale @ 0..) => Self::Decimal(*scale),
            DataType::Float32 | DataType::Float64 => Self::Float,
            DataType::Boolean => Self::Boolean,
            DataType::Date32 => Self::Date,
            DataType::Timestamp(unit, zone) => {
                let units = match unit {
                    TimeUnit::Second => 1,
                    TimeUnit::Millisecond => 1_000,
                    TimeUnit::Microsecond => 1_000_000,
                    TimeUnit::Nanosecond => 1_000_000_000,
                };
                Self::DateTime { units, utc: zone.is_some() }
            }
            _ => return None,
        })
    }
}

/// The rows that the footer promises, if the file can hold as many.
fn rows(path: &Path, metadata: &ParquetMetaData, bytes: u64) -> Result<u64> {
    let error = |expected: String, found: i64| Err(Error::parse(Place::file(path), expected, format!("{found} rows in its footer")));
    let (whole, groups) = (metadata.file_metadata().num_rows(), metadata.row_groups());
    let sum = groups.iter().map(RowGroupMetaData::num_rows).try_fold(0i64, |sum, rows| if rows < 0 { None } else { sum.checked_add(rows) });
    let most = bytes.saturating_mul(MOST_ROWS_A_BYTE);
    match u64::try_from(whole) {
        Ok(rows) if rows <= most => match sum {
            Some(sum) if sum == whole => Ok(rows),
            _ => error("as many rows as its row groups have".to_owned(), whole),
        },
        Ok(_) => error(format!("at most {most} rows in {bytes} bytes"), whole),
        Err(_) => error("a number of rows".to_owned(), whole),
    }
}

/// Refuses compressions whose readers are written in other languages.
fn check_compression(path: &Path, metadata: &ParquetMetaData) -> Result<()> {
    use parquet::basic::Compression::{GZIP, LZ4, LZ4_RAW, SNAPPY, UNCOMPRESSED};
    let columns = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
    for column in columns {
        let compression = column.compression();
        if !matches!(compression, UNCOMPRESSED | SNAPPY | GZIP(_) | LZ4 | LZ4_RAW) {
            let expected = format!("Snappy, gzip, LZ4 or no compression of column {:?}", column.column_path().string());
            return Err(Error::parse(Place::file(path), expected, format!("{compression}; write the file again with one of these")));
        }
    }
    Ok(())
}

fn column(path: &Path, field: &Arc<Field>) -> Result<Column> {
    let (inner, list) = match field.data_type() {
        DataType::List(item) => (item.data_type(), true),
        other => (other, false),
    };
    match Kind::of(inner) {
        Some(kind) => Ok(Column { name: field.name().clone(), kind, list }),
        None => {
            let expected = format!("strings, numbers, booleans, dates or timestamps, or lists of them, as column {:?}", field.name());
            Err(Error::parse(Place::file(path), expected, format!("the type {}", field.data_type())))
        }
    }
}

/// Runs a part of the reader, which panics at some files that are damaged.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, parquet::errors::ParquetError>) -> Result<T> {
    let error = |found: String| Error::parse(Place::file(path), "a Parquet file that is whole", found);
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(read) => read.map_err(|why| error(why.to_string())),
        Err(_) => Err(error("a damaged page or footer".to_owned())),
    }
}
