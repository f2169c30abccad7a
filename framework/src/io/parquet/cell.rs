//! Cells of a table and how they are written.

use std::fmt;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use oxrdf::NamedNodeRef;
use oxrdf::vocab::xsd;
use oxsdatatypes::{DateTime, Double};

/// Seconds from the beginning of the year 1, from which on `oxsdatatypes` counts, to 1970.
const SECONDS_TO_1970: i128 = 62_135_596_800;
/// Units of time in `oxsdatatypes`.
const ATTO: i128 = 10i128.pow(18);

/// A value of a table; it prints as the lexical form of its datatype.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell<'a> {
    Text(&'a str),
    Integer(i128),
    /// In units of this many digits after the point.
    Decimal(i128, i8),
    Float(f64),
    Boolean(bool),
    /// Days since 1970.
    Date(i32),
    /// Units of 10^-18 seconds since 1970.
    DateTime {
        since: i128,
        utc: bool,
    },
}

impl<'a> Cell<'a> {
    /// The cell of a row; none if it is null.
    pub(crate) fn of(array: &'a ArrayRef, row: usize) -> Option<Self> {
        if array.is_null(row) {
            return None;
        }
        let stamp = |value: i64, units: i128, utc: bool| Self::DateTime { since: i128::from(value) * (ATTO / units), utc };
        Some(match array.data_type() {
            DataType::Utf8 => Self::Text(array.as_string::<i32>().value(row)),
            DataType::Int8 => Self::Integer(array.as_primitive::<Int8Type>().value(row).into()),
            DataType::Int16 => Self::Integer(array.as_primitive::<Int16Type>().value(row).into()),
            DataType::Int32 => Self::Integer(array.as_primitive::<Int32Type>().value(row).into()),
            DataType::Int64 => Self::Integer(array.as_primitive::<Int64Type>().value(row).into()),
            DataType::UInt8 => Self::Integer(array.as_primitive::<UInt8Type>().value(row).into()),
            DataType::UInt16 => Self::Integer(array.as_primitive::<UInt16Type>().value(row).into()),
            DataType::UInt32 => Self::Integer(array.as_primitive::<UInt32Type>().value(row).into()),
            DataType::UInt64 => Self::Integer(array.as_primitive::<UInt64Type>().value(row).into()),
            DataType::Decimal128(_, scale) => Self::Decimal(array.as_primitive::<Decimal128Type>().value(row), *scale),
            DataType::Float32 => Self::Float(array.as_primitive::<Float32Type>().value(row).into()),
            DataType::Float64 => Self::Float(array.as_primitive::<Float64Type>().value(row)),
            DataType::Boolean => Self::Boolean(array.as_boolean().value(row)),
            DataType::Date32 => Self::Date(array.as_primitive::<Date32Type>().value(row)),
            DataType::Timestamp(unit, zone) => {
                let utc = zone.is_some();
                match unit {
                    TimeUnit::Second => stamp(array.as_primitive::<TimestampSecondType>().value(row), 1, utc),
                    TimeUnit::Millisecond => stamp(array.as_primitive::<TimestampMillisecondType>().value(row), 1_000, utc),
                    TimeUnit::Microsecond => stamp(array.as_primitive::<TimestampMicrosecondType>().value(row), 1_000_000, utc),
                    TimeUnit::Nanosecond => stamp(array.as_primitive::<TimestampNanosecondType>().value(row), 1_000_000_000, utc),
                }
            }
            // `Table::open` has refused all others.
            _ => return None,
        })
    }

    /// The datatype of a literal of it.
    pub(crate) fn datatype(self) -> NamedNodeRef<'static> {
        match self {
            Self::Text(_) => xsd::STRING,
            Self::Integer(_) => xsd::INTEGER,
            Self::Decimal(..) => xsd::DECIMAL,
            Self::Float(_) => xsd::DOUBLE,
            Self::Boolean(_) => xsd::BOOLEAN,
            Self::Date(_) => xsd::DATE,
            Self::DateTime { .. } => xsd::DATE_TIME,
        }
    }

    /// A number.
    pub(crate) fn number(self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(number as f64),
            Self::Decimal(number, scale) => Some(number as f64 / 10f64.powi(scale.into())),
            Self::Float(number) => Some(number),
            _ => None,
        }
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
            Self::Decimal(number, scale) => {
                let (sign, digits) = (if number < 0 { "-" } else { "" }, number.unsigned_abs().to_string());
                let places = usize::from(scale.unsigned_abs());
                let digits = format!("{digits:0>width$}", width = places + 1);
                let (whole, rest) = digits.split_at(digits.len() - places);
                match rest.trim_end_matches('0') {
                    "" => write!(f, "{sign}{whole}"),
                    rest => write!(f, "{sign}{whole}.{rest}"),
                }
            }
            Self::Float(number) => Double::from(number).fmt(f),
            Self::Boolean(value) => value.fmt(f),
            Self::Date(days) => {
                let text = date_time(i128::from(days) * 86_400 * ATTO).to_string();
                f.write_str(text.split_once('T').map_or(&text, |(date, _)| date))
            }
            Self::DateTime { since, utc } => {
                let text = date_time(since).to_string();
                let plain = text.trim_end_matches('Z');
                f.write_str(if utc { &text } else { plain })
            }
        }
    }
}

/// In UTC.
fn date_time(since_1970: i128) -> DateTime {
    let mut bytes = [0; 18];
    bytes[..16].copy_from_slice(&(since_1970 + SECONDS_TO_1970 * ATTO).to_be_bytes());
    DateTime::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_written_in_the_lexical_form_of_their_datatype() {
        for (cell, text) in [
            (Cell::Integer(-7), "-7"),
            (Cell::Decimal(-1_050, 3), "-1.05"),
            (Cell::Decimal(5, 2), "0.05"),
            (Cell::Decimal(700, 2), "7"),
            (Cell::Decimal(7, 0), "7"),
            (Cell::Float(0.5), "0.5"),
            (Cell::Float(f64::INFINITY), "INF"),
            (Cell::Boolean(true), "true"),
            (Cell::Date(0), "1970-01-01"),
            (Cell::Date(-719_162), "0001-01-01"),
            (Cell::Date(18_321), "2020-02-29"),
            (Cell::DateTime { since: 0, utc: true }, "1970-01-01T00:00:00Z"),
            (Cell::DateTime { since: -ATTO / 4, utc: false }, "1969-12-31T23:59:59.75"),
        ] {
            assert_eq!(cell.to_string(), text);
            let literal = oxrdf::Literal::new_typed_literal(text, cell.datatype());
            assert_eq!(literal.datatype(), cell.datatype());
        }
        // The whole range of the types can be written.
        for days in [i32::MIN, i32::MAX] {
            assert!(!Cell::Date(days).to_string().is_empty());
        }
        assert!(!Cell::DateTime { since: i128::from(i64::MIN) * ATTO, utc: true }.to_string().is_empty());
    }
}
