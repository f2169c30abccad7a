//! From lexical forms to values and back: the mappings of XSD 1.1.

use std::fmt::{self, Display, Write};
use std::str::FromStr;
use std::sync::Arc;

use oxrdf::NamedNode;
use oxsdatatypes::{Boolean, DateTime, Decimal, Double, Float};

use super::datatype::Datatype;
use super::value::{Other, Value, Written};

impl Value {
    /// The literal of this lexical form and datatype, which is no string with a language.
    pub fn literal(lexical: &str, datatype: &str) -> Self {
        let Some(known) = Datatype::of(datatype) else {
            return Self::Other(Arc::new(Other { lexical: lexical.into(), datatype: datatype.into() }));
        };
        match parse(lexical, known) {
            Some((value, true)) => value,
            Some((value, false)) => Self::Written(Arc::new(Written { value, datatype: known, lexical: lexical.into() })),
            None => Self::Other(Arc::new(Other { lexical: lexical.into(), datatype: known.iri().as_str().into() })),
        }
    }

    /// An integer of whatever size decimals have; the value has no fraction.
    pub(super) fn integer(value: Decimal, datatype: Datatype) -> Self {
        match i64::try_from(i128::from_be_bytes(value.to_be_bytes()) / super::number::SCALE) {
            Ok(small) if datatype == Datatype::Integer => Self::Integer(small),
            Ok(small) => Self::Written(Arc::new(Written { value: Self::Integer(small), datatype, lexical: small.to_string().into() })),
            Err(_) => Self::Written(Arc::new(Written { value: Self::Decimal(value), datatype, lexical: value.to_string().into() })),
        }
    }

    /// The canonical lexical form of a value of XSD; empty for other terms.
    pub(super) fn canonical(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Decimal(value) => value.to_string(),
            Self::Float(value) => scientific(f32::from(*value), value.is_finite(), value),
            Self::Double(value) => scientific(f64::from(*value), value.is_finite(), value),
            Self::DateTime(value) => value.to_string(),
            Self::Date(value) => value.to_string(),
            Self::Time(value) => value.to_string(),
            Self::GYear(value) => value.to_string(),
            Self::GYearMonth(value) => value.to_string(),
            Self::GMonthDay(value) => value.to_string(),
            Self::GMonth(value) => value.to_string(),
            Self::GDay(value) => value.to_string(),
            Self::Duration(value) => value.to_string(),
            Self::DayTimeDuration(value) => value.to_string(),
            Self::YearMonthDuration(value) => value.to_string(),
            _ => String::new(),
        }
    }
}

/// The value of a lexical form, and whether it is the canonical form of just this datatype; none for ill-typed ones.
pub(super) fn parse(lexical: &str, datatype: Datatype) -> Option<(Value, bool)> {
    match datatype {
        Datatype::String => Some((Value::string(lexical), true)),
        Datatype::Boolean => {
            let value = bool::from(lexical.parse::<Boolean>().ok()?);
            Some((Value::Boolean(value), lexical.len() > 1))
        }
        Datatype::Decimal => with(lexical, Value::Decimal),
        Datatype::Float => binary::<Float>(lexical, Value::Float),
        Datatype::Double => binary::<Double>(lexical, Value::Double),
        Datatype::DateTime => with(lexical, Value::DateTime),
        Datatype::DateTimeStamp => {
            let value = lexical.parse::<DateTime>().ok()?;
            value.timezone_offset().map(|_| (Value::DateTime(value), false))
        }
        Datatype::Date => with(lexical, Value::Date),
        Datatype::Time => with(lexical, Value::Time),
        Datatype::GYear => with(lexical, Value::GYear),
        Datatype::GYearMonth => with(lexical, Value::GYearMonth),
        Datatype::GMonthDay => with(lexical, Value::GMonthDay),
        Datatype::GMonth => with(lexical, Value::GMonth),
        Datatype::GDay => with(lexical, Value::GDay),
        Datatype::Duration => with(lexical, Value::Duration),
        Datatype::DayTimeDuration => with(lexical, Value::DayTimeDuration),
        Datatype::YearMonthDuration => with(lexical, Value::YearMonthDuration),
        _ => integer(lexical, datatype),
    }
}

/// The IRI of a datatype, checked.
pub(super) fn datatype_iri(value: &Value) -> Option<NamedNode> {
    match value {
        Value::LangString(string) => {
            let iri = if string.direction.is_some() { oxrdf::vocab::rdf::DIR_LANG_STRING } else { oxrdf::vocab::rdf::LANG_STRING };
            Some(iri.into_owned())
        }
        Value::Other(other) => Some(NamedNode::new_unchecked(&*other.datatype)),
        known => known.known_datatype().map(|datatype| datatype.iri().into_owned()),
    }
}

/// A type whose `Display` is the canonical form.
fn with<T: FromStr + Display + Copy>(lexical: &str, make: impl Fn(T) -> Value) -> Option<(Value, bool)> {
    let value = lexical.parse::<T>().ok()?;
    Some((make(value), displays_as(&value, lexical)))
}

/// A float or double. Rust reads `inf`, `infinity` and `nan` too, which XSD does not.
fn binary<T: FromStr>(lexical: &str, make: impl Fn(T) -> Value) -> Option<(Value, bool)> {
    let number = lexical.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    if !number && !matches!(lexical, "INF" | "+INF" | "-INF" | "NaN") {
        return None;
    }
    let value = make(lexical.parse::<T>().ok()?);
    // Only forms with a point and an `E` can be canonical.
    let canonical = if number { lexical.contains('E') && value.canonical() == lexical } else { !lexical.starts_with('+') };
    Some((value, canonical))
}

/// Integers of 64 bits, else of the range of decimals.
fn integer(lexical: &str, datatype: Datatype) -> Option<(Value, bool)> {
    if let Ok(value) = lexical.parse::<i64>() {
        let canonical = datatype == Datatype::Integer && is_canonical_integer(lexical);
        return (datatype == Datatype::Integer || datatype.holds(value.into())).then_some((Value::Integer(value), canonical));
    }
    let digits = lexical.strip_prefix(['+', '-']).unwrap_or(lexical);
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value = lexical.parse::<Decimal>().ok()?;
    datatype.holds(value).then_some((Value::Decimal(value), false))
}

/// No plus, no leading zero, no minus zero.
fn is_canonical_integer(lexical: &str) -> bool {
    let digits = lexical.strip_prefix('-').unwrap_or(lexical);
    digits.as_bytes()[0] != b'+' && (digits.as_bytes()[0] != b'0' || lexical == "0")
}

/// Canonical form of XSD 1.1: a digit other than zero before the point, `E`, no plus.
fn scientific(value: impl fmt::LowerExp, finite: bool, special: &impl Display) -> String {
    if !finite {
        return special.to_string();
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) if mantissa.contains('.') => format!("{mantissa}E{exponent}"),
        Some((mantissa, exponent)) => format!("{mantissa}.0E{exponent}"),
        None => text,
    }
}

/// Whether a value displays as this text, without making a string.
fn displays_as(value: &impl Display, text: &str) -> bool {
    struct Rest<'a>(&'a str);
    impl Write for Rest<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let mut rest = Rest(text);
    write!(rest, "{value}").is_ok() && rest.0.is_empty()
}
