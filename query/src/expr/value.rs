//! A decoded RDF term.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::mem::discriminant;
use std::sync::Arc;

use oxrdf::BaseDirection;
use oxsdatatypes::{
    Date, DateTime, DayTimeDuration, Decimal, Double, Duration, Float, GDay, GMonth, GMonthDay, GYear, GYearMonth, Time, YearMonthDuration,
};

use super::datatype::Datatype;

/// A decoded RDF term. Equality and hash are those of terms: `1` and `01` are different.
///
/// A variant with a value of XSD stands for the term with the canonical lexical form and that very datatype (of `xsd:double` that of XSD 1.1,
/// as `1.5E0`); any other term of a known datatype is a [`Written`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of RDF and XSD")]
pub enum Value {
    Iri(Arc<str>),
    /// By its label.
    Blank(Arc<str>),
    String(Arc<str>),
    LangString(Arc<LangString>),
    Boolean(bool),
    /// Those of 64 bits; larger ones are decimals with a datatype of their own, so [`Written`].
    Integer(i64),
    Decimal(Decimal),
    Float(Float),
    Double(Double),
    DateTime(DateTime),
    Date(Date),
    Time(Time),
    GYear(GYear),
    GYearMonth(GYearMonth),
    GMonthDay(GMonthDay),
    GMonth(GMonth),
    GDay(GDay),
    Duration(Duration),
    DayTimeDuration(DayTimeDuration),
    YearMonthDuration(YearMonthDuration),
    /// A value whose term is not the canonical one.
    Written(Arc<Written>),
    /// An ill-typed literal, or of a datatype that is not known.
    Other(Arc<Other>),
    Triple(Arc<TripleTerm>),
}

/// A string with a language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LangString {
    /// The text.
    pub text: Arc<str>,
    /// Language tag, in lower case.
    pub language: Arc<str>,
    /// Base direction, of RDF 1.2.
    pub direction: Option<BaseDirection>,
}

/// A value with a lexical form or datatype that is not the canonical one: `01`, or `1` as an `xsd:byte`.
#[derive(Debug)]
pub struct Written {
    pub(super) value: Value,
    pub(super) datatype: Datatype,
    pub(super) lexical: Box<str>,
}

/// A literal whose value is not known.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Other {
    /// Lexical form.
    pub lexical: Box<str>,
    /// IRI of the datatype.
    pub datatype: Box<str>,
}

/// A triple term.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct TripleTerm {
    pub(super) subject: Value,
    pub(super) predicate: Value,
    pub(super) object: Value,
    /// Levels of triple terms, this one included.
    pub(super) depth: usize,
}

impl Value {
    /// The string.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// The IRI; it is not checked.
    pub fn iri(iri: impl Into<Arc<str>>) -> Self {
        Self::Iri(iri.into())
    }

    /// Its value without how it is written: what operators and functions look at.
    pub fn plain(&self) -> &Self {
        match self {
            Self::Written(written) => &written.value,
            other => other,
        }
    }

    /// An IRI, literal, blank node or triple term, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Iri(_) => "an IRI",
            Self::Blank(_) => "a blank node",
            Self::LangString(_) => "a string with a language",
            Self::Other(_) => "a literal of an unknown type or an ill-typed one",
            Self::Triple(_) => "a triple term",
            literal => literal.known_datatype().map_or("a literal", Datatype::name),
        }
    }

    /// Whether it is a literal.
    pub fn is_literal(&self) -> bool {
        !matches!(self, Self::Iri(_) | Self::Blank(_) | Self::Triple(_))
    }

    /// Its text, of a string with or without a language.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::LangString(string) => Some(&string.text),
            _ => None,
        }
    }

    /// Its lexical form, of a literal.
    pub fn lexical(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::String(text) => Some(Cow::Borrowed(text)),
            Self::LangString(string) => Some(Cow::Borrowed(&string.text)),
            Self::Written(written) => Some(Cow::Borrowed(&written.lexical)),
            Self::Other(other) => Some(Cow::Borrowed(&other.lexical)),
            Self::Iri(_) | Self::Blank(_) | Self::Triple(_) => None,
            known => Some(Cow::Owned(known.canonical())),
        }
    }

    /// Its datatype, where that is known; none of strings with a language.
    pub(super) fn known_datatype(&self) -> Option<Datatype> {
        Some(match self {
            Self::String(_) => Datatype::String,
            Self::Boolean(_) => Datatype::Boolean,
            Self::Integer(_) => Datatype::Integer,
            Self::Decimal(_) => Datatype::Decimal,
            Self::Float(_) => Datatype::Float,
            Self::Double(_) => Datatype::Double,
            Self::DateTime(_) => Datatype::DateTime,
            Self::Date(_) => Datatype::Date,
            Self::Time(_) => Datatype::Time,
            Self::GYear(_) => Datatype::GYear,
            Self::GYearMonth(_) => Datatype::GYearMonth,
            Self::GMonthDay(_) => Datatype::GMonthDay,
            Self::GMonth(_) => Datatype::GMonth,
            Self::GDay(_) => Datatype::GDay,
            Self::Duration(_) => Datatype::Duration,
            Self::DayTimeDuration(_) => Datatype::DayTimeDuration,
            Self::YearMonthDuration(_) => Datatype::YearMonthDuration,
            Self::Written(written) => written.datatype,
            Self::Iri(_) | Self::Blank(_) | Self::LangString(_) | Self::Other(_) | Self::Triple(_) => return None,
        })
    }
}

impl TripleTerm {
    /// Its subject.
    pub fn subject(&self) -> &Value {
        &self.subject
    }

    /// Its predicate.
    pub fn predicate(&self) -> &Value {
        &self.predicate
    }

    /// Its object.
    pub fn object(&self) -> &Value {
        &self.object
    }
}

impl Written {
    /// The value.
    pub fn value(&self) -> &Value {
        &self.value
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Iri(a), Self::Iri(b)) | (Self::Blank(a), Self::Blank(b)) | (Self::String(a), Self::String(b)) => a == b,
            (Self::LangString(a), Self::LangString(b)) => a == b,
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::Decimal(a), Self::Decimal(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => float_bits(*a) == float_bits(*b),
            (Self::Double(a), Self::Double(b)) => double_bits(*a) == double_bits(*b),
            (Self::DateTime(a), Self::DateTime(b)) => a.is_identical_with(*b),
            (Self::Date(a), Self::Date(b)) => a.is_identical_with(*b),
            (Self::Time(a), Self::Time(b)) => a.is_identical_with(*b),
            (Self::GYear(a), Self::GYear(b)) => a.is_identical_with(*b),
            (Self::GYearMonth(a), Self::GYearMonth(b)) => a.is_identical_with(*b),
            (Self::GMonthDay(a), Self::GMonthDay(b)) => a.is_identical_with(*b),
            (Self::GMonth(a), Self::GMonth(b)) => a.is_identical_with(*b),
            (Self::GDay(a), Self::GDay(b)) => a.is_identical_with(*b),
            (Self::Duration(a), Self::Duration(b)) => a.is_identical_with(*b),
            (Self::DayTimeDuration(a), Self::DayTimeDuration(b)) => a == b,
            (Self::YearMonthDuration(a), Self::YearMonthDuration(b)) => a == b,
            (Self::Written(a), Self::Written(b)) => a.datatype == b.datatype && a.lexical == b.lexical,
            (Self::Other(a), Self::Other(b)) => a == b,
            (Self::Triple(a), Self::Triple(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        discriminant(self).hash(state);
        match self {
            Self::Iri(text) | Self::Blank(text) | Self::String(text) => text.hash(state),
            Self::LangString(string) => string.hash(state),
            Self::Boolean(value) => value.hash(state),
            Self::Integer(value) => value.hash(state),
            Self::Decimal(value) => value.hash(state),
            Self::Float(value) => float_bits(*value).hash(state),
            Self::Double(value) => double_bits(*value).hash(state),
            Self::DateTime(value) => value.hash(state),
            Self::Date(value) => value.hash(state),
            Self::Time(value) => value.hash(state),
            Self::GYear(value) => value.hash(state),
            Self::GYearMonth(value) => value.hash(state),
            Self::GMonthDay(value) => value.hash(state),
            Self::GMonth(value) => value.hash(state),
            Self::GDay(value) => value.hash(state),
            Self::Duration(value) => value.hash(state),
            Self::DayTimeDuration(value) => value.hash(state),
            Self::YearMonthDuration(value) => value.hash(state),
            Self::Written(written) => (written.datatype, &written.lexical).hash(state),
            Self::Other(other) => other.hash(state),
            Self::Triple(triple) => triple.hash(state),
        }
    }
}

/// All NaN are one term, the zeros are two.
fn double_bits(value: Double) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { f64::from(value).to_bits() }
}

fn float_bits(value: Float) -> u32 {
    if value.is_nan() { f32::NAN.to_bits() } else { f32::from(value).to_bits() }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Double(value.into())
    }
}
