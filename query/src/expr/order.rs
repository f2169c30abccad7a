//! The total order of `ORDER BY`, `MIN` and `MAX`.

use std::cmp::Ordering;

use super::duration::{self, duration};
use super::value::Value;

/// The order of `ORDER BY`: total, the same in every run, and consistent with `<` wherever that is defined.
///
/// Unbound, blank nodes by label, IRIs, numbers by exact value, NaN, strings by code point, strings with a language, booleans, each date type by instant
/// (in UTC where there is no zone), durations, other literals by lexical form, triple terms by their parts. What is equal so far is ordered by datatype,
/// then by lexical form.
///
/// See <https://www.w3.org/TR/sparql11-query/#modOrderBy>.
pub fn compare_order_by(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) => compare_values(left, right),
        (left, right) => left.is_some().cmp(&right.is_some()),
    }
}

/// The order of [`compare_order_by`] of two values.
pub fn compare_values(left: &Value, right: &Value) -> Ordering {
    let (a, b) = (left.plain(), right.plain());
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) if a != b => return a.cmp(b),
        (Value::Iri(a), Value::Iri(b)) | (Value::Blank(a), Value::Blank(b)) | (Value::String(a), Value::String(b)) => return a.cmp(b),
        _ => {}
    }
    rank(a).cmp(&rank(b)).then_with(|| within(a, b)).then_with(|| tie(left, right))
}

/// Place of a kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Blank,
    Iri,
    Number,
    NotANumber,
    String,
    LangString,
    Boolean,
    DateTime,
    Date,
    Time,
    GYear,
    GYearMonth,
    GMonthDay,
    GMonth,
    GDay,
    Duration,
    Other,
    Triple,
}

fn rank(value: &Value) -> Rank {
    match value {
        Value::Blank(_) => Rank::Blank,
        Value::Iri(_) => Rank::Iri,
        Value::Integer(_) | Value::Decimal(_) => Rank::Number,
        Value::Float(value) if value.is_nan() => Rank::NotANumber,
        Value::Double(value) if value.is_nan() => Rank::NotANumber,
        Value::Float(_) | Value::Double(_) => Rank::Number,
        Value::String(_) => Rank::String,
        Value::LangString(_) => Rank::LangString,
        Value::Boolean(_) => Rank::Boolean,
        Value::DateTime(_) => Rank::DateTime,
        Value::Date(_) => Rank::Date,
        Value::Time(_) => Rank::Time,
        Value::GYear(_) => Rank::GYear,
        Value::GYearMonth(_) => Rank::GYearMonth,
        Value::GMonthDay(_) => Rank::GMonthDay,
        Value::GMonth(_) => Rank::GMonth,
        Value::GDay(_) => Rank::GDay,
        Value::Duration(_) | Value::DayTimeDuration(_) | Value::YearMonthDuration(_) => Rank::Duration,
        Value::Other(_) => Rank::Other,
        Value::Triple(_) => Rank::Triple,
        Value::Written(written) => rank(written.value()),
    }
}

/// The order of two plain values of one rank, by value alone.
fn within(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::LangString(a), Value::LangString(b)) => a.text.cmp(&b.text).then_with(|| a.language.cmp(&b.language)).then_with(|| {
            let place = |direction: Option<_>| direction.map(|direction: oxrdf::BaseDirection| direction.to_string());
            place(a.direction).cmp(&place(b.direction))
        }),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Other(a), Value::Other(b)) => a.lexical.cmp(&b.lexical).then_with(|| a.datatype.cmp(&b.datatype)),
        (Value::Triple(a), Value::Triple(b)) => compare_values(a.subject(), b.subject())
            .then_with(|| compare_values(a.predicate(), b.predicate()))
            .then_with(|| compare_values(a.object(), b.object())),
        _ => match (a.numeric(), b.numeric()) {
            (Some(a), Some(b)) if a.is_nan() || b.is_nan() => Ordering::Equal, // one rank: both are
            (Some(a), Some(b)) => a.compare_exact(b),
            _ => match (duration(a), duration(b)) {
                (Some(a), Some(b)) => duration::compare_total(a, b),
                _ => instant(a).cmp(&instant(b)),
            },
        },
    }
}

/// By datatype and lexical form.
fn tie(left: &Value, right: &Value) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    left.known_datatype().cmp(&right.known_datatype()).then_with(|| left.lexical().cmp(&right.lexical()))
}

/// Of a date type the seconds of its instant, in UTC where there is a zone, and whether there is one.
fn instant(value: &Value) -> Option<(i128, bool)> {
    let (bytes, zoned) = match value {
        Value::DateTime(value) => (value.to_be_bytes(), value.timezone_offset().is_some()),
        Value::Date(value) => (value.to_be_bytes(), value.timezone_offset().is_some()),
        Value::Time(value) => (value.to_be_bytes(), value.timezone_offset().is_some()),
        Value::GYear(value) => (value.to_be_bytes(), value.timezone_offset().is_some()),
        Value::GYearMonth(value) => (value.to_be_bytes(), value.timezone_offset().is_some()),
        Value::GMonthDay(value) => (value.to_be_bytes(), value.timezone_offset().is_some()),
        Value::GMonth(value) => (value.to_be_bytes(), value.timezone_offset().is_some()),
        Value::GDay(value) => (value.to_be_bytes(), value.timezone_offset().is_some()),
        _ => return None,
    };
    let mut seconds = [0; 16];
    seconds.copy_from_slice(&bytes[..16]);
    Some((i128::from_be_bytes(seconds), zoned))
}
