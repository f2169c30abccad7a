//! Datatypes that terms name by one byte: those whose values have an order of their own, and a few more that are frequent.

use oxrdf::NamedNodeRef;
use oxrdf::vocab::xsd;

/// IRIs by code. The order is part of the file format and of the order of ids: append only.
const DATATYPES: [NamedNodeRef<'static>; 29] = [
    xsd::INTEGER,
    xsd::DECIMAL,
    xsd::FLOAT,
    xsd::DOUBLE,
    xsd::NON_POSITIVE_INTEGER,
    xsd::NEGATIVE_INTEGER,
    xsd::LONG,
    xsd::INT,
    xsd::SHORT,
    xsd::BYTE,
    xsd::NON_NEGATIVE_INTEGER,
    xsd::UNSIGNED_LONG,
    xsd::UNSIGNED_INT,
    xsd::UNSIGNED_SHORT,
    xsd::UNSIGNED_BYTE,
    xsd::POSITIVE_INTEGER,
    xsd::BOOLEAN,
    xsd::DATE_TIME,
    xsd::DATE_TIME_STAMP,
    xsd::DATE,
    xsd::TIME,
    xsd::G_YEAR,
    xsd::G_YEAR_MONTH,
    xsd::G_MONTH_DAY,
    xsd::G_MONTH,
    xsd::G_DAY,
    xsd::DURATION,
    xsd::DAY_TIME_DURATION,
    xsd::YEAR_MONTH_DURATION,
];

const XSD: &str = "http://www.w3.org/2001/XMLSchema#";

/// The code of a datatype that has one.
pub(super) fn code(datatype: NamedNodeRef<'_>) -> Option<u8> {
    // Other namespaces, the usual case of what has no code, are told apart by one comparison.
    datatype.as_str().strip_prefix(XSD)?;
    DATATYPES.iter().position(|known| *known == datatype).map(|code| code as u8)
}

/// The datatype of a code; none if no datatype has it, as in a damaged file.
pub(super) fn of(code: u8) -> Option<NamedNodeRef<'static>> {
    DATATYPES.get(usize::from(code)).copied()
}

/// How many codes there are.
#[cfg(test)]
pub(super) fn codes() -> u8 {
    DATATYPES.len() as u8
}
