//! Functions on dates and times: section 17.4.5. They also take the other date types of XSD that have the part.

use std::borrow::Cow;

use oxsdatatypes::TimezoneOffset;

use super::super::error::EvalError;
use super::super::value::Value;
use super::Site;

pub(super) fn now(_: &[Cow<'_, Value>], site: &Site<'_>) -> Result<Value, EvalError> {
    Ok(Value::DateTime(site.context.now))
}

pub(super) fn year(value: &Value) -> Result<Value, EvalError> {
    match value.plain() {
        Value::DateTime(date) => Ok(Value::Integer(date.year())),
        Value::Date(date) => Ok(Value::Integer(date.year())),
        Value::GYear(date) => Ok(Value::Integer(date.year())),
        Value::GYearMonth(date) => Ok(Value::Integer(date.year())),
        _ => Err(mismatch("YEAR", "a date with a year", value)),
    }
}

pub(super) fn month(value: &Value) -> Result<Value, EvalError> {
    match value.plain() {
        Value::DateTime(date) => Ok(small(date.month())),
        Value::Date(date) => Ok(small(date.month())),
        Value::GYearMonth(date) => Ok(small(date.month())),
        Value::GMonthDay(date) => Ok(small(date.month())),
        Value::GMonth(date) => Ok(small(date.month())),
        _ => Err(mismatch("MONTH", "a date with a month", value)),
    }
}

pub(super) fn day(value: &Value) -> Result<Value, EvalError> {
    match value.plain() {
        Value::DateTime(date) => Ok(small(date.day())),
        Value::Date(date) => Ok(small(date.day())),
        Value::GMonthDay(date) => Ok(small(date.day())),
        Value::GDay(date) => Ok(small(date.day())),
        _ => Err(mismatch("DAY", "a date with a day", value)),
    }
}

pub(super) fn hours(value: &Value) -> Result<Value, EvalError> {
    match value.plain() {
        Value::DateTime(date) => Ok(small(date.hour())),
        Value::Time(time) => Ok(small(time.hour())),
        _ => Err(mismatch("HOURS", "a dateTime or time", value)),
    }
}

pub(super) fn minutes(value: &Value) -> Result<Value, EvalError> {
    match value.plain() {
        Value::DateTime(date) => Ok(small(date.minute())),
        Value::Time(time) => Ok(small(time.minute())),
        _ => Err(mismatch("MINUTES", "a dateTime or time", value)),
    }
}

pub(super) fn seconds(value: &Value) -> Result<Value, EvalError> {
    match value.plain() {
        Value::DateTime(date) => Ok(Value::Decimal(date.second())),
        Value::Time(time) => Ok(Value::Decimal(time.second())),
        _ => Err(mismatch("SECONDS", "a dateTime or time", value)),
    }
}

pub(super) fn timezone(value: &Value) -> Result<Value, EvalError> {
    match zone("TIMEZONE", value)? {
        Some(zone) => Ok(Value::DayTimeDuration(zone.into())),
        None => Err(EvalError::Argument { operation: "TIMEZONE", expected: "a value with a time zone" }),
    }
}

pub(super) fn tz(value: &Value) -> Result<Value, EvalError> {
    Ok(Value::string(zone("TZ", value)?.map(|zone| zone.to_string()).unwrap_or_default()))
}

fn zone(operation: &'static str, value: &Value) -> Result<Option<TimezoneOffset>, EvalError> {
    match value.plain() {
        Value::DateTime(date) => Ok(date.timezone_offset()),
        Value::Date(date) => Ok(date.timezone_offset()),
        Value::Time(time) => Ok(time.timezone_offset()),
        Value::GYear(date) => Ok(date.timezone_offset()),
        Value::GYearMonth(date) => Ok(date.timezone_offset()),
        Value::GMonthDay(date) => Ok(date.timezone_offset()),
        Value::GMonth(date) => Ok(date.timezone_offset()),
        Value::GDay(date) => Ok(date.timezone_offset()),
        _ => Err(mismatch(operation, "a date or time", value)),
    }
}

fn small(value: u8) -> Value {
    Value::Integer(value.into())
}

fn mismatch(operation: &'static str, expected: &'static str, value: &Value) -> EvalError {
    EvalError::Type { operation, expected, found: value.kind() }
}
