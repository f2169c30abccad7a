//! Numbers in one spelling: a computed number is right whatever its lexical form, one of the data has to come back as it was.

use std::collections::HashSet;

use oxrdf::vocab::xsd;
use oxrdf::{Literal, Quad, Term};
use oxsdatatypes::{Decimal, Double, Float, Integer};

use crate::compare::Row;

/// Literals of the data of a test.
#[derive(Default)]
pub(crate) struct Spelling {
    stored: HashSet<Literal>,
}

impl Spelling {
    /// Literals in these statements keep their spelling.
    pub(crate) fn of(quads: &[Quad]) -> Self {
        let literals = quads.iter().filter_map(|quad| if let Term::Literal(literal) = &quad.object { Some(literal.clone()) } else { None });
        Self { stored: literals.collect() }
    }

    /// Rows whose numbers have one spelling each, except those of the data.
    pub(crate) fn unify(&self, rows: Vec<Row>) -> Vec<Row> {
        rows.into_iter().map(|row| row.into_iter().map(|term| term.map(|term| self.unify_term(term))).collect()).collect()
    }

    fn unify_term(&self, term: Term) -> Term {
        match term {
            Term::Literal(literal) if !self.stored.contains(&literal) => canonical(&literal).unwrap_or(literal).into(),
            other => other,
        }
    }
}

fn canonical(literal: &Literal) -> Option<Literal> {
    let (datatype, text) = (literal.datatype(), literal.value());
    let value = if datatype == xsd::INTEGER {
        text.parse::<Integer>().ok()?.to_string()
    } else if datatype == xsd::DECIMAL {
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
    use oxrdf::{GraphName, NamedNode};

    fn decimal(text: &str) -> Row {
        vec![Some(Literal::new_typed_literal(text, xsd::DECIMAL).into())]
    }

    #[test]
    fn computed_numbers_are_compared_by_value_and_stored_ones_by_spelling() {
        let node = NamedNode::new_unchecked("http://x/");
        let stored = Quad::new(node.clone(), node, Literal::new_typed_literal("2.50", xsd::DECIMAL), GraphName::DefaultGraph);
        let spelling = Spelling::of(&[stored]);
        let unified = spelling.unify(vec![decimal("1.0"), decimal("1"), decimal("2.50"), decimal("2.5"), decimal("x")]);
        assert_eq!(unified[0], unified[1]);
        assert_ne!(unified[2], unified[3], "the answer must not respell a stored literal");
        assert_eq!(unified[4], decimal("x"));
    }
}
