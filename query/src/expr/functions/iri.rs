//! IRIs from strings and strings for IRIs.

use std::borrow::Cow;
use std::fmt::Write;

use oxiri::Iri;

use super::super::error::EvalError;
use super::super::value::Value;
use super::{Site, simple, text};

/// The IRI of a string, resolved against the base of the query.
pub(super) fn iri(arguments: &[Cow<'_, Value>], site: &Site<'_>) -> Result<Value, EvalError> {
    let [value] = arguments else {
        return Err(EvalError::Arity { operation: "IRI", expected: "1", found: arguments.len() });
    };
    if let Value::Iri(_) = **value {
        return Ok(value.clone().into_owned());
    }
    let reference = simple("IRI", value)?;
    let resolved = match &site.context.base {
        Some(base) => base.resolve(reference).map(Iri::into_inner),
        None => Iri::parse(reference.to_owned()).map(Iri::into_inner),
    };
    resolved.map(Value::iri).map_err(|_| EvalError::Argument { operation: "IRI", expected: "an IRI, or a relative one and a base" })
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
pub(super) fn encode_for_uri(value: &Value) -> Result<Value, EvalError> {
    let text = text("ENCODE_FOR_URI", value)?;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(byte.into());
        } else {
            // Writing to a string does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    Ok(Value::string(encoded))
}
