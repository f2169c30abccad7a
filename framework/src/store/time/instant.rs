//! Points of time.

use std::fmt;

use oxrdf::vocab::xsd;
use oxrdf::{Literal, TermRef};
use oxsdatatypes::{Date, DateTime, GYear};

/// A point of time, in 10^-18 seconds of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(i128);

impl Instant {
    /// The instant at which a gYear, date or dateTime begins, in UTC where it has no zone; none of any other term.
    pub fn of(term: TermRef<'_>) -> Option<Self> {
        let TermRef::Literal(literal) = term else { return None };
        let (lexical, datatype) = (literal.value(), literal.datatype());
        if datatype == xsd::DATE_TIME || datatype == xsd::DATE_TIME_STAMP {
            lexical.parse::<DateTime>().ok().map(Self::from)
        } else if datatype == xsd::DATE {
            DateTime::try_from(lexical.parse::<Date>().ok()?).ok().map(Self::from)
        } else if datatype == xsd::G_YEAR {
            lexical.parse::<GYear>().ok()?;
            // A year as a value stands for its end; its text with a day stands for its beginning.
            let zone = lexical.rfind(['Z', '+']).or_else(|| lexical.rfind('-').filter(|at| lexical[*at..].contains(':')));
            let (year, zone) = lexical.split_at(zone.unwrap_or(lexical.len()));
            format!("{year}-01-01T00:00:00{zone}").parse::<DateTime>().ok().map(Self::from)
        } else {
            None
        }
    }

    /// The instant as a dateTime in Z.
    pub fn to_date_time(self) -> DateTime {
        let mut bytes = [0; 18];
        bytes[..16].copy_from_slice(&self.0.to_be_bytes());
        DateTime::from_be_bytes(bytes)
    }

    /// The instant as an `xsd:dateTime` in Z.
    pub fn to_literal(self) -> Literal {
        Literal::new_typed_literal(self.to_string(), xsd::DATE_TIME)
    }
}

impl From<DateTime> for Instant {
    fn from(value: DateTime) -> Self {
        let mut seconds = [0; 16];
        seconds.copy_from_slice(&value.to_be_bytes()[..16]);
        Self(i128::from_be_bytes(seconds))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_date_time().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_and_dates_begin() {
        let of = |lexical: &str, datatype| {
            Instant::of(TermRef::from(&Literal::new_typed_literal(lexical, datatype))).map(|instant| instant.to_string())
        };
        for (lexical, datatype, expected) in [
            ("2020", xsd::G_YEAR, "2020-01-01T00:00:00Z"),
            ("2020Z", xsd::G_YEAR, "2020-01-01T00:00:00Z"),
            ("2020+02:00", xsd::G_YEAR, "2019-12-31T22:00:00Z"),
            ("2020-02:00", xsd::G_YEAR, "2020-01-01T02:00:00Z"),
            ("-0044", xsd::G_YEAR, "-0044-01-01T00:00:00Z"),
            ("2020-02-29", xsd::DATE, "2020-02-29T00:00:00Z"),
            ("2020-02-29-05:00", xsd::DATE, "2020-02-29T05:00:00Z"),
            ("2020-02-29T12:30:00.25", xsd::DATE_TIME, "2020-02-29T12:30:00.25Z"),
            ("2020-02-29T12:30:00+14:00", xsd::DATE_TIME_STAMP, "2020-02-28T22:30:00Z"),
        ] {
            assert_eq!(of(lexical, datatype).as_deref(), Some(expected), "{lexical}");
        }
        for (lexical, datatype) in [
            ("2020", xsd::STRING),
            ("2020-02-30", xsd::DATE),
            ("soon", xsd::DATE_TIME),
            ("20", xsd::G_YEAR),
            ("2020-02", xsd::G_YEAR_MONTH),
        ] {
            assert_eq!(of(lexical, datatype), None, "{lexical}");
        }
        assert!(Instant::of(TermRef::from(&oxrdf::BlankNode::default())).is_none());
    }
}
