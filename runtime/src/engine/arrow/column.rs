//! Arrays of a column's values.

use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
    UInt32Builder,
};
use arrow_array::{ArrayRef, Decimal128Array, TimestampMicrosecondArray};
use hypergraphql_query::expr::Value;
use oxrdf::Term;
use oxsdatatypes::Decimal;

use super::OPERATOR;
use super::kind::{Cell, Kind, SCALE, days, microseconds, scaled};
use crate::engine::{QueryError, Solutions};
use crate::executor::UNBOUND;

/// Bytes of text in an array at most: its offsets have 31 bits.
const MOST_TEXT: usize = 1 << 30;

/// Why there is no array.
pub(super) enum Full {
    /// The text of its rows is too long for one.
    Text,
    Stopped(QueryError),
}

impl Kind {
    /// The values of these rows.
    pub(super) fn array(&self, solutions: &Solutions, column: usize, rows: Range<usize>) -> Result<ArrayRef, Full> {
        let ids = &solutions.table.columns[column][rows];
        solutions.limits.room(OPERATOR, 16 * ids.len() as u64).map_err(Full::Stopped)?;
        let values = || ids.iter().map(|id| solutions.terms.term(*id).map(|term| Value::from(&term)));
        Ok(match self.cell {
            Cell::Integer => {
                let mut array = Int64Builder::with_capacity(ids.len());
                values().for_each(|value| array.append_option(value.as_ref().and_then(integer)));
                Arc::new(array.finish())
            }
            Cell::Decimal => {
                let mut array = Decimal128Builder::with_capacity(ids.len());
                values().for_each(|value| array.append_option(value.as_ref().and_then(decimal)));
                decimals(array.finish())?
            }
            Cell::Double => {
                let mut array = Float64Builder::with_capacity(ids.len());
                values().for_each(|value| array.append_option(value.as_ref().and_then(double)));
                Arc::new(array.finish())
            }
            Cell::Boolean => {
                let mut array = BooleanBuilder::with_capacity(ids.len());
                values().for_each(|value| array.append_option(value.as_ref().and_then(boolean)));
                Arc::new(array.finish())
            }
            Cell::Date => {
                let mut array = Date32Builder::with_capacity(ids.len());
                values().for_each(|value| array.append_option(value.as_ref().and_then(date)));
                Arc::new(array.finish())
            }
            Cell::DateTime { utc } => {
                let mut array = TimestampMicrosecondBuilder::with_capacity(ids.len());
                values().for_each(|value| array.append_option(value.as_ref().and_then(instant)));
                let array: TimestampMicrosecondArray = array.finish();
                Arc::new(if utc { array.with_timezone("UTC") } else { array })
            }
            Cell::Text => texts(solutions, ids, |term, text| match term {
                Term::NamedNode(node) => text.push_str(node.as_str()),
                Term::Literal(literal) => text.push_str(literal.value()),
                Term::BlankNode(_) | Term::Triple(_) => ntriples(term, text),
            })?,
            Cell::NTriples => texts(solutions, ids, ntriples)?,
            Cell::Id => {
                let mut array = UInt32Builder::with_capacity(ids.len());
                ids.iter().for_each(|id| array.append_option(Some(*id).filter(|id| *id != UNBOUND)));
                Arc::new(array.finish())
            }
        })
    }
}

fn texts(solutions: &Solutions, ids: &[u32], write: impl Fn(&Term, &mut String)) -> Result<ArrayRef, Full> {
    let (mut array, mut text, mut bytes) = (StringBuilder::with_capacity(ids.len(), 16 * ids.len()), String::new(), 0);
    for (row, id) in ids.iter().enumerate() {
        if row % 4096 == 0 {
            solutions.check().and_then(|()| solutions.limits.room(OPERATOR, bytes as u64)).map_err(Full::Stopped)?;
        }
        let Some(term) = solutions.terms.term(*id) else {
            array.append_null();
            continue;
        };
        text.clear();
        write(&term, &mut text);
        bytes += text.len();
        if bytes > MOST_TEXT {
            return Err(Full::Text);
        }
        array.append_value(&text);
    }
    Ok(Arc::new(array.finish()))
}

fn ntriples(term: &Term, text: &mut String) {
    // Writing to a string does not fail.
    let _ = write!(text, "{term}");
}

fn decimals(array: Decimal128Array) -> Result<ArrayRef, Full> {
    let array = array.with_precision_and_scale(38, SCALE);
    let failed = |error: arrow_schema::ArrowError| QueryError::Plan { operator: OPERATOR.to_owned(), what: error.to_string() };
    Ok(Arc::new(array.map_err(failed).map_err(Full::Stopped)?))
}

fn integer(value: &Value) -> Option<i64> {
    if let Value::Integer(number) = value.plain() { Some(*number) } else { None }
}

fn decimal(value: &Value) -> Option<i128> {
    match value.plain() {
        Value::Integer(number) => Some(scaled(Decimal::from(*number).to_be_bytes())),
        Value::Decimal(number) => Some(scaled(number.to_be_bytes())),
        _ => None,
    }
}

fn double(value: &Value) -> Option<f64> {
    match value.plain() {
        Value::Integer(number) => Some(*number as f64),
        Value::Decimal(number) => Some(oxsdatatypes::Double::from(*number).into()),
        Value::Float(number) => Some(f64::from(f32::from(*number))),
        Value::Double(number) => Some((*number).into()),
        _ => None,
    }
}

fn boolean(value: &Value) -> Option<bool> {
    if let Value::Boolean(value) = value.plain() { Some(*value) } else { None }
}

fn date(value: &Value) -> Option<i32> {
    if let Value::Date(value) = value.plain() { days(*value) } else { None }
}

fn instant(value: &Value) -> Option<i64> {
    if let Value::DateTime(value) = value.plain() { microseconds(*value) } else { None }
}
