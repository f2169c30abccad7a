//! Functions on language tags and base directions.

use std::borrow::Cow;
use std::sync::Arc;

use oxrdf::{BaseDirection, Literal};

use super::super::error::EvalError;
use super::super::value::{LangString, Value};
use super::simple;

pub(super) fn lang(value: &Value) -> Result<Value, EvalError> {
    match value {
        Value::LangString(string) => Ok(Value::String(string.language.clone())),
        literal if literal.is_literal() => Ok(Value::string("")),
        other => Err(EvalError::Type { operation: "LANG", expected: "a literal", found: other.kind() }),
    }
}

pub(super) fn lang_dir(value: &Value) -> Result<Value, EvalError> {
    match value {
        Value::LangString(string) => Ok(Value::string(string.direction.map(|direction| direction.to_string()).unwrap_or_default())),
        literal if literal.is_literal() => Ok(Value::string("")),
        other => Err(EvalError::Type { operation: "LANGDIR", expected: "a literal", found: other.kind() }),
    }
}

pub(super) fn has_lang(value: &Value) -> Result<Value, EvalError> {
    Ok(matches!(value, Value::LangString(_)).into())
}

pub(super) fn has_lang_dir(value: &Value) -> Result<Value, EvalError> {
    Ok(matches!(value, Value::LangString(string) if string.direction.is_some()).into())
}

/// Basic filtering of RFC 4647, section 3.3.1.
pub(super) fn lang_matches(tag: &Value, range: &Value) -> Result<Value, EvalError> {
    let (tag, range) = (simple("LANGMATCHES", tag)?.as_bytes(), simple("LANGMATCHES", range)?.as_bytes());
    let matches = match range {
        b"*" => !tag.is_empty(),
        _ => {
            tag.get(..range.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(range))
                && tag.get(range.len()).is_none_or(|next| *next == b'-')
        }
    };
    Ok(matches.into())
}

pub(super) fn str_lang(text: &Value, language: &Value) -> Result<Value, EvalError> {
    tagged("STRLANG", text, language, None)
}

pub(super) fn str_lang_dir(arguments: &[Cow<'_, Value>]) -> Result<Value, EvalError> {
    const OPERATION: &str = "STRLANGDIR";
    let [text, language, direction] = arguments else {
        return Err(EvalError::Arity { operation: OPERATION, expected: "3", found: arguments.len() });
    };
    let direction = match simple(OPERATION, direction)? {
        "ltr" => BaseDirection::Ltr,
        "rtl" => BaseDirection::Rtl,
        _ => return Err(EvalError::Argument { operation: OPERATION, expected: "ltr or rtl as direction" }),
    };
    tagged(OPERATION, text, language, Some(direction))
}

fn tagged(operation: &'static str, text: &Value, language: &Value, direction: Option<BaseDirection>) -> Result<Value, EvalError> {
    let (Value::String(text), language) = (text, simple(operation, language)?) else {
        return Err(EvalError::Type { operation, expected: "a string without a language", found: text.kind() });
    };
    // oxrdf checks the tag and writes it in lower case.
    let checked = Literal::new_language_tagged_literal("", language)
        .map_err(|_| EvalError::Argument { operation, expected: "a language tag of BCP 47" })?;
    let language = checked.language().unwrap_or_default().into();
    Ok(Value::LangString(Arc::new(LangString { text: text.clone(), language, direction })))
}
