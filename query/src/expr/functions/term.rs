//! Functions on terms: section 17.4.2, and triple terms.

use std::borrow::Cow;

use oxrdf::vocab::rdf;

use super::super::error::EvalError;
use super::super::parse::datatype_iri;
use super::super::value::{TripleTerm, Value};
use super::simple;

pub(in super::super) fn str(value: &Value) -> Result<Value, EvalError> {
    match value {
        Value::Iri(iri) => Ok(Value::String(iri.clone())),
        Value::String(_) => Ok(value.clone()),
        Value::LangString(string) => Ok(Value::String(string.text.clone())),
        other => match other.lexical() {
            Some(lexical) => Ok(Value::string(&*lexical)),
            None => Err(EvalError::Type { operation: "STR", expected: "a literal or an IRI", found: other.kind() }),
        },
    }
}

pub(super) fn str_dt(lexical: &Value, datatype: &Value) -> Result<Value, EvalError> {
    let lexical = simple("STRDT", lexical)?;
    match datatype {
        // A string without a language is no value of these.
        Value::Iri(iri) if **iri == *rdf::LANG_STRING.as_str() || **iri == *rdf::DIR_LANG_STRING.as_str() => {
            Err(EvalError::Argument { operation: "STRDT", expected: "a datatype whose literals have no language" })
        }
        Value::Iri(iri) => Ok(Value::literal(lexical, iri)),
        other => Err(EvalError::Type { operation: "STRDT", expected: "an IRI as datatype", found: other.kind() }),
    }
}

pub(super) fn datatype(value: &Value) -> Result<Value, EvalError> {
    match datatype_iri(value) {
        Some(iri) => Ok(Value::iri(iri.into_string())),
        None => Err(EvalError::Type { operation: "DATATYPE", expected: "a literal", found: value.kind() }),
    }
}

pub(super) fn same_term(a: &Value, b: &Value) -> Result<Value, EvalError> {
    Ok((a == b).into())
}

pub(super) fn triple(arguments: &[Cow<'_, Value>]) -> Result<Value, EvalError> {
    match arguments {
        [subject, predicate, object] => {
            Value::triple(subject.clone().into_owned(), predicate.clone().into_owned(), object.clone().into_owned())
        }
        _ => Err(EvalError::Arity { operation: "TRIPLE", expected: "3", found: arguments.len() }),
    }
}

pub(super) fn subject(value: &Value) -> Result<Value, EvalError> {
    part("SUBJECT", value, TripleTerm::subject)
}

pub(super) fn predicate(value: &Value) -> Result<Value, EvalError> {
    part("PREDICATE", value, TripleTerm::predicate)
}

pub(super) fn object(value: &Value) -> Result<Value, EvalError> {
    part("OBJECT", value, TripleTerm::object)
}

fn part(operation: &'static str, value: &Value, of: fn(&TripleTerm) -> &Value) -> Result<Value, EvalError> {
    match value {
        Value::Triple(triple) => Ok(of(triple).clone()),
        other => Err(EvalError::Type { operation, expected: "a triple term", found: other.kind() }),
    }
}
