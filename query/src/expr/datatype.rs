//! The XSD datatypes whose values are known here.

use oxrdf::NamedNodeRef;
use oxrdf::vocab::xsd;
use oxsdatatypes::Decimal;

/// A datatype whose values are known, in the order in which equal numbers of different types are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Datatype {
    Integer,
    Decimal,
    Float,
    Double,
    NonPositiveInteger,
    NegativeInteger,
    Long,
    Int,
    Short,
    Byte,
    NonNegativeInteger,
    UnsignedLong,
    UnsignedInt,
    UnsignedShort,
    UnsignedByte,
    PositiveInteger,
    Boolean,
    DateTime,
    DateTimeStamp,
    Date,
    Time,
    GYear,
    GYearMonth,
    GMonthDay,
    GMonth,
    GDay,
    Duration,
    DayTimeDuration,
    YearMonthDuration,
    String,
}

const XSD: &str = "http://www.w3.org/2001/XMLSchema#";

/// Each with its IRI and its local name, in the order of the enum.
const ALL: [(Datatype, NamedNodeRef<'static>, &str); 30] = [
    (Datatype::Integer, xsd::INTEGER, "xsd:integer"),
    (Datatype::Decimal, xsd::DECIMAL, "xsd:decimal"),
    (Datatype::Float, xsd::FLOAT, "xsd:float"),
    (Datatype::Double, xsd::DOUBLE, "xsd:double"),
    (Datatype::NonPositiveInteger, xsd::NON_POSITIVE_INTEGER, "xsd:nonPositiveInteger"),
    (Datatype::NegativeInteger, xsd::NEGATIVE_INTEGER, "xsd:negativeInteger"),
    (Datatype::Long, xsd::LONG, "xsd:long"),
    (Datatype::Int, xsd::INT, "xsd:int"),
    (Datatype::Short, xsd::SHORT, "xsd:short"),
    (Datatype::Byte, xsd::BYTE, "xsd:byte"),
    (Datatype::NonNegativeInteger, xsd::NON_NEGATIVE_INTEGER, "xsd:nonNegativeInteger"),
    (Datatype::UnsignedLong, xsd::UNSIGNED_LONG, "xsd:unsignedLong"),
    (Datatype::UnsignedInt, xsd::UNSIGNED_INT, "xsd:unsignedInt"),
    (Datatype::UnsignedShort, xsd::UNSIGNED_SHORT, "xsd:unsignedShort"),
    (Datatype::UnsignedByte, xsd::UNSIGNED_BYTE, "xsd:unsignedByte"),
    (Datatype::PositiveInteger, xsd::POSITIVE_INTEGER, "xsd:positiveInteger"),
    (Datatype::Boolean, xsd::BOOLEAN, "xsd:boolean"),
    (Datatype::DateTime, xsd::DATE_TIME, "xsd:dateTime"),
    (Datatype::DateTimeStamp, xsd::DATE_TIME_STAMP, "xsd:dateTimeStamp"),
    (Datatype::Date, xsd::DATE, "xsd:date"),
    (Datatype::Time, xsd::TIME, "xsd:time"),
    (Datatype::GYear, xsd::G_YEAR, "xsd:gYear"),
    (Datatype::GYearMonth, xsd::G_YEAR_MONTH, "xsd:gYearMonth"),
    (Datatype::GMonthDay, xsd::G_MONTH_DAY, "xsd:gMonthDay"),
    (Datatype::GMonth, xsd::G_MONTH, "xsd:gMonth"),
    (Datatype::GDay, xsd::G_DAY, "xsd:gDay"),
    (Datatype::Duration, xsd::DURATION, "xsd:duration"),
    (Datatype::DayTimeDuration, xsd::DAY_TIME_DURATION, "xsd:dayTimeDuration"),
    (Datatype::YearMonthDuration, xsd::YEAR_MONTH_DURATION, "xsd:yearMonthDuration"),
    (Datatype::String, xsd::STRING, "xsd:string"),
];

impl Datatype {
    /// The datatype of this IRI, if it is known.
    pub(super) fn of(iri: &str) -> Option<Self> {
        // Other namespaces are told apart by one comparison.
        let local = iri.strip_prefix(XSD)?;
        ALL.iter().find(|(_, known, _)| known.as_str()[XSD.len()..] == *local).map(|(datatype, ..)| *datatype)
    }

    /// Its IRI.
    pub(super) fn iri(self) -> NamedNodeRef<'static> {
        ALL[self as usize].1
    }

    /// Its name with the prefix `xsd`.
    pub(super) fn name(self) -> &'static str {
        ALL[self as usize].2
    }

    /// `xsd:integer` and what is derived from it.
    pub(super) fn is_integer(self) -> bool {
        self == Self::Integer || (Self::NonPositiveInteger..=Self::PositiveInteger).contains(&self)
    }

    /// Whether this integer type has the value.
    pub(super) fn holds(self, value: Decimal) -> bool {
        let (low, high): (Option<i64>, Option<u64>) = match self {
            Self::NonPositiveInteger => (None, Some(0)),
            Self::NegativeInteger => return value < Decimal::from(0),
            Self::Long => (Some(i64::MIN), Some(i64::MAX as u64)),
            Self::Int => (Some(i64::from(i32::MIN)), Some(i32::MAX as u64)),
            Self::Short => (Some(i64::from(i16::MIN)), Some(i16::MAX as u64)),
            Self::Byte => (Some(i64::from(i8::MIN)), Some(i8::MAX as u64)),
            Self::NonNegativeInteger => (Some(0), None),
            Self::UnsignedLong => (Some(0), Some(u64::MAX)),
            Self::UnsignedInt => (Some(0), Some(u64::from(u32::MAX))),
            Self::UnsignedShort => (Some(0), Some(u64::from(u16::MAX))),
            Self::UnsignedByte => (Some(0), Some(u64::from(u8::MAX))),
            Self::PositiveInteger => (Some(1), None),
            _ => (None, None),
        };
        low.is_none_or(|low| value >= Decimal::from(low)) && high.is_none_or(|high| value <= Decimal::from(high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_in_the_order_of_the_enum() {
        for (place, (datatype, iri, name)) in ALL.iter().enumerate() {
            assert_eq!(*datatype as usize, place);
            assert_eq!(Datatype::of(iri.as_str()), Some(*datatype));
            assert_eq!(name.strip_prefix("xsd:"), iri.as_str().strip_prefix(XSD));
        }
        assert_eq!(Datatype::of("http://www.w3.org/2001/XMLSchema#token"), None);
    }
}
