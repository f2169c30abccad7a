//! Algebra as HyperQL text, which is read back to the same algebra but for the names of hidden variables.

mod expression;
mod learned;
mod pattern;
mod select;
mod term;

use std::collections::HashMap;
use std::fmt::{self, Write};

use crate::algebra::{Aggregate, Expression, Form, Path, Pattern, Query, TermPattern, TriplePattern, Variable};

/// Text so far, with the aggregates whose variables stand for them here.
struct Printer<'a, 'f> {
    out: &'f mut dyn Write,
    aggregates: HashMap<&'a Variable, &'a Aggregate>,
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printer = Printer { out: f, aggregates: HashMap::new() };
        if let Some(base) = &self.base {
            writeln!(printer.out, "BASE <{base}>")?;
        }
        printer.query(self)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printer { out: f, aggregates: HashMap::new() }.group(self)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printer { out: f, aggregates: HashMap::new() }.expression(self)
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printer { out: f, aggregates: HashMap::new() }.aggregate(self)
    }
}

impl fmt::Display for TermPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printer { out: f, aggregates: HashMap::new() }.term(self)
    }
}

impl fmt::Display for TriplePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.subject, self.predicate, self.object)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printer { out: f, aggregates: HashMap::new() }.path(self)
    }
}

impl<'a> Printer<'a, '_> {
    fn query(&mut self, query: &'a Query) -> fmt::Result {
        match &query.form {
            Form::Select(_) => return self.select(&query.pattern, query.dataset.as_ref()),
            Form::Ask => self.out.write_str("ASK")?,
            Form::Construct(template) => {
                self.out.write_str("CONSTRUCT { ")?;
                template.iter().try_for_each(|triple| self.triple(triple))?;
                self.out.write_str("}")?;
            }
            Form::Describe(targets) => {
                self.out.write_str("DESCRIBE")?;
                if targets.is_empty() {
                    self.out.write_str(" *")?;
                }
                for target in targets {
                    self.out.write_char(' ')?;
                    self.term(target)?;
                }
            }
        }
        self.solutions(&query.pattern, query.dataset.as_ref())
    }
}
