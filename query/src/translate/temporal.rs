//! `TEMPORAL`: which of its readings a group has.

use oxrdf::Term;
use oxrdf::vocab::xsd;

use super::bgp::{core, join_all};
use super::expression::Context;
use super::group::Segment;
use super::scope::Scope;
use super::{Fault, Result, Translator, ast};
use crate::algebra::{Comparison, Expression, Pattern, Temporal, Variable};
use crate::syntax::ast::{ExpressionKind, TemporalConstraint};

/// The core of a group with what is asked of its valid time.
pub(super) struct Clause {
    core: Pattern,
    constraint: Temporal,
}

/// The pattern of a group that may have a clause.
pub(super) fn wrap(clause: Option<Clause>, inner: Pattern) -> Pattern {
    match clause {
        Some(Clause { core, constraint }) => Pattern::Temporal { core: Box::new(core), constraint, inner: Box::new(inner) },
        None => inner,
    }
}

impl Translator {
    /// The clause of a group; a `BETWEEN` of a variable that the group binds is one more filter.
    pub(super) fn temporal(
        &mut self,
        clause: &ast::Temporal,
        segments: &mut [Segment],
        filters: &mut Vec<Expression>,
        scope: &Scope,
    ) -> Result<Option<Clause>> {
        if let TemporalConstraint::Between(variable, from, to) = &clause.constraint {
            let name = Variable::new(variable.name.as_str());
            if scope.contains(&name) {
                let value = || Box::new(Expression::Variable(name.clone()));
                let from = self.operand(from, &mut Context::Plain)?;
                let to = self.operand(to, &mut Context::Plain)?;
                filters.push(Expression::Compare(Comparison::GreaterOrEqual, value(), Box::new(from)));
                filters.push(Expression::Compare(Comparison::LessOrEqual, value(), Box::new(to)));
                return Ok(None);
            }
        }
        let constraint = self.constraint(&clause.constraint)?;
        let (mut triples, mut hyperedges) = (Vec::new(), Vec::new());
        for segment in segments {
            if let Segment::Own(run) = segment {
                triples.append(&mut run.triples);
                hyperedges.append(&mut run.hyperedges);
            }
        }
        if triples.is_empty() && hyperedges.is_empty() {
            let fault = Fault::new(clause.span, "TEMPORAL has nothing whose valid time it could ask");
            return Err(fault.hint("its group needs a triple pattern or a HYPEREDGE of its own; paths and nested groups do not count"));
        }
        Ok(Some(Clause { core: join_all(core(triples, hyperedges)), constraint }))
    }

    fn constraint(&mut self, constraint: &TemporalConstraint) -> Result<Temporal> {
        Ok(match constraint {
            TemporalConstraint::Between(variable, from, to) => {
                Temporal::Between(self.appear(&variable.name), self.instant(from)?, self.instant(to)?)
            }
            TemporalConstraint::AsOf(at) => Temporal::AsOf(self.instant(at)?),
            TemporalConstraint::Before(at) => Temporal::Before(self.instant(at)?),
            TemporalConstraint::After(at) => Temporal::After(self.instant(at)?),
            TemporalConstraint::During(from, to) => Temporal::During(self.instant(from)?, self.instant(to)?),
            TemporalConstraint::Overlaps(from, to) => Temporal::Overlaps(self.instant(from)?, self.instant(to)?),
        })
    }

    /// An operand is compared with bounds of periods, so a literal is read as a date here too; to the letter, a string or a number names no instant.
    fn instant(&mut self, expression: &ast::Expression) -> Result<Expression> {
        match &expression.kind {
            ExpressionKind::Term(Term::Literal(literal)) if self.strict && [xsd::STRING, xsd::INTEGER].contains(&literal.datatype()) => {
                let fault = Fault::new(expression.span, "TEMPORAL takes a gYear, a date or a dateTime");
                let (text, length) = (literal.value(), literal.value().trim_start_matches('-').len());
                let datatype = if text.contains('T') {
                    "dateTime"
                } else if length > 4 {
                    "date"
                } else {
                    "gYear"
                };
                Err(fault.hint(format!("write \"{text}\"^^xsd:{datatype}; without --strict `{text}` is read as one")))
            }
            _ => self.operand(expression, &mut Context::Plain),
        }
    }
}
