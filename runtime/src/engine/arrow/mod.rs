//! Solutions as Arrow record batches: one schema for the whole answer, the rows decoded batch by batch.
//!
//! What a column is follows from all of its values in the answer, in this order:
//!
//! | all values are | column | `hq:values` |
//! |---|---|---|
//! | integers of at most 64 bits, of `xsd:integer` or a type derived from it | `Int64` | `integer` |
//! | integers and decimals of at most 20 digits before the point | `Decimal128(38, 18)` | `decimal` |
//! | floats and doubles | `Float64` | `double` |
//! | numbers | `Float64`, the nearest one | `number` |
//! | booleans | `Boolean` | `boolean` |
//! | dates without a zone | `Date32` | `date` |
//! | dateTimes with a zone, of whole microseconds | `Timestamp(µs, "UTC")`, the same instant | `dateTime` |
//! | dateTimes without a zone, of whole microseconds | `Timestamp(µs)` | `dateTime` |
//! | IRIs; blank nodes; both | `Utf8`: the IRI; `_:label` | `iri`, `blank`, `node` |
//! | other literals | `Utf8`: the lexical form | `literal` |
//! | triple terms | `Utf8`, in the syntax of N-Triples | `triple` |
//! | anything else | `Utf8` of the above: an IRI and a string of its letters are one there | `term` |
//! | there are none | `Utf8` of nulls | `none` |
//!
//! No value is null. `hq:values` is a key of the field's metadata, as are `hq:datatype` where all values are literals of one datatype and `hq:language` where
//! they are strings of one language. [`Cells::Terms`] gives all columns as `Utf8` in the syntax of N-Triples, which loses nothing (`hq:values` is `ntriples`);
//! [`Cells::Ids`] gives the ids as `UInt32` (`hq:values` is `id`), to be used as [`Solutions::ids`] says.

mod column;
mod kind;

use std::num::NonZeroUsize;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema, SchemaRef};
use rayon::prelude::*;

use super::{QueryError, Solutions};
use column::Full;
use kind::Kind;

/// What errors call it.
const OPERATOR: &str = "the record batches of the answer";

/// What the columns of record batches hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cells {
    /// Numbers, booleans and dates as such where all values of a column are, else their text.
    #[default]
    Values,
    /// Terms in the syntax of N-Triples.
    Terms,
    /// The ids of the snapshot that was asked.
    Ids,
}

/// How solutions become record batches.
#[derive(Clone, Copy, Debug)]
pub struct BatchOptions {
    /// What the columns hold.
    pub cells: Cells,
    /// Rows of a batch at most; a batch of very long texts has fewer.
    pub rows: NonZeroUsize,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self { cells: Cells::default(), rows: const { NonZeroUsize::new(1 << 16).expect("not zero") } }
    }
}

/// Record batches of an answer, each made when it is asked for; all have [`RecordBatches::schema`].
#[derive(Debug)]
pub struct RecordBatches<'s> {
    solutions: &'s Solutions,
    kinds: Vec<Kind>,
    schema: SchemaRef,
    most: usize,
    next: usize,
}

impl Solutions {
    /// The rows as Arrow record batches; their schema is decided now, by a look at each different value, the rows are decoded as they are asked for.
    ///
    /// ```
    /// use arrow_schema::DataType;
    /// use hypergraphql_framework::store::AtomSpace;
    /// use hypergraphql_runtime::engine::{Answer, BatchOptions, Engine, QueryOptions};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::new(AtomSpace::from_quads([])?);
    /// let answer = engine.query("SELECT * { VALUES (?who ?age) { (:ada 36) (:grace UNDEF) } }", &QueryOptions::default())?;
    /// let Answer::Solutions(found) = answer else { panic!("SELECT gives solutions") };
    /// let batches = found.record_batches(&BatchOptions::default())?;
    /// let types: Vec<_> = batches.schema().fields().iter().map(|field| field.data_type().clone()).collect();
    /// assert_eq!(types, [DataType::Utf8, DataType::Int64]);
    /// for batch in batches {
    ///     assert_eq!(batch?.column(1).null_count(), 1);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`QueryError::Timeout`], [`QueryError::Cancelled`], or [`QueryError::Memory`] where the ids of a column do not fit beside the answer.
    pub fn record_batches(&self, options: &BatchOptions) -> Result<RecordBatches<'_>, QueryError> {
        let kinds = (0..self.variables().len()).map(|column| Kind::of(self, column, options.cells));
        let kinds = kinds.collect::<Result<Vec<_>, _>>()?;
        let field = |(name, kind): (&String, &Kind)| Field::new(name, kind.data_type(), true).with_metadata(kind.metadata());
        let fields: Vec<Field> = self.variables().iter().zip(&kinds).map(field).collect();
        Ok(RecordBatches { solutions: self, kinds, schema: Arc::new(Schema::new(fields)), most: options.rows.get(), next: 0 })
    }
}

impl RecordBatches<'_> {
    /// Names and types of the columns, for all batches.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// So many of the next rows, or fewer where their text is longer than a batch may be.
    fn make(&self, mut rows: usize) -> Result<RecordBatch, QueryError> {
        let columns = loop {
            self.solutions.check()?;
            let range = self.next..self.next + rows;
            let make = |(column, kind): (usize, &Kind)| kind.array(self.solutions, column, range.clone());
            match self.kinds.par_iter().enumerate().map(make).collect::<Result<Vec<_>, Full>>() {
                Ok(columns) => break columns,
                Err(Full::Stopped(error)) => return Err(error),
                Err(Full::Text) if rows > 1 => rows /= 2,
                Err(Full::Text) => return Err(QueryError::TooLong { operator: OPERATOR.to_owned() }),
            }
        };
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema(), columns, &options)
            .map_err(|error| QueryError::Plan { operator: OPERATOR.to_owned(), what: error.to_string() })
    }
}

impl Iterator for RecordBatches<'_> {
    type Item = Result<RecordBatch, QueryError>;

    /// The next batch; after an error there is none.
    fn next(&mut self) -> Option<Self::Item> {
        let left = self.solutions.len() - self.next;
        if left == 0 {
            return None;
        }
        let batch = self.make(left.min(self.most));
        self.next = batch.as_ref().map_or(self.solutions.len(), |batch| self.next + batch.num_rows());
        Some(batch)
    }
}
