//! Effective boolean values.

use super::error::EvalError;
use super::number::Numeric;
use super::value::Value;

/// The effective boolean value: of a boolean itself, of a string whether it is not empty, of a number whether it is neither zero nor NaN.
///
/// # Errors
/// If it is anything else, an ill-typed boolean or number too, as SPARQL 1.2 has it.
///
/// See <https://www.w3.org/TR/sparql12-query/#ebv>.
pub fn effective_boolean(value: &Value) -> Result<bool, EvalError> {
    match value.plain() {
        Value::Boolean(value) => Ok(*value),
        Value::String(text) => Ok(!text.is_empty()),
        other => match other.numeric() {
            Some(Numeric::Integer(value)) => Ok(value != 0),
            Some(number) => Ok(!number.is_nan() && f64::from(number.double()) != 0.0),
            None => Err(EvalError::Type { operation: "a condition", expected: "a boolean, string or number", found: value.kind() }),
        },
    }
}
