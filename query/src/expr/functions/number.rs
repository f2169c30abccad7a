//! Functions on numbers: section 17.4.4.

use super::super::arithmetic::{is_integer, negate, plus_sign};
use super::super::error::EvalError;
use super::super::number::Numeric;
use super::super::value::Value;

use oxsdatatypes::{Decimal, Double, Float};

pub(super) fn abs(value: &Value) -> Result<Value, EvalError> {
    match number("ABS", value)? {
        Numeric::Integer(number) if number < 0 => negate(value),
        Numeric::Decimal(number) if number.is_negative() => negate(value),
        Numeric::Integer(_) | Numeric::Decimal(_) => plus_sign(value),
        Numeric::Float(number) => Ok(Value::Float(number.abs())),
        Numeric::Double(number) => Ok(Value::Double(number.abs())),
    }
}

pub(super) fn ceil(value: &Value) -> Result<Value, EvalError> {
    rounded("CEIL", value, Decimal::checked_ceil, Float::ceil, Double::ceil)
}

pub(super) fn floor(value: &Value) -> Result<Value, EvalError> {
    rounded("FLOOR", value, Decimal::checked_floor, Float::floor, Double::floor)
}

/// Halves go up.
pub(super) fn round(value: &Value) -> Result<Value, EvalError> {
    rounded("ROUND", value, Decimal::checked_round, Float::round, Double::round)
}

fn rounded(
    operation: &'static str,
    value: &Value,
    decimal: fn(Decimal) -> Option<Decimal>,
    float: fn(Float) -> Float,
    double: fn(Double) -> Double,
) -> Result<Value, EvalError> {
    match number(operation, value)? {
        Numeric::Integer(_) => plus_sign(value),
        Numeric::Decimal(_) if is_integer(value) => plus_sign(value),
        Numeric::Decimal(number) => decimal(number).map(Value::Decimal).ok_or(EvalError::Overflow { operation }),
        Numeric::Float(number) => Ok(Value::Float(float(number))),
        Numeric::Double(number) => Ok(Value::Double(double(number))),
    }
}

fn number(operation: &'static str, value: &Value) -> Result<Numeric, EvalError> {
    value.numeric().ok_or_else(|| EvalError::Type { operation, expected: "a number", found: value.kind() })
}
