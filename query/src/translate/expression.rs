//! Expressions.

use oxrdf::Term;
use oxrdf::vocab::xsd;

use super::grouping::Grouped;
use super::{Fault, Result, Translator, ast};
use crate::algebra::{Expression, Variable};
use crate::syntax::ast::ExpressionKind as Kind;

/// Where an expression stands.
pub(super) enum Context<'g> {
    /// In a pattern, or after one that is not grouped.
    Plain,
    /// In an aggregate.
    Aggregate,
    /// After a grouped pattern.
    Grouped(&'g mut Grouped),
}

impl Translator {
    pub(super) fn expression(&mut self, expression: &ast::Expression, context: &mut Context<'_>) -> Result<Expression> {
        let span = expression.span;
        Ok(match &expression.kind {
            Kind::Variable(name) => Expression::Variable(self.variable(name, span, context)?),
            Kind::Bound(name) => Expression::Bound(self.variable(name, span, context)?),
            Kind::Term(term) => Expression::Term(term.clone()),
            Kind::Exists(group) => Expression::Exists(Box::new(self.group(group)?)),
            Kind::Or(parts) => Expression::Or(self.expressions(parts, context)?),
            Kind::And(parts) => Expression::And(self.expressions(parts, context)?),
            Kind::Not(part) => Expression::Not(Box::new(self.expression(part, context)?)),
            Kind::Negate(part) => Expression::Negate(Box::new(self.expression(part, context)?)),
            Kind::Plus(part) => Expression::Plus(Box::new(self.expression(part, context)?)),
            Kind::Compare(comparison, left, right) => {
                let left = Box::new(self.operand(left, context)?);
                Expression::Compare(*comparison, left, Box::new(self.operand(right, context)?))
            }
            Kind::In(left, list) => {
                let left = Box::new(self.operand(left, context)?);
                Expression::In(left, list.iter().map(|part| self.operand(part, context)).collect::<Result<_>>()?)
            }
            Kind::Arithmetic(arithmetic, left, right) => {
                let left = Box::new(self.expression(left, context)?);
                Expression::Arithmetic(*arithmetic, left, Box::new(self.expression(right, context)?))
            }
            Kind::Coalesce(parts) => Expression::Coalesce(self.expressions(parts, context)?),
            Kind::If(parts) => {
                let [condition, then, otherwise] = parts.as_ref();
                let condition = Box::new(self.expression(condition, context)?);
                let then = Box::new(self.expression(then, context)?);
                Expression::If(condition, then, Box::new(self.expression(otherwise, context)?))
            }
            Kind::Call(function, parts) => Expression::Call(function.clone(), self.expressions(parts, context)?),
            Kind::Aggregate(aggregate) => Expression::Variable(self.aggregate(aggregate, span, context)?),
        })
    }

    /// An operand of a comparison: a literal written there may be read as a date (relaxation 3).
    pub(super) fn operand(&mut self, expression: &ast::Expression, context: &mut Context<'_>) -> Result<Expression> {
        match &expression.kind {
            Kind::Term(Term::Literal(literal)) if !self.strict && [xsd::STRING, xsd::INTEGER].contains(&literal.datatype()) => {
                Ok(Expression::Loose(literal.clone().into()))
            }
            _ => self.expression(expression, context),
        }
    }

    fn expressions(&mut self, list: &[ast::Expression], context: &mut Context<'_>) -> Result<Vec<Expression>> {
        list.iter().map(|part| self.expression(part, context)).collect()
    }

    fn variable(&mut self, name: &str, span: ast::Span, context: &mut Context<'_>) -> Result<Variable> {
        let variable = Variable::new(name);
        if let Context::Grouped(grouped) = context {
            grouped.refer(&variable, span, self.strict)?;
        }
        Ok(variable)
    }

    fn aggregate(&mut self, aggregate: &ast::Aggregate, span: ast::Span, context: &mut Context<'_>) -> Result<Variable> {
        match context {
            Context::Plain => {
                let fault = Fault::new(span, "an aggregate cannot stand in a pattern, a FILTER, a BIND or GROUP BY");
                Err(fault.hint("conditions on groups stand in HAVING after the pattern, or group in a sub-SELECT first"))
            }
            Context::Aggregate => {
                Err(Fault::new(span, "an aggregate cannot stand in an aggregate").hint("compute the inner one in a sub-SELECT"))
            }
            Context::Grouped(grouped) => {
                let expression = aggregate.expression.as_ref().map(|part| self.expression(part, &mut Context::Aggregate)).transpose()?;
                let function = aggregate.function.clone();
                let lifted = crate::algebra::Aggregate { function, expression, distinct: aggregate.distinct };
                Ok(grouped.lift(lifted, || self.fresh('a')))
            }
        }
    }
}
