//! Terms, triples and paths.

use std::fmt;

use oxrdf::NamedNode;

use super::Printer;
use crate::algebra::{Path, TermPattern, TriplePattern};

impl Printer<'_, '_> {
    pub(super) fn term(&mut self, term: &TermPattern) -> fmt::Result {
        match term {
            TermPattern::Variable(variable) => write!(self.out, "{variable}"),
            TermPattern::Term(term) => write!(self.out, "{term}"),
            TermPattern::Triple(triple) => {
                self.out.write_str("<<( ")?;
                self.places(triple)?;
                self.out.write_str(")>>")
            }
        }
    }

    pub(super) fn triple(&mut self, triple: &TriplePattern) -> fmt::Result {
        self.places(triple)?;
        self.out.write_str(". ")
    }

    fn places(&mut self, triple: &TriplePattern) -> fmt::Result {
        for place in [&triple.subject, &triple.predicate, &triple.object] {
            self.term(place)?;
            self.out.write_char(' ')?;
        }
        Ok(())
    }

    pub(super) fn path(&mut self, path: &Path) -> fmt::Result {
        match path {
            Path::Predicate(predicate) => write!(self.out, "{predicate}"),
            Path::NegatedSet(members) => self.negated(members, ""),
            Path::Inverse(inner) => match inner.as_ref() {
                // `^!(…)` would turn the triple around.
                Path::NegatedSet(members) => self.negated(members, "^"),
                inner => {
                    self.out.write_str("^(")?;
                    self.path(inner)?;
                    self.out.write_char(')')
                }
            },
            Path::Sequence(left, right) => self.pair(left, '/', right),
            Path::Alternative(left, right) => self.pair(left, '|', right),
            Path::ZeroOrMore(inner) => self.repeated(inner, '*'),
            Path::OneOrMore(inner) => self.repeated(inner, '+'),
            Path::ZeroOrOne(inner) => self.repeated(inner, '?'),
        }
    }

    fn pair(&mut self, left: &Path, operator: char, right: &Path) -> fmt::Result {
        self.out.write_char('(')?;
        self.path(left)?;
        self.out.write_char(operator)?;
        self.path(right)?;
        self.out.write_char(')')
    }

    fn repeated(&mut self, inner: &Path, sign: char) -> fmt::Result {
        self.out.write_char('(')?;
        self.path(inner)?;
        write!(self.out, "){sign}")
    }

    fn negated(&mut self, members: &[NamedNode], inverse: &str) -> fmt::Result {
        let members: Vec<String> = members.iter().map(|member| format!("{inverse}{member}")).collect();
        write!(self.out, "!({})", members.join("|"))
    }
}
