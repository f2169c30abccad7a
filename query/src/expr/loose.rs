//! Literals that the query wrote as strings or integers and that are read as dates where they are compared with one (relaxation 3 of HyperQL).

use oxsdatatypes::{DateTime, GYear, TimezoneOffset};

use super::compare::compare;
use super::error::EvalError;
use super::value::Value;
use crate::algebra::Comparison;

/// A string literal (for gYear: an integer literal) of the query with what it means as a date.
#[derive(Clone, Debug)]
pub(super) struct Loose {
    /// The term.
    pub(super) value: Value,
    /// It as a dateTime, date or gYear; an integer as a gYear.
    date: Option<Value>,
}

impl Loose {
    pub(super) fn new(value: Value) -> Self {
        let date = match &value {
            Value::String(text) => read(text),
            Value::Integer(year) => gyear(*year).map(Value::GYear),
            _ => None,
        };
        Self { value, date }
    }

    /// Whether `other comparison self` holds.
    ///
    /// With a dateTime, date or gYear the literal is one as well: of the same type if its form is that, else both are the instants at which they begin.
    /// A literal without a time zone is in UTC if the other value has one.
    ///
    /// # Errors
    /// As [`compare`].
    pub(super) fn compare(&self, other: &Value, comparison: Comparison) -> Result<bool, EvalError> {
        let Some(date) = self.date_for(other.plain()) else {
            return compare(comparison, other, &self.value);
        };
        if std::mem::discriminant(other.plain()) == std::mem::discriminant(date) {
            return compare(comparison, other, &in_zone_of(other.plain(), date));
        }
        match (start(other.plain()), start(date)) {
            (Some(a), Some(b)) => {
                let a = Value::DateTime(a);
                let b = in_zone_of(&a, &Value::DateTime(b));
                compare(comparison, &a, &b)
            }
            _ => compare(comparison, other, &self.value),
        }
    }

    /// The literal as a date, if it is compared with one. An integer is a year only beside a year.
    fn date_for(&self, other: &Value) -> Option<&Value> {
        match (&self.value, other) {
            (Value::String(_), Value::DateTime(_) | Value::Date(_) | Value::GYear(_)) | (Value::Integer(_), Value::GYear(_)) => {
                self.date.as_ref()
            }
            _ => None,
        }
    }
}

/// A comparison with its sides exchanged.
pub(super) fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

fn read(text: &str) -> Option<Value> {
    let date_time = text.parse().map(Value::DateTime);
    date_time.or_else(|_| text.parse().map(Value::Date)).or_else(|_| text.parse().map(Value::GYear)).ok()
}

fn gyear(year: i64) -> Option<GYear> {
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:04}", year.unsigned_abs()).parse().ok()
}

/// The instant at which a dateTime, date or gYear begins.
fn start(value: &Value) -> Option<DateTime> {
    match value {
        Value::DateTime(value) => Some(*value),
        Value::Date(value) => (*value).try_into().ok(),
        Value::GYear(value) => {
            let zone = value.timezone_offset().map(|zone| zone.to_string()).unwrap_or_default();
            format!("{}-01-01T00:00:00{zone}", value.adjust(None)?).parse().ok()
        }
        _ => None,
    }
}

/// The date in UTC, if it has no time zone and the other value has one.
fn in_zone_of(other: &Value, date: &Value) -> Value {
    let utc = Some(TimezoneOffset::UTC);
    let adjusted = match (other, date) {
        (Value::DateTime(a), Value::DateTime(b)) if a.timezone().is_some() && b.timezone().is_none() => b.adjust(utc).map(Value::DateTime),
        (Value::Date(a), Value::Date(b)) if a.timezone().is_some() && b.timezone().is_none() => b.adjust(utc).map(Value::Date),
        (Value::GYear(a), Value::GYear(b)) if a.timezone().is_some() && b.timezone().is_none() => b.adjust(utc).map(Value::GYear),
        _ => None,
    };
    adjusted.unwrap_or_else(|| date.clone())
}
