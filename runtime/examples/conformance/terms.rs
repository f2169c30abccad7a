//! Decimals, floats and doubles in one spelling each: the tests expect some of them otherwise than the data have them, and computed ones have no
//! spelling of their own. Integers keep theirs.

use oxrdf::vocab::xsd;
use oxrdf::{Literal, Term};
use oxsdatatypes::{Decimal, Double, Float};

use crate::compare::Row;

/// Rows in which numbers of one value and datatype are the same term.
pub(crate) fn by_value(rows: &[Row]) -> Vec<Row> {
    rows.iter().map(|row| row.iter().map(|term| term.as_ref().map(value)).collect()).collect()
}

fn value(term: &Term) -> Term {
    match term {
        Term::Literal(literal) => canonical(literal).unwrap_or_else(|| literal.clone()).into(),
        other => other.clone(),
    }
}

fn canonical(literal: &Literal) -> Option<Literal> {
    let (datatype, text) = (literal.datatype(), literal.value());
    let value = if datatype == xsd::DECIMAL {
        text.parse::<Decimal>().ok()?.to_string()
    } else if datatype == xsd::DOUBLE {
        text.parse::<Double>().ok()?.to_string()
    } else if datatype == xsd::FLOAT {
        text.parse::<Float>().ok()?.to_string()
    } else {
        return None;
    };
    Some(Literal::new_typed_literal(value, datatype))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxrdf::NamedNodeRef;

    fn literal(text: &str, datatype: NamedNodeRef<'_>) -> Row {
        vec![Some(Literal::new_typed_literal(text, datatype).into())]
    }

    #[test]
    fn spellings_of_a_value_are_one_and_datatypes_stay_apart() {
        let one = |text, datatype| by_value(&[literal(text, datatype)]);
        assert_eq!(one("1.0", xsd::DECIMAL), one("1", xsd::DECIMAL));
        assert_eq!(one("2E-1", xsd::DOUBLE), one("0.2", xsd::DOUBLE));
        assert_ne!(one("1.0", xsd::DECIMAL), one("1.0", xsd::DOUBLE));
        assert_ne!(one("01", xsd::INTEGER), one("1", xsd::INTEGER));
        assert_eq!(one("x", xsd::DECIMAL), [literal("x", xsd::DECIMAL)]);
    }
}
