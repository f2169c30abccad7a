//! Instants that a query names: operands of `TEMPORAL`.

use hashbrown::HashMap;
use hypergraphql_framework::store::{Id, Instant};
use hypergraphql_query::algebra::Expression;
use oxrdf::vocab::xsd;
use oxrdf::{Literal, Term, TermRef};

use super::evaluate::ids;
use super::expression::variables;
use super::table::Table;
use super::task::Task;
use crate::engine::QueryError;

/// The instants that an expression means on the rows of a table; none where it has no value, or one that is no gYear, date or dateTime.
pub(crate) enum Instants {
    /// The same for all rows.
    One(Option<Instant>),
    /// One for each row.
    Rows(Vec<Option<Instant>>),
}

impl Instants {
    /// Those of an expression.
    pub(crate) fn of(task: &Task<'_, '_>, expression: &Expression, table: &Table) -> Result<Self, QueryError> {
        if let Expression::Loose(term) = expression {
            return Ok(Self::One(read(term)));
        }
        let by_row = variables(expression).into_iter().any(|variable| table.index(variable).is_some());
        let unit = Table::unit();
        let ids = ids(task, expression, if by_row { table } else { &unit })?;
        task.room(ids.len() as u64, size_of::<Option<Instant>>() as u64)?;
        let mut known: HashMap<Id, Option<Instant>> = HashMap::new();
        let value = |id: Id| task.session.terms.term(id).and_then(|term| Instant::of(term.as_ref()));
        let mut instants = ids.iter().map(|&id| *known.entry(id).or_insert_with(|| value(id)));
        Ok(if by_row { Self::Rows(instants.collect()) } else { Self::One(instants.next().flatten()) })
    }

    /// Each that there is.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Instant> + '_ {
        let (one, rows) = match self {
            Self::One(instant) => (*instant, &[][..]),
            Self::Rows(instants) => (None, instants.as_slice()),
        };
        one.into_iter().chain(rows.iter().copied().flatten())
    }

    /// That of a row.
    #[inline]
    pub(crate) fn at(&self, row: usize) -> Option<Instant> {
        match self {
            Self::One(instant) => *instant,
            Self::Rows(instants) => instants[row],
        }
    }
}

/// The instant that an expression means on all rows, if that is seen without evaluating it; that may be none.
pub(crate) fn constant_instant(expression: &Expression) -> Option<Option<Instant>> {
    match expression {
        Expression::Loose(term) => Some(read(term)),
        Expression::Term(term) => Some(Instant::of(term.as_ref())),
        _ => None,
    }
}

/// A literal of the query that stands for a date: a string in the form of a dateTime, date or gYear, or an integer that is a year.
fn read(term: &Term) -> Option<Instant> {
    let Term::Literal(literal) = term else { return None };
    let typed = |text: &str, datatype| Instant::of(TermRef::Literal(Literal::new_typed_literal(text, datatype).as_ref()));
    let text = literal.value();
    if literal.datatype() == xsd::STRING {
        return [xsd::DATE_TIME, xsd::DATE, xsd::G_YEAR].into_iter().find_map(|datatype| typed(text, datatype));
    }
    match text.parse::<i64>() {
        Ok(year) if literal.datatype() == xsd::INTEGER => {
            let sign = if year < 0 { "-" } else { "" };
            typed(&format!("{sign}{:04}", year.unsigned_abs()), xsd::G_YEAR)
        }
        _ => Instant::of(term.as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_as_the_instant_at_which_they_begin() {
        let text = |literal: Literal| read(&literal.into()).map(|instant| instant.to_string());
        for (written, expected) in [
            ("2020", Some("2020-01-01T00:00:00Z")),
            ("2020-02-03", Some("2020-02-03T00:00:00Z")),
            ("2020-02-03T04:05:06+01:00", Some("2020-02-03T03:05:06Z")),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(text(Literal::from(written)).as_deref(), expected, "{written}");
        }
        assert_eq!(text(Literal::from(312)).as_deref(), Some("0312-01-01T00:00:00Z"));
        assert_eq!(text(Literal::from(-44)).as_deref(), Some("-0044-01-01T00:00:00Z"));
        assert_eq!(text(Literal::from(2020.5)), None);
    }
}
