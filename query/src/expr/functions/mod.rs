//! The functions of SPARQL 1.1 section 17.4 and of SPARQL 1.2, a file for each kind.

use std::borrow::Cow;
use std::sync::Arc;

use super::context::{Context, Row};
use super::datatype::Datatype;
use super::error::EvalError;
use super::value::Value;
use crate::algebra::Function;
use crate::vocabulary::hq;

mod cast;
mod date;
mod hash;
mod iri;
mod language;
mod number;
pub(super) mod pattern;
mod random;
mod string;
pub(super) mod term;

/// A function that is called with its values.
#[derive(Clone, Debug)]
pub(super) enum Builtin {
    /// Of one value.
    Unary(fn(&Value) -> Result<Value, EvalError>),
    /// Of two values.
    Binary(fn(&Value, &Value) -> Result<Value, EvalError>),
    /// Of several values.
    Variadic(fn(&[Cow<'_, Value>]) -> Result<Value, EvalError>),
    /// Of values and of what is around them.
    Contextual(fn(&[Cow<'_, Value>], &Site<'_>) -> Result<Value, EvalError>),
    /// A constructor of XSD.
    Cast(Datatype),
    /// A function of HyperQL or OWL-Time with this IRI.
    Annotation(Arc<str>),
}

/// Where a function is called.
pub(super) struct Site<'a> {
    pub(super) row: &'a dyn Row,
    pub(super) context: &'a Context<'a>,
    /// Number of the call in its expression.
    pub(super) call: u64,
}

/// A function with its name and the numbers of its arguments.
pub(super) struct Signature {
    name: &'static str,
    least: usize,
    most: usize,
    pub(super) builtin: Builtin,
    /// The same for all rows of all queries.
    pub(super) constant: bool,
}

/// The namespace of OWL-Time, whose names the Allen relations have.
const TIME: &str = "http://www.w3.org/2006/time#";

/// The function for this number of arguments.
///
/// # Errors
/// If no function has the IRI, or it takes another number of arguments.
pub(super) fn signature(function: &Function, arguments: usize) -> Result<Signature, EvalError> {
    let signature = match function {
        Function::Named(iri) => named(iri.as_str())?,
        Function::Now | Function::Rand | Function::Uuid | Function::StrUuid | Function::BNode | Function::Iri => contextual(function),
        _ => pure(function),
    };
    if (signature.least..=signature.most).contains(&arguments) {
        return Ok(signature);
    }
    let expected = match (signature.least, signature.most) {
        (0, 0) => "no",
        (0, 1) => "0 or 1",
        (1, 1) => "1",
        (2, 2) => "2",
        (2, 3) => "2 or 3",
        (3, 3) => "3",
        _ => "3 or 4",
    };
    Err(EvalError::Arity { operation: signature.name, expected, found: arguments })
}

/// Casts, and the namespaces that the store's annotations answer for.
fn named(iri: &str) -> Result<Signature, EvalError> {
    if let Some(datatype) = Datatype::of(iri) {
        return Ok(Signature { name: datatype.name(), least: 1, most: 1, builtin: Builtin::Cast(datatype), constant: true });
    }
    if iri.starts_with(hq::NAMESPACE) || iri.starts_with(TIME) {
        let builtin = Builtin::Annotation(iri.into());
        return Ok(Signature { name: "a function of annotations", least: 0, most: usize::MAX, builtin, constant: false });
    }
    Err(EvalError::UnknownFunction(iri.into()))
}

fn contextual(function: &Function) -> Signature {
    let (name, least, most, call): (_, _, _, fn(&[Cow<'_, Value>], &Site<'_>) -> Result<Value, EvalError>) = match function {
        Function::Now => ("NOW", 0, 0, date::now),
        Function::Rand => ("RAND", 0, 0, random::rand),
        Function::Uuid => ("UUID", 0, 0, random::uuid),
        Function::StrUuid => ("STRUUID", 0, 0, random::str_uuid),
        Function::BNode => ("BNODE", 0, 1, random::bnode),
        _ => ("IRI", 1, 1, iri::iri),
    };
    Signature { name, least, most, builtin: Builtin::Contextual(call), constant: false }
}

fn pure(function: &Function) -> Signature {
    let unary = |name, call| Signature { name, least: 1, most: 1, builtin: Builtin::Unary(call), constant: true };
    let binary = |name, call| Signature { name, least: 2, most: 2, builtin: Builtin::Binary(call), constant: true };
    let many = |name, least, most, call| Signature { name, least, most, builtin: Builtin::Variadic(call), constant: true };
    match function {
        Function::Str => unary("STR", term::str),
        Function::Lang => unary("LANG", language::lang),
        Function::LangDir => unary("LANGDIR", language::lang_dir),
        Function::HasLang => unary("hasLANG", language::has_lang),
        Function::HasLangDir => unary("hasLANGDIR", language::has_lang_dir),
        Function::LangMatches => binary("LANGMATCHES", language::lang_matches),
        Function::StrLang => binary("STRLANG", language::str_lang),
        Function::StrLangDir => many("STRLANGDIR", 3, 3, language::str_lang_dir),
        Function::StrDt => binary("STRDT", term::str_dt),
        Function::Datatype => unary("DATATYPE", term::datatype),
        Function::SameTerm => binary("sameTerm", term::same_term),
        Function::IsIri => unary("isIRI", |value| Ok(matches!(value, Value::Iri(_)).into())),
        Function::IsBlank => unary("isBLANK", |value| Ok(matches!(value, Value::Blank(_)).into())),
        Function::IsLiteral => unary("isLITERAL", |value| Ok(value.is_literal().into())),
        Function::IsNumeric => unary("isNUMERIC", |value| Ok(value.numeric().is_some().into())),
        Function::IsTriple => unary("isTRIPLE", |value| Ok(matches!(value, Value::Triple(_)).into())),
        Function::Triple => many("TRIPLE", 3, 3, term::triple),
        Function::Subject => unary("SUBJECT", term::subject),
        Function::Predicate => unary("PREDICATE", term::predicate),
        Function::Object => unary("OBJECT", term::object),
        Function::Abs => unary("ABS", number::abs),
        Function::Ceil => unary("CEIL", number::ceil),
        Function::Floor => unary("FLOOR", number::floor),
        Function::Round => unary("ROUND", number::round),
        Function::Concat => many("CONCAT", 0, usize::MAX, string::concat),
        Function::SubStr => many("SUBSTR", 2, 3, string::sub_str),
        Function::StrLen => unary("STRLEN", string::str_len),
        Function::UCase => unary("UCASE", string::u_case),
        Function::LCase => unary("LCASE", string::l_case),
        Function::EncodeForUri => unary("ENCODE_FOR_URI", iri::encode_for_uri),
        Function::Contains => binary("CONTAINS", string::contains),
        Function::StrStarts => binary("STRSTARTS", string::str_starts),
        Function::StrEnds => binary("STRENDS", string::str_ends),
        Function::StrBefore => binary("STRBEFORE", string::str_before),
        Function::StrAfter => binary("STRAFTER", string::str_after),
        Function::Regex => many("REGEX", 2, 3, pattern::regex),
        Function::Replace => many("REPLACE", 3, 4, pattern::replace),
        Function::Year => unary("YEAR", date::year),
        Function::Month => unary("MONTH", date::month),
        Function::Day => unary("DAY", date::day),
        Function::Hours => unary("HOURS", date::hours),
        Function::Minutes => unary("MINUTES", date::minutes),
        Function::Seconds => unary("SECONDS", date::seconds),
        Function::Timezone => unary("TIMEZONE", date::timezone),
        Function::Tz => unary("TZ", date::tz),
        Function::Md5 => unary("MD5", hash::md5),
        Function::Sha1 => unary("SHA1", hash::sha1),
        Function::Sha256 => unary("SHA256", hash::sha256),
        Function::Sha384 => unary("SHA384", hash::sha384),
        Function::Sha512 => unary("SHA512", hash::sha512),
        Function::Now | Function::Rand | Function::Uuid | Function::StrUuid | Function::BNode | Function::Iri | Function::Named(_) => {
            contextual(function)
        }
    }
}

impl Builtin {
    /// Its value.
    ///
    /// # Errors
    /// As the function has them.
    pub(super) fn call(&self, arguments: &[Cow<'_, Value>], site: &Site<'_>) -> Result<Value, EvalError> {
        match (self, arguments) {
            (Self::Unary(call), [value]) => call(value),
            (Self::Binary(call), [a, b]) => call(a, b),
            (Self::Variadic(call), _) => call(arguments),
            (Self::Contextual(call), _) => call(arguments, site),
            (Self::Cast(datatype), [value]) => cast::cast(value, *datatype),
            (Self::Annotation(iri), _) => match &site.context.annotations {
                Some(annotations) => annotations.call(iri, arguments),
                None => Err(EvalError::UnknownFunction(iri.clone())),
            },
            _ => Err(EvalError::Arity { operation: "a function", expected: "other", found: arguments.len() }),
        }
    }
}

/// The text of a string, with or without a language.
fn text<'a>(operation: &'static str, value: &'a Value) -> Result<&'a str, EvalError> {
    value.text().ok_or_else(|| EvalError::Type { operation, expected: "a string", found: value.kind() })
}

/// The text of a string without a language.
fn simple<'a>(operation: &'static str, value: &'a Value) -> Result<&'a str, EvalError> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(EvalError::Type { operation, expected: "a string without a language", found: other.kind() }),
    }
}
