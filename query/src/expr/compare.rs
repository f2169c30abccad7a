//! `=` and `<` on values.

use std::cmp::Ordering;

use super::duration::{self, duration};
use super::error::EvalError;
use super::value::{TripleTerm, Value};
use crate::algebra::Comparison;

/// Whether a comparison holds.
///
/// `=` is by value where both datatypes are known, values of different known types are different, and of triple terms it is that of their parts.
///
/// # Errors
/// If it is not known: an unknown datatype or ill-typed literal against another literal, a date with a time zone and one without less than 14 hours
/// apart; for `<` and its like also values that have no order (IRIs, strings with a language, values of different types).
///
/// See <https://www.w3.org/TR/sparql11-query/#OperatorMapping>.
pub fn compare(comparison: Comparison, left: &Value, right: &Value) -> Result<bool, EvalError> {
    match comparison {
        Comparison::Equal => equal(left, right),
        Comparison::NotEqual => Ok(!equal(left, right)?),
        ordered => {
            // NaN is neither less nor greater than anything, and that is no error.
            Ok(order(left, right)?.is_some_and(|order| holds(ordered, order)))
        }
    }
}

/// Whether two values are equal.
///
/// # Errors
/// As [`compare`].
pub fn equal(left: &Value, right: &Value) -> Result<bool, EvalError> {
    let (a, b) = (left.plain(), right.plain());
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => Ok(a == b),
        (Value::Iri(a), Value::Iri(b)) | (Value::Blank(a), Value::Blank(b)) | (Value::String(a), Value::String(b)) => Ok(a == b),
        (Value::Boolean(a), Value::Boolean(b)) => Ok(a == b),
        (Value::Triple(a), Value::Triple(b)) => equal_triples(a, b),
        (Value::LangString(a), Value::LangString(b)) => {
            Ok(a.text == b.text && a.direction == b.direction && a.language.eq_ignore_ascii_case(&b.language))
        }
        _ if !a.is_literal() || !b.is_literal() => Ok(false),
        (Value::LangString(_), _) | (_, Value::LangString(_)) => Ok(false),
        (Value::Other(a), Value::Other(b)) if a == b => Ok(true),
        (Value::Other(_), _) | (_, Value::Other(_)) => Err(incomparable(left, right)),
        _ => equal_known(a, b, || incomparable(left, right)),
    }
}

/// The order of two values that have one; none where one is NaN.
pub(super) fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, EvalError> {
    let (a, b) = (left.plain(), right.plain());
    let known = match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Boolean(a), Value::Boolean(b)) => Some(a.cmp(b)),
        _ => match (a.numeric(), b.numeric()) {
            (Some(a), Some(b)) => return Ok(a.compare(b)),
            _ => order_dates(a, b).or_else(|| duration::compare(duration(a)?, duration(b)?)),
        },
    };
    known.map(Some).ok_or_else(|| incomparable(left, right))
}

/// What an order means for a comparison that is not `=` or `!=`.
pub(super) fn holds(comparison: Comparison, order: Ordering) -> bool {
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

/// The order of two values of the same date type; none if it is not known.
fn order_dates(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::DateTime(a), Value::DateTime(b)) => a.partial_cmp(b),
        (Value::Date(a), Value::Date(b)) => a.partial_cmp(b),
        (Value::Time(a), Value::Time(b)) => a.partial_cmp(b),
        (Value::GYear(a), Value::GYear(b)) => a.partial_cmp(b),
        (Value::GYearMonth(a), Value::GYearMonth(b)) => a.partial_cmp(b),
        (Value::GMonthDay(a), Value::GMonthDay(b)) => a.partial_cmp(b),
        (Value::GMonth(a), Value::GMonth(b)) => a.partial_cmp(b),
        (Value::GDay(a), Value::GDay(b)) => a.partial_cmp(b),
        _ => None,
    }
}

pub(super) fn incomparable(left: &Value, right: &Value) -> EvalError {
    EvalError::Incomparable { left: left.kind(), right: right.kind() }
}

/// Equality of literals of known datatypes without language.
fn equal_known(a: &Value, b: &Value, unknown: impl Fn() -> EvalError) -> Result<bool, EvalError> {
    if let (Some(a), Some(b)) = (a.numeric(), b.numeric()) {
        return Ok(a.compare(b) == Some(Ordering::Equal));
    }
    if let (Some(a), Some(b)) = (duration(a), duration(b)) {
        return Ok(a == b);
    }
    if std::mem::discriminant(a) != std::mem::discriminant(b) {
        return Ok(false); // their value spaces have nothing in common
    }
    order_dates(a, b).map(Ordering::is_eq).ok_or_else(unknown)
}

/// One different part makes triples different, even where another is not known.
fn equal_triples(a: &TripleTerm, b: &TripleTerm) -> Result<bool, EvalError> {
    let parts = [(a.subject(), b.subject()), (a.predicate(), b.predicate()), (a.object(), b.object())];
    let mut unknown = None;
    for (a, b) in parts {
        match equal(a, b) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => unknown = Some(error),
        }
    }
    unknown.map_or(Ok(true), Err)
}
