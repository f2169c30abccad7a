//! `+`, `-`, `*` and `/`: of numbers as SPARQL 1.1 has them, of dates and durations as XPath does.

use oxsdatatypes::{DateTime, DayTimeDuration, Decimal, Duration, YearMonthDuration};

use super::compare::incomparable;
use super::datatype::Datatype;
use super::duration::{duration, parts, plus};
use super::error::EvalError;
use super::number::{Numeric, Promoted, SCALE};
use super::value::Value;
use crate::algebra::Arithmetic;

/// The value of an arithmetic operator. The quotient of integers is a decimal; a decimal that has more than 18 digits after the point is cut.
///
/// # Errors
/// If the operands are not numbers (or a date and a duration, two dates, two durations, a duration and a number), on division of integers or decimals
/// by zero, and if the result is out of range.
pub(super) fn arithmetic(operator: Arithmetic, left: &Value, right: &Value) -> Result<Value, EvalError> {
    match (left.numeric(), right.numeric()) {
        (Some(Numeric::Integer(a)), Some(Numeric::Integer(b))) => integers(operator, a, b),
        (Some(a), Some(b)) => {
            let value = numbers(operator, a, b)?;
            match value {
                // Integers beyond 64 bits are decimals inside.
                Value::Decimal(value) if operator != Arithmetic::Divide && is_integer(left) && is_integer(right) => {
                    Ok(Value::integer(value, Datatype::Integer))
                }
                value => Ok(value),
            }
        }
        _ => dates(operator, left, right),
    }
}

/// Unary minus.
///
/// # Errors
/// If the operand is no number or duration, and if the result is out of range.
pub(super) fn negate(value: &Value) -> Result<Value, EvalError> {
    let overflow = EvalError::Overflow { operation: "-" };
    match value.numeric() {
        Some(Numeric::Integer(value)) => integers(Arithmetic::Subtract, 0, value),
        Some(Numeric::Decimal(number)) => {
            let number = number.checked_neg().ok_or(overflow)?;
            Ok(if is_integer(value) { Value::integer(number, Datatype::Integer) } else { Value::Decimal(number) })
        }
        Some(Numeric::Float(value)) => Ok(Value::Float(-value)),
        Some(Numeric::Double(value)) => Ok(Value::Double(-value)),
        None => arithmetic(Arithmetic::Multiply, value, &Value::Integer(-1)),
    }
}

/// Unary plus: a number without its derived type.
///
/// # Errors
/// If the operand is no number.
pub(super) fn plus_sign(value: &Value) -> Result<Value, EvalError> {
    match value.numeric() {
        Some(Numeric::Decimal(number)) if is_integer(value) => Ok(Value::integer(number, Datatype::Integer)),
        Some(number) => Ok(number.into()),
        None => Err(EvalError::Type { operation: "+", expected: "a number", found: value.kind() }),
    }
}

pub(super) fn is_integer(value: &Value) -> bool {
    value.known_datatype().is_some_and(Datatype::is_integer)
}

fn integers(operator: Arithmetic, a: i64, b: i64) -> Result<Value, EvalError> {
    let small = match operator {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Subtract => a.checked_sub(b),
        Arithmetic::Multiply => a.checked_mul(b),
        Arithmetic::Divide => return Ok(Value::Decimal(decimals(operator, a.into(), b.into())?)),
    };
    match small {
        Some(value) => Ok(Value::Integer(value)),
        None => Ok(Value::integer(decimals(operator, a.into(), b.into())?, Datatype::Integer)),
    }
}

pub(super) fn numbers(operator: Arithmetic, a: Numeric, b: Numeric) -> Result<Value, EvalError> {
    Ok(match a.promote(b) {
        Promoted::Integer(a, b) => return integers(operator, a, b),
        Promoted::Decimal(a, b) => Value::Decimal(decimals(operator, a, b)?),
        Promoted::Float(a, b) => Value::Float(match operator {
            Arithmetic::Add => a + b,
            Arithmetic::Subtract => a - b,
            Arithmetic::Multiply => a * b,
            Arithmetic::Divide => a / b,
        }),
        Promoted::Double(a, b) => Value::Double(match operator {
            Arithmetic::Add => a + b,
            Arithmetic::Subtract => a - b,
            Arithmetic::Multiply => a * b,
            Arithmetic::Divide => a / b,
        }),
    })
}

pub(super) fn decimals(operator: Arithmetic, a: Decimal, b: Decimal) -> Result<Decimal, EvalError> {
    let value = match operator {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Subtract => a.checked_sub(b),
        Arithmetic::Multiply => multiply(raw(a), raw(b)),
        Arithmetic::Divide if raw(b) == 0 => return Err(EvalError::DivisionByZero),
        Arithmetic::Divide => divide(raw(a), raw(b)),
    };
    value.ok_or(EvalError::Overflow { operation: symbol(operator) })
}

/// A decimal in units of its last digit.
fn raw(value: Decimal) -> i128 {
    i128::from_be_bytes(value.to_be_bytes())
}

fn from_raw(value: i128) -> Decimal {
    Decimal::from_be_bytes(value.to_be_bytes())
}

/// The product, cut to 18 digits. (That of `oxsdatatypes` is none where digits are cut.)
fn multiply(a: i128, b: i128) -> Option<Decimal> {
    let (whole, fraction) = (a / SCALE, a % SCALE);
    let small = (fraction * (b % SCALE)) / SCALE; // below 10^18 * 10^18
    let value = whole.checked_mul(b)?.checked_add(fraction.checked_mul(b / SCALE)?)?.checked_add(small)?;
    Some(from_raw(value))
}

/// The quotient, cut to 18 digits: long division. (That of `oxsdatatypes` is none for many divisors with many digits.)
fn divide(a: i128, b: i128) -> Option<Decimal> {
    let (dividend, mut divisor) = (a.unsigned_abs(), b.unsigned_abs());
    let mut quotient = dividend / divisor;
    let mut rest = dividend % divisor;
    if divisor > u128::MAX / 10 {
        // Of 39 digits the last makes no difference for 18 of the quotient.
        (rest, divisor) = (rest / 10, divisor / 10);
    }
    for _ in 0..18 {
        let digit = (rest * 10 / divisor).min(9);
        quotient = quotient.checked_mul(10)?.checked_add(digit)?;
        rest = rest * 10 - digit * divisor;
    }
    let value = i128::try_from(quotient).ok()?;
    Some(from_raw(if (a < 0) == (b < 0) { value } else { -value }))
}

fn dates(operator: Arithmetic, left: &Value, right: &Value) -> Result<Value, EvalError> {
    let overflow = || EvalError::Overflow { operation: symbol(operator) };
    if let (Some(a), Some(b)) = (duration(left), duration(right)) {
        let sum = match operator {
            Arithmetic::Add => a.checked_add(b),
            Arithmetic::Subtract => a.checked_sub(b),
            _ => return Err(mismatch(operator, left, right)),
        };
        return Ok(narrow(sum.ok_or_else(overflow)?, left, right));
    }
    if let (Some(span), Some(factor)) = (duration(left), right.numeric()) {
        return scale(operator, span, factor).map(|span| narrow(span, left, left));
    }
    let sign = match operator {
        Arithmetic::Add => 1,
        Arithmetic::Subtract => -1,
        _ => return Err(mismatch(operator, left, right)),
    };
    if let Some(span) = duration(right) {
        let span = if sign > 0 { Some(span) } else { span.checked_neg() };
        let span = span.ok_or_else(overflow)?;
        return shift(left.plain(), span).ok_or_else(|| mismatch(operator, left, right))?.ok_or_else(overflow);
    }
    let difference = match (left.plain(), right.plain()) {
        (Value::DateTime(a), Value::DateTime(b)) if sign < 0 => a.checked_sub(*b),
        (Value::Date(a), Value::Date(b)) if sign < 0 => a.checked_sub(*b),
        (Value::Time(a), Value::Time(b)) if sign < 0 => a.checked_sub(*b),
        _ => return Err(mismatch(operator, left, right)),
    };
    // One with and one without a time zone have no difference.
    difference.map(Value::DayTimeDuration).ok_or_else(|| incomparable(left, right))
}

/// A date, dateTime or time after a duration: none for other values, none inside if it is out of range.
fn shift(value: &Value, span: Duration) -> Option<Option<Value>> {
    Some(match value {
        Value::DateTime(start) => plus(*start, span).map(Value::DateTime),
        Value::Date(start) => {
            DateTime::try_from(*start).ok().and_then(|start| plus(start, span)).and_then(|end| end.try_into().ok()).map(Value::Date)
        }
        Value::Time(start) if parts(span).0 == 0 => {
            start.checked_add_day_time_duration(DayTimeDuration::new(parts(span).1)).map(Value::Time)
        }
        _ => return None,
    })
}

/// A duration by a number; months are rounded to the nearest whole.
fn scale(operator: Arithmetic, span: Duration, factor: Numeric) -> Result<Duration, EvalError> {
    if !matches!(operator, Arithmetic::Multiply | Arithmetic::Divide) {
        return Err(EvalError::Type { operation: symbol(operator), expected: "two durations", found: "a number" });
    }
    let overflow = EvalError::Overflow { operation: symbol(operator) };
    let factor = factor.decimal().ok_or_else(|| overflow.clone())?;
    let (months, seconds) = parts(span);
    let months = decimals(operator, months.into(), factor)?.checked_round().ok_or_else(|| overflow.clone())?;
    let months = i64::try_from(raw(months) / SCALE).map_err(|_| overflow.clone())?;
    Duration::new(months, decimals(operator, seconds, factor)?).map_err(|_| overflow)
}

/// A duration of the narrowest type that two operands share.
fn narrow(span: Duration, left: &Value, right: &Value) -> Value {
    let (months, seconds) = parts(span);
    match (left.plain(), right.plain()) {
        (Value::DayTimeDuration(_), Value::DayTimeDuration(_)) => Value::DayTimeDuration(DayTimeDuration::new(seconds)),
        (Value::YearMonthDuration(_), Value::YearMonthDuration(_)) => Value::YearMonthDuration(YearMonthDuration::new(months)),
        _ => Value::Duration(span),
    }
}

fn mismatch(operator: Arithmetic, left: &Value, right: &Value) -> EvalError {
    let found = if left.numeric().is_some() { right.kind() } else { left.kind() };
    EvalError::Type { operation: symbol(operator), expected: "two numbers", found }
}

fn symbol(operator: Arithmetic) -> &'static str {
    match operator {
        Arithmetic::Add => "+",
        Arithmetic::Subtract => "-",
        Arithmetic::Multiply => "*",
        Arithmetic::Divide => "/",
    }
}
