//! Blocks of ids: terms of one kind whose ids follow each other in the order of their values.

use std::cmp::Ordering;

use oxsdatatypes::{Boolean, Date, DateTime, GDay, GMonth, GMonthDay, GYear, GYearMonth, Time};

use super::number::{self, NotANumber, Number};
use super::record::{Kind, Record};

/// A kind of terms, in the order of ids. Date types are two blocks each: those without and those with a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are those of the types")]
pub enum Block {
    /// By label.
    Blank,
    /// By bytes.
    Iri,
    /// By exact value, then datatype, then lexical form.
    Numeric,
    /// NaN of float and double.
    NotANumber,
    /// `xsd:string`, by code points.
    String,
    /// False, then true.
    Boolean,
    DateTime,
    DateTimeZoned,
    Date,
    DateZoned,
    Time,
    TimeZoned,
    GYear,
    GYearZoned,
    GYearMonth,
    GYearMonthZoned,
    GMonthDay,
    GMonthDayZoned,
    GMonth,
    GMonthZoned,
    GDay,
    GDayZoned,
    /// Strings with a language, durations, ill-typed literals, numbers out of range and all other datatypes, by lexical form.
    Other,
    /// Triple terms, those without triple terms inside first, then by the ids of subject, predicate and object.
    Triple,
}

impl Block {
    /// How many blocks there are.
    pub const COUNT: usize = Self::ALL.len();
    /// All blocks in the order of ids.
    pub const ALL: [Self; 24] = [
        Self::Blank,
        Self::Iri,
        Self::Numeric,
        Self::NotANumber,
        Self::String,
        Self::Boolean,
        Self::DateTime,
        Self::DateTimeZoned,
        Self::Date,
        Self::DateZoned,
        Self::Time,
        Self::TimeZoned,
        Self::GYear,
        Self::GYearZoned,
        Self::GYearMonth,
        Self::GYearMonthZoned,
        Self::GMonthDay,
        Self::GMonthDayZoned,
        Self::GMonth,
        Self::GMonthZoned,
        Self::GDay,
        Self::GDayZoned,
        Self::Other,
        Self::Triple,
    ];
}

/// A value in the order of its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    /// The order of the block is that of the record's bytes.
    Bytes,
    Number(Number),
    /// False is 0, true 1; of dates the instant (in UTC where there is a zone).
    Ordinal(i128),
}

/// The block of a term and its value there. The value is read from the lexical form, which is done only here.
pub(super) fn classify(record: Record<'_>) -> (Block, Value) {
    match record.kind() {
        Kind::Blank => (Block::Blank, Value::Bytes),
        Kind::Iri => (Block::Iri, Value::Bytes),
        Kind::String => (Block::String, Value::Bytes),
        Kind::Triple => (Block::Triple, Value::Bytes),
        Kind::Typed(code) => typed(code, record.lexical()).unwrap_or((Block::Other, Value::Bytes)),
        _ => (Block::Other, Value::Bytes),
    }
}

fn typed(code: u8, lexical: &str) -> Option<(Block, Value)> {
    match code {
        0..16 => Some(match number::parse(code, lexical)? {
            Ok(number) => (Block::Numeric, Value::Number(number)),
            Err(NotANumber) => (Block::NotANumber, Value::Bytes),
        }),
        16 => Some((Block::Boolean, Value::Ordinal(i128::from(bool::from(lexical.parse::<Boolean>().ok()?))))),
        17 => instant(lexical, Block::DateTime, Block::DateTimeZoned, DateTime::to_be_bytes, DateTime::timezone_offset),
        18 => instant(lexical, Block::Other, Block::DateTimeZoned, DateTime::to_be_bytes, DateTime::timezone_offset),
        19 => instant(lexical, Block::Date, Block::DateZoned, Date::to_be_bytes, Date::timezone_offset),
        20 => instant(lexical, Block::Time, Block::TimeZoned, Time::to_be_bytes, Time::timezone_offset),
        21 => instant(lexical, Block::GYear, Block::GYearZoned, GYear::to_be_bytes, GYear::timezone_offset),
        22 => instant(lexical, Block::GYearMonth, Block::GYearMonthZoned, GYearMonth::to_be_bytes, GYearMonth::timezone_offset),
        23 => instant(lexical, Block::GMonthDay, Block::GMonthDayZoned, GMonthDay::to_be_bytes, |d| d.timezone_offset()),
        24 => instant(lexical, Block::GMonth, Block::GMonthZoned, GMonth::to_be_bytes, |d| d.timezone_offset()),
        25 => instant(lexical, Block::GDay, Block::GDayZoned, GDay::to_be_bytes, |d| d.timezone_offset()),
        _ => None,
    }
}

/// Reads a date type; its bytes begin with seconds in UTC as a big-endian decimal.
fn instant<T: std::str::FromStr + Copy, Z>(
    lexical: &str,
    unzoned: Block,
    zoned: Block,
    bytes: impl Fn(T) -> [u8; 18],
    zone: impl Fn(T) -> Option<Z>,
) -> Option<(Block, Value)> {
    let value: T = lexical.parse().ok()?;
    let mut seconds = [0; 16];
    seconds.copy_from_slice(&bytes(value)[..16]);
    let block = if zone(value).is_some() { zoned } else { unzoned };
    // xsd:dateTimeStamp without a zone is ill-typed.
    let value = if block == Block::Other { Value::Bytes } else { Value::Ordinal(i128::from_be_bytes(seconds)) };
    Some((block, value))
}

/// The order of terms of one block.
pub(super) fn compare(block: Block, a: (Value, Record<'_>), b: (Value, Record<'_>)) -> Ordering {
    a.0.cmp(&b.0).then_with(|| a.1.compare_bytes(b.1, block))
}
