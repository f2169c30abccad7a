//! Functions on strings: section 17.4.3.

use std::borrow::Cow;
use std::sync::Arc;

use super::super::MAX_STRING;
use super::super::error::EvalError;
use super::super::value::{LangString, Value};
use super::text;

pub(super) fn str_len(value: &Value) -> Result<Value, EvalError> {
    Ok(Value::Integer(text("STRLEN", value)?.chars().count() as i64))
}

pub(super) fn u_case(value: &Value) -> Result<Value, EvalError> {
    Ok(like(value, text("UCASE", value)?.to_uppercase()))
}

pub(super) fn l_case(value: &Value) -> Result<Value, EvalError> {
    Ok(like(value, text("LCASE", value)?.to_lowercase()))
}

/// The strings one after the other, with their language and direction if they have all the same.
pub(super) fn concat(arguments: &[Cow<'_, Value>]) -> Result<Value, EvalError> {
    let mut joined = String::new();
    for value in arguments {
        let part = text("CONCAT", value)?;
        if joined.len() + part.len() > MAX_STRING {
            return Err(EvalError::TooLong { operation: "CONCAT" });
        }
        joined.push_str(part);
    }
    match arguments.first().map(AsRef::as_ref) {
        Some(first @ Value::LangString(_)) if arguments.iter().all(|other| tag(other) == tag(first)) => Ok(like(first, joined)),
        _ => Ok(Value::string(joined)),
    }
}

/// `fn:substring`: characters from a place, counted from 1; places and lengths are rounded.
pub(super) fn sub_str(arguments: &[Cow<'_, Value>]) -> Result<Value, EvalError> {
    const OPERATION: &str = "SUBSTR";
    let [source, start, length @ ..] = arguments else {
        return Err(EvalError::Arity { operation: OPERATION, expected: "2 or 3", found: arguments.len() });
    };
    let string = text(OPERATION, source)?;
    let start = place(start)?;
    let end = match length.first() {
        Some(length) => start + place(length)?,
        None => f64::INFINITY,
    };
    // NaN makes both comparisons false. Everything up to the first character that is too far is looked at, no more.
    let skipped = if start > 1.0 { (start - 1.0).min(string.len() as f64) as usize } else { 0 };
    let mut places = string.char_indices().map(|(byte, _)| byte).chain([string.len()]);
    let Some(from) = places.nth(skipped).filter(|_| !start.is_nan() && end > start) else {
        return Ok(like(source, String::new()));
    };
    let taken = (end - 1.0 - skipped as f64).clamp(0.0, string.len() as f64) as usize;
    let to = if taken == 0 { from } else { places.nth(taken - 1).unwrap_or(string.len()) };
    Ok(like(source, &string[from..to]))
}

pub(super) fn contains(value: &Value, part: &Value) -> Result<Value, EvalError> {
    let (value, part) = compatible("CONTAINS", value, part)?;
    Ok(value.contains(part).into())
}

pub(super) fn str_starts(value: &Value, part: &Value) -> Result<Value, EvalError> {
    let (value, part) = compatible("STRSTARTS", value, part)?;
    Ok(value.starts_with(part).into())
}

pub(super) fn str_ends(value: &Value, part: &Value) -> Result<Value, EvalError> {
    let (value, part) = compatible("STRENDS", value, part)?;
    Ok(value.ends_with(part).into())
}

pub(super) fn str_before(value: &Value, part: &Value) -> Result<Value, EvalError> {
    let (string, part) = compatible("STRBEFORE", value, part)?;
    Ok(string.split_once(part).map_or_else(|| Value::string(""), |(before, _)| like(value, before)))
}

pub(super) fn str_after(value: &Value, part: &Value) -> Result<Value, EvalError> {
    let (string, part) = compatible("STRAFTER", value, part)?;
    Ok(string.split_once(part).map_or_else(|| Value::string(""), |(_, after)| like(value, after)))
}

/// A text with the language and direction of a string.
pub(super) fn like(model: &Value, text: impl Into<Arc<str>>) -> Value {
    match model {
        Value::LangString(string) => {
            Value::LangString(Arc::new(LangString { text: text.into(), language: string.language.clone(), direction: string.direction }))
        }
        _ => Value::String(text.into()),
    }
}

fn tag(value: &Value) -> Option<(&str, Option<oxrdf::BaseDirection>)> {
    match value {
        Value::LangString(string) => Some((&string.language, string.direction)),
        _ => None,
    }
}

/// Two strings of which the second has no language or that of the first: section 17.4.3.1.2.
fn compatible<'a>(operation: &'static str, a: &'a Value, b: &'a Value) -> Result<(&'a str, &'a str), EvalError> {
    let texts = (text(operation, a)?, text(operation, b)?);
    if tag(b).is_none() || tag(a) == tag(b) {
        return Ok(texts);
    }
    Err(EvalError::Argument { operation, expected: "a second string without a language or with that of the first" })
}

fn place(value: &Value) -> Result<f64, EvalError> {
    let number = value.numeric().ok_or_else(|| EvalError::Type { operation: "SUBSTR", expected: "a number", found: value.kind() })?;
    Ok(number.double().round().into())
}
