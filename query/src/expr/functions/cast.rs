//! Constructor functions of XSD: section 17.5, and XPath's casting rules for the datatypes that SPARQL leaves out.

use oxsdatatypes::{
    Date, DateTime, DayTimeDuration, Decimal, Duration, GDay, GMonth, GMonthDay, GYear, GYearMonth, Time, YearMonthDuration,
};

use super::super::datatype::Datatype;
use super::super::duration::{duration, parts};
use super::super::error::EvalError;
use super::super::number::Numeric;
use super::super::parse::parse;
use super::super::value::Value;

/// The value as one of another datatype.
///
/// # Errors
/// If the value has no counterpart there.
///
/// See <https://www.w3.org/TR/xpath-functions-31/#casting>.
pub(super) fn cast(value: &Value, target: Datatype) -> Result<Value, EvalError> {
    let result = match (value.plain(), target) {
        (plain, Datatype::String) => string(plain),
        // Strings are read, without white space around them.
        (Value::String(text), Datatype::DateTimeStamp) => {
            parse(text.trim_matches([' ', '\t', '\n', '\r']), target).and_then(|(value, _)| stamp(&value))
        }
        (Value::String(text), _) => parse(text.trim_matches([' ', '\t', '\n', '\r']), target).and_then(|(value, _)| typed(value, target)),
        (plain, Datatype::Boolean) => boolean(plain).map(Value::Boolean),
        (plain, Datatype::Decimal) => decimal(plain).map(Value::Decimal),
        (plain, Datatype::Float) => number(plain).map(|number| Value::Float(number.float())),
        (plain, Datatype::Double) => number(plain).map(|number| Value::Double(number.double())),
        (plain, Datatype::Duration | Datatype::DayTimeDuration | Datatype::YearMonthDuration) => {
            duration(plain).and_then(|value| span(value, target))
        }
        (plain, Datatype::DateTimeStamp) => stamp(plain),
        (plain, _) if target.is_integer() => {
            let whole = decimal(plain).map(truncated);
            whole.filter(|whole| target.holds(*whole)).map(|whole| Value::integer(whole, target))
        }
        (plain, _) => date(plain, target),
    };
    result.ok_or_else(|| EvalError::Cast { target: target.name(), found: value.kind() })
}

/// A value that was read, with the derived integer type that it is to have.
fn typed(value: Value, target: Datatype) -> Option<Value> {
    match value {
        Value::Integer(value) => Some(Value::integer(value.into(), target)),
        Value::Decimal(value) if target.is_integer() => Some(Value::integer(value, target)),
        other => Some(other),
    }
}

/// Numbers are written as XPath does: without an exponent from a millionth to a million.
fn string(value: &Value) -> Option<Value> {
    let double = match value {
        Value::Iri(iri) => return Some(Value::String(iri.clone())),
        Value::String(_) => return Some(value.clone()),
        Value::Float(value) => f64::from(f32::from(*value)),
        Value::Double(value) => f64::from(*value),
        Value::Blank(_) | Value::LangString(_) | Value::Other(_) | Value::Triple(_) => return None,
        other => return Some(Value::string(other.canonical())),
    };
    let plain = double == 0.0 || (1e-6..1e6).contains(&double.abs());
    Some(Value::string(match value {
        Value::Float(value) if plain => f32::from(*value).to_string(),
        Value::Double(_) if plain => double.to_string(),
        other => other.canonical(),
    }))
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Boolean(value) => Some(*value),
        other => {
            let number = other.numeric()?;
            Some(!number.is_nan() && f64::from(number.double()) != 0.0)
        }
    }
}

fn number(value: &Value) -> Option<Numeric> {
    match value {
        Value::Boolean(value) => Some(Numeric::Integer((*value).into())),
        other => other.numeric(),
    }
}

fn decimal(value: &Value) -> Option<Decimal> {
    number(value)?.decimal()
}

/// Without its fraction.
fn truncated(value: Decimal) -> Decimal {
    let whole = if value.is_negative() { value.checked_ceil() } else { value.checked_floor() };
    whole.unwrap_or_default()
}

fn span(value: Duration, target: Datatype) -> Option<Value> {
    let (months, seconds) = parts(value);
    Some(match target {
        Datatype::DayTimeDuration => Value::DayTimeDuration(DayTimeDuration::new(seconds)),
        Datatype::YearMonthDuration => Value::YearMonthDuration(YearMonthDuration::new(months)),
        _ => Value::Duration(value),
    })
}

/// A dateTime with a time zone; its datatype is derived from `xsd:dateTime`.
fn stamp(value: &Value) -> Option<Value> {
    match date(value, Datatype::DateTime)? {
        Value::DateTime(date) if date.timezone_offset().is_some() => {
            Some(Value::literal(&date.to_string(), Datatype::DateTimeStamp.iri().as_str()))
        }
        _ => None,
    }
}

/// Parts of a date.
fn date(value: &Value, target: Datatype) -> Option<Value> {
    match (value, target) {
        (Value::DateTime(_), Datatype::DateTime)
        | (Value::Date(_), Datatype::Date)
        | (Value::Time(_), Datatype::Time)
        | (Value::GYear(_), Datatype::GYear)
        | (Value::GYearMonth(_), Datatype::GYearMonth)
        | (Value::GMonthDay(_), Datatype::GMonthDay)
        | (Value::GMonth(_), Datatype::GMonth)
        | (Value::GDay(_), Datatype::GDay) => Some(value.clone()),
        (Value::Date(date), Datatype::DateTime) => DateTime::try_from(*date).ok().map(Value::DateTime),
        (Value::DateTime(date), Datatype::Date) => Date::try_from(*date).ok().map(Value::Date),
        (Value::DateTime(date), Datatype::Time) => Some(Value::Time(Time::from(*date))),
        (Value::DateTime(date), Datatype::GYear) => GYear::try_from(*date).ok().map(Value::GYear),
        (Value::Date(date), Datatype::GYear) => GYear::try_from(*date).ok().map(Value::GYear),
        (Value::DateTime(date), Datatype::GYearMonth) => GYearMonth::try_from(*date).ok().map(Value::GYearMonth),
        (Value::Date(date), Datatype::GYearMonth) => Some(Value::GYearMonth(GYearMonth::from(*date))),
        (Value::DateTime(date), Datatype::GMonthDay) => Some(Value::GMonthDay(GMonthDay::from(*date))),
        (Value::Date(date), Datatype::GMonthDay) => Some(Value::GMonthDay(GMonthDay::from(*date))),
        (Value::DateTime(date), Datatype::GMonth) => Some(Value::GMonth(GMonth::from(*date))),
        (Value::Date(date), Datatype::GMonth) => Some(Value::GMonth(GMonth::from(*date))),
        (Value::DateTime(date), Datatype::GDay) => Some(Value::GDay(GDay::from(*date))),
        (Value::Date(date), Datatype::GDay) => Some(Value::GDay(GDay::from(*date))),
        _ => None,
    }
}
