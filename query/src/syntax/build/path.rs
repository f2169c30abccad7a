//! Property paths.

use oxrdf::NamedNode;
use oxrdf::vocab::rdf;

use super::{Builder, Pair, Result, Rule, span};
use crate::syntax::ast::{Path, PathKind, Repeat};

impl Builder<'_> {
    pub(super) fn path(&mut self, pair: Pair<'_>) -> Result<Path> {
        let whole = span(&pair);
        let mut branches = pair.into_inner().map(|branch| self.sequence(branch)).collect::<Result<Vec<_>>>()?;
        Ok(match branches.len() {
            1 => branches.remove(0),
            _ => Path { kind: PathKind::Alternative(branches), span: whole },
        })
    }

    fn sequence(&mut self, pair: Pair<'_>) -> Result<Path> {
        let whole = span(&pair);
        let mut steps = pair.into_inner().map(|step| self.step(step)).collect::<Result<Vec<_>>>()?;
        Ok(match steps.len() {
            1 => steps.remove(0),
            _ => Path { kind: PathKind::Sequence(steps), span: whole },
        })
    }

    fn step(&mut self, pair: Pair<'_>) -> Result<Path> {
        let whole = span(&pair);
        let (mut inverse, mut path) = (false, Path { kind: PathKind::Negated(Vec::new()), span: whole });
        for part in pair.into_inner() {
            let place = span(&part);
            match part.as_rule() {
                Rule::inverse => inverse = true,
                Rule::path => path = self.path(part)?,
                Rule::negated_set => path = Path { kind: PathKind::Negated(self.negated_set(part)?), span: place },
                Rule::repeat => {
                    let repeat = match part.as_str() {
                        "*" => Repeat::ZeroOrMore,
                        "+" => Repeat::OneOrMore,
                        _ => Repeat::ZeroOrOne,
                    };
                    path = Path { kind: PathKind::Repeat(Box::new(path), repeat), span: whole };
                }
                _ => path = Path { kind: PathKind::Predicate(self.predicate(part)?), span: place },
            }
        }
        // `^` binds looser than `*`.
        Ok(if inverse { Path { kind: PathKind::Inverse(Box::new(path)), span: whole } } else { path })
    }

    fn negated_set(&mut self, pair: Pair<'_>) -> Result<Vec<(NamedNode, bool)>> {
        let mut members = Vec::new();
        for negated in pair.into_inner() {
            let mut inverse = false;
            for part in negated.into_inner() {
                if part.as_rule() == Rule::inverse {
                    inverse = true;
                } else {
                    members.push((self.predicate(part)?, inverse));
                }
            }
        }
        Ok(members)
    }

    fn predicate(&mut self, pair: Pair<'_>) -> Result<NamedNode> {
        if pair.as_rule() == Rule::a { Ok(rdf::TYPE.into_owned()) } else { self.iri(pair) }
    }
}
