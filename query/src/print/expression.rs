//! Expressions, with parentheses where precedence asks for them.

use std::fmt;

use super::Printer;
use crate::algebra::{Aggregate, AggregateFunction, Arithmetic, Comparison, Expression, Function, Variable};
use crate::syntax::keyword;

const COMPARE: u8 = 3;
const ADD: u8 = 4;
const MULTIPLY: u8 = 5;
const UNARY: u8 = 6;
const PRIMARY: u8 = 7;

impl<'a> Printer<'a, '_> {
    pub(super) fn expression(&mut self, expression: &'a Expression) -> fmt::Result {
        match expression {
            Expression::Variable(variable) => self.value(variable),
            Expression::Term(term) | Expression::Loose(term) => write!(self.out, "{term}"),
            Expression::Bound(variable) => {
                self.out.write_str("BOUND(")?;
                self.value(variable)?;
                self.out.write_char(')')
            }
            Expression::Exists(pattern) => {
                self.out.write_str("EXISTS ")?;
                self.group(pattern)
            }
            Expression::Or(parts) => self.chain(parts, " || ", 2),
            Expression::And(parts) => self.chain(parts, " && ", COMPARE),
            Expression::Not(part) => self.prefix("!", part, UNARY),
            Expression::Negate(part) => self.prefix("-", part, PRIMARY),
            Expression::Plus(part) => self.prefix("+", part, PRIMARY),
            Expression::Compare(comparison, left, right) => self.binary(left, sign(*comparison), right, (ADD, ADD)),
            Expression::Arithmetic(arithmetic, left, right) => {
                let (sign, level) = match arithmetic {
                    Arithmetic::Add => ("+", ADD),
                    Arithmetic::Subtract => ("-", ADD),
                    Arithmetic::Multiply => ("*", MULTIPLY),
                    Arithmetic::Divide => ("/", MULTIPLY),
                };
                self.binary(left, sign, right, (level, level + 1))
            }
            Expression::In(left, list) => {
                self.at_least(left, ADD)?;
                self.arguments(" IN", list)
            }
            Expression::Coalesce(parts) => self.arguments("COALESCE", parts),
            Expression::If(condition, then, otherwise) => {
                self.out.write_str("IF(")?;
                self.expression(condition)?;
                self.out.write_str(", ")?;
                self.expression(then)?;
                self.out.write_str(", ")?;
                self.expression(otherwise)?;
                self.out.write_char(')')
            }
            Expression::Call(Function::Named(name), parts) => self.arguments(&name.to_string(), parts),
            Expression::Call(function, parts) => self.arguments(keyword(function), parts),
        }
    }

    /// In parentheses if it binds looser than `level`.
    pub(super) fn at_least(&mut self, expression: &'a Expression, level: u8) -> fmt::Result {
        if level_of(expression) >= level {
            return self.expression(expression);
        }
        self.parenthesised(expression)
    }

    pub(super) fn parenthesised(&mut self, expression: &'a Expression) -> fmt::Result {
        self.out.write_char('(')?;
        self.expression(expression)?;
        self.out.write_char(')')
    }

    /// An operand of `TEMPORAL`.
    pub(super) fn additive(&mut self, expression: &'a Expression) -> fmt::Result {
        self.at_least(expression, ADD)
    }

    /// A variable, or the aggregate that it stands for.
    fn value(&mut self, variable: &Variable) -> fmt::Result {
        match self.aggregates.get(variable) {
            Some(aggregate) => self.aggregate(aggregate),
            None => write!(self.out, "{variable}"),
        }
    }

    pub(super) fn aggregate(&mut self, aggregate: &'a Aggregate) -> fmt::Result {
        let name = match &aggregate.function {
            AggregateFunction::Count => "COUNT",
            AggregateFunction::Sum => "SUM",
            AggregateFunction::Min => "MIN",
            AggregateFunction::Max => "MAX",
            AggregateFunction::Avg => "AVG",
            AggregateFunction::Sample => "SAMPLE",
            AggregateFunction::GroupConcat(_) => "GROUP_CONCAT",
        };
        write!(self.out, "{name}({}", if aggregate.distinct { "DISTINCT " } else { "" })?;
        match &aggregate.expression {
            Some(expression) => self.expression(expression)?,
            None => self.out.write_char('*')?,
        }
        if let AggregateFunction::GroupConcat(separator) = &aggregate.function {
            write!(self.out, "; SEPARATOR={}", oxrdf::Literal::new_simple_literal(separator))?;
        }
        self.out.write_char(')')
    }

    fn arguments(&mut self, name: &str, parts: &'a [Expression]) -> fmt::Result {
        write!(self.out, "{name} (")?;
        self.list(parts, ", ", 0)?;
        self.out.write_char(')')
    }

    fn chain(&mut self, parts: &'a [Expression], operator: &str, level: u8) -> fmt::Result {
        self.list(parts, operator, level)
    }

    fn list(&mut self, parts: &'a [Expression], between: &str, level: u8) -> fmt::Result {
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                self.out.write_str(between)?;
            }
            self.at_least(part, level)?;
        }
        Ok(())
    }

    fn binary(&mut self, left: &'a Expression, sign: &str, right: &'a Expression, levels: (u8, u8)) -> fmt::Result {
        self.at_least(left, levels.0)?;
        write!(self.out, " {sign} ")?;
        self.at_least(right, levels.1)
    }

    fn prefix(&mut self, sign: &str, part: &'a Expression, level: u8) -> fmt::Result {
        self.out.write_str(sign)?;
        self.at_least(part, level)
    }
}

fn level_of(expression: &Expression) -> u8 {
    match expression {
        Expression::Or(_) => 1,
        Expression::And(_) => 2,
        Expression::Compare(..) | Expression::In(..) => COMPARE,
        Expression::Arithmetic(Arithmetic::Add | Arithmetic::Subtract, ..) => ADD,
        Expression::Arithmetic(..) => MULTIPLY,
        Expression::Not(_) | Expression::Negate(_) | Expression::Plus(_) => UNARY,
        _ => PRIMARY,
    }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}
