//! What a column holds, by all of its values.

use std::collections::HashMap;

use arrow_schema::{DataType, TimeUnit};
use hypergraphql_framework::store::Block;
use hypergraphql_query::expr::Value;
use oxrdf::vocab::xsd;
use oxrdf::{Literal, Term};
use oxsdatatypes::{Date, DateTime};
use rayon::prelude::*;

use super::{Cells, OPERATOR};
use crate::engine::{QueryError, Solutions};
use crate::executor::UNBOUND;

/// Digits of a decimal after the point.
pub(super) const SCALE: i8 = 18;
/// The largest decimal of 38 digits, in units of 10^-18.
const MOST_DECIMAL: u128 = 10u128.pow(38) - 1;

/// What a column holds.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) cell: Cell,
    /// `hq:values`.
    values: &'static str,
    /// Of literals that all have the same.
    datatype: Option<String>,
    language: Option<String>,
}

/// How a value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Integer,
    Decimal,
    Double,
    Boolean,
    Date,
    /// In microseconds, in UTC or without a zone.
    DateTime {
        utc: bool,
    },
    Text,
    NTriples,
    Id,
}

impl Kind {
    /// What the values of a column are.
    pub(super) fn of(solutions: &Solutions, column: usize, cells: Cells) -> Result<Self, QueryError> {
        let fixed = |cell, values| Ok(Self { cell, values, datatype: None, language: None });
        match cells {
            Cells::Terms => fixed(Cell::NTriples, "ntriples"),
            Cells::Ids => fixed(Cell::Id, "id"),
            Cells::Values => Ok(Seen::all(solutions, column)?.kind()),
        }
    }

    pub(super) fn data_type(&self) -> DataType {
        match self.cell {
            Cell::Integer => DataType::Int64,
            Cell::Decimal => DataType::Decimal128(38, SCALE),
            Cell::Double => DataType::Float64,
            Cell::Boolean => DataType::Boolean,
            Cell::Date => DataType::Date32,
            Cell::DateTime { utc } => DataType::Timestamp(TimeUnit::Microsecond, utc.then(|| "UTC".into())),
            Cell::Text | Cell::NTriples => DataType::Utf8,
            Cell::Id => DataType::UInt32,
        }
    }

    pub(super) fn metadata(&self) -> HashMap<String, String> {
        let entries = [("values", Some(self.values.to_owned())), ("datatype", self.datatype.clone()), ("language", self.language.clone())];
        entries.into_iter().filter_map(|(key, value)| Some((format!("hq:{key}"), value?))).collect()
    }
}

/// A sort of values, as a bit.
#[derive(Clone, Copy)]
enum Sort {
    Iri,
    Blank,
    Triple,
    Integer,
    /// An integer of more than 64 bits is one, too.
    Decimal,
    Double,
    Boolean,
    Date,
    Instant,
    LocalTime,
    /// A literal that has only its text.
    Text,
}

impl Sort {
    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Of several values that are the same or not.
#[derive(Default, PartialEq)]
enum Common {
    #[default]
    None,
    All(String),
    Several,
}

impl Common {
    fn see(&mut self, value: &str) {
        match self {
            Self::None => *self = Self::All(value.to_owned()),
            Self::All(known) if known == value => {}
            _ => *self = Self::Several,
        }
    }

    fn join(&mut self, other: Self) {
        match other {
            Self::None => {}
            Self::All(value) => self.see(&value),
            Self::Several => *self = Self::Several,
        }
    }

    fn all(self) -> Option<String> {
        if let Self::All(value) = self { Some(value) } else { None }
    }
}

/// What was seen in a column.
#[derive(Default)]
struct Seen {
    sorts: u16,
    datatype: Common,
    /// Of literals without one, the empty text.
    language: Common,
}

impl Seen {
    fn all(solutions: &Solutions, column: usize) -> Result<Self, QueryError> {
        let ids = &solutions.table.columns[column];
        solutions.limits.room(OPERATOR, 4 * ids.len() as u64)?;
        let mut ids = ids.to_vec();
        ids.par_sort_unstable();
        ids.dedup();
        let parts = ids.par_chunks(4096).map(|ids| {
            solutions.check()?;
            let mut seen = Self::default();
            ids.iter().filter(|id| **id != UNBOUND).for_each(|id| seen.id(solutions, *id));
            Ok::<_, QueryError>(seen)
        });
        let mut all = Self::default();
        for part in parts.collect::<Result<Vec<_>, _>>()? {
            all.sorts |= part.sorts;
            all.datatype.join(part.datatype);
            all.language.join(part.language);
        }
        Ok(all)
    }

    fn id(&mut self, solutions: &Solutions, id: u32) {
        // Most terms are seen by their numbers.
        match solutions.terms.space().block(id) {
            Some(Block::Iri) => self.sorts |= Sort::Iri.bit(),
            Some(Block::Blank) => self.sorts |= Sort::Blank.bit(),
            Some(Block::Triple) => self.sorts |= Sort::Triple.bit(),
            Some(Block::String) => self.literal(Sort::Text, xsd::STRING.as_str(), ""),
            _ => {
                if let Some(term) = solutions.terms.term(id) {
                    self.term(&term);
                }
            }
        }
    }

    fn term(&mut self, term: &Term) {
        match term {
            Term::NamedNode(_) => self.sorts |= Sort::Iri.bit(),
            Term::BlankNode(_) => self.sorts |= Sort::Blank.bit(),
            Term::Triple(_) => self.sorts |= Sort::Triple.bit(),
            Term::Literal(literal) => {
                self.literal(sort(literal), literal.datatype().as_str(), literal.language().unwrap_or_default());
            }
        }
    }

    fn literal(&mut self, sort: Sort, datatype: &str, language: &str) {
        self.sorts |= sort.bit();
        self.datatype.see(datatype);
        self.language.see(language);
    }

    fn kind(self) -> Kind {
        use Sort::{Blank, Boolean, Date, Decimal, Double, Instant, Integer, Iri, LocalTime, Text, Triple};
        let only = |sorts: &[Sort]| self.sorts & !sorts.iter().fold(0, |bits, sort| bits | sort.bit()) == 0;
        let (cell, values) = match () {
            () if self.sorts == 0 => (Cell::Text, "none"),
            () if only(&[Integer]) => (Cell::Integer, "integer"),
            () if only(&[Integer, Decimal]) => (Cell::Decimal, "decimal"),
            () if only(&[Double]) => (Cell::Double, "double"),
            () if only(&[Integer, Decimal, Double]) => (Cell::Double, "number"),
            () if only(&[Boolean]) => (Cell::Boolean, "boolean"),
            () if only(&[Date]) => (Cell::Date, "date"),
            () if only(&[Instant]) => (Cell::DateTime { utc: true }, "dateTime"),
            () if only(&[LocalTime]) => (Cell::DateTime { utc: false }, "dateTime"),
            () if only(&[Iri]) => (Cell::Text, "iri"),
            () if only(&[Blank]) => (Cell::Text, "blank"),
            () if only(&[Iri, Blank]) => (Cell::Text, "node"),
            () if only(&[Triple]) => (Cell::Text, "triple"),
            () if only(&[Integer, Decimal, Double, Boolean, Date, Instant, LocalTime, Text]) => (Cell::Text, "literal"),
            () => (Cell::Text, "term"),
        };
        let literals = only(&[Integer, Decimal, Double, Boolean, Date, Instant, LocalTime, Text]);
        let (datatype, language) = if literals { (self.datatype.all(), self.language.all()) } else { (None, None) };
        Kind { cell, values, datatype, language: language.filter(|language| !language.is_empty()) }
    }
}

/// The sort of a literal.
fn sort(literal: &Literal) -> Sort {
    match Value::from(&Term::from(literal.clone())).plain() {
        Value::Integer(_) => Sort::Integer,
        // Larger ones have no 38 digits.
        Value::Decimal(decimal) if scaled(decimal.to_be_bytes()).unsigned_abs() <= MOST_DECIMAL => Sort::Decimal,
        Value::Float(_) | Value::Double(_) => Sort::Double,
        Value::Boolean(_) => Sort::Boolean,
        Value::Date(date) if date.timezone_offset().is_none() && days(*date).is_some() => Sort::Date,
        Value::DateTime(instant) if microseconds(*instant).is_some() => match instant.timezone_offset() {
            Some(_) => Sort::Instant,
            None => Sort::LocalTime,
        },
        _ => Sort::Text,
    }
}

/// A number of units of 10^-18.
pub(super) fn scaled(bytes: [u8; 16]) -> i128 {
    i128::from_be_bytes(bytes)
}

/// Seconds from the beginning of the year 1, from which on `oxsdatatypes` counts, to 1970.
const SECONDS_TO_1970: i128 = 62_135_596_800;

/// Units of 10^-18 seconds since 1970, in UTC where there is a zone.
fn since_1970(instant: DateTime) -> Option<i128> {
    let mut seconds = [0; 16];
    seconds.copy_from_slice(&instant.to_be_bytes()[..16]);
    scaled(seconds).checked_sub(SECONDS_TO_1970 * 10i128.pow(18))
}

/// Microseconds since 1970, if they are whole.
pub(super) fn microseconds(instant: DateTime) -> Option<i64> {
    let (units, size) = (since_1970(instant)?, 10i128.pow(12));
    if units % size == 0 { i64::try_from(units / size).ok() } else { None }
}

/// Days since 1970 of a date without a zone.
pub(super) fn days(date: Date) -> Option<i32> {
    let day = 86_400 * 10i128.pow(18);
    i32::try_from(since_1970(DateTime::try_from(date).ok()?)?.div_euclid(day)).ok()
}
