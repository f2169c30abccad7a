//! Expressions: the grammar gives operands and operators in a row, precedence is climbed here.

use std::iter::Peekable;

use pest::iterators::Pairs;

use super::{Builder, Fault, MAX_DEPTH, Pair, Result, Rule, bounded, first, last, next, span};
use crate::algebra::{Arithmetic, Comparison};
use crate::syntax::ast::{Expression, ExpressionKind, Node, Span, Verb};

type Tokens<'i> = Peekable<Pairs<'i, Rule>>;

/// How tight operators bind; words and signs alike.
const OR: u8 = 1;
const AND: u8 = 2;
const COMPARE: u8 = 3;
const ADD: u8 = 4;
const MULTIPLY: u8 = 5;

impl Builder<'_> {
    /// An `expression` or `additive`.
    pub(super) fn expression(&mut self, pair: Pair<'_>) -> Result<Expression> {
        self.climb(&mut pair.into_inner().peekable(), OR)
    }

    /// A `condition`: strictly a parenthesis or a call, else any expression.
    pub(super) fn condition(&mut self, pair: Pair<'_>) -> Result<Expression> {
        let whole = span(&pair);
        let mut tokens = pair.into_inner().peekable();
        let hint = "put the whole condition in parentheses";
        if tokens.peek().is_some_and(|token| token.as_rule() == Rule::expression) {
            self.relaxed(whole, "a condition without parentheses", hint)?;
            return self.expression(next_token(&mut tokens));
        }
        let constraint = self.constraint(next_token(&mut tokens))?;
        if tokens.peek().is_some() {
            self.relaxed(whole, "a condition without parentheses", hint)?;
        }
        self.operators(constraint, &mut tokens, OR)
    }

    /// A `constraint`: what may stand as a condition by itself.
    pub(super) fn constraint(&mut self, pair: Pair<'_>) -> Result<Expression> {
        self.primary(first(pair))
    }

    fn climb(&mut self, tokens: &mut Tokens<'_>, min: u8) -> Result<Expression> {
        let operand = next_token(tokens);
        let operand = self.operand(operand, tokens)?;
        self.operators(operand, tokens, min)
    }

    fn operators(&mut self, mut left: Expression, tokens: &mut Tokens<'_>, min: u8) -> Result<Expression> {
        while let Some(token) = tokens.peek() {
            let operator = Operator::of(token);
            if operator.level() < min {
                break;
            }
            let token = next_token(tokens);
            let start = left.span.start;
            left = match operator {
                Operator::Or | Operator::And => self.junction(left, &token, tokens, operator)?,
                Operator::In => self.in_list(left, token)?,
                Operator::Compare(comparison) => {
                    let right = self.climb(tokens, ADD)?;
                    let whole = Span { start, end: right.span.end };
                    node(ExpressionKind::Compare(comparison, left.into(), right.into()), whole)?
                }
                Operator::Arithmetic(arithmetic) => {
                    let right = self.climb(tokens, operator.level() + 1)?;
                    let whole = Span { start, end: right.span.end };
                    node(ExpressionKind::Arithmetic(arithmetic, left.into(), right.into()), whole)?
                }
            };
            if operator.level() == COMPARE {
                no_chain(tokens)?;
            }
        }
        Ok(left)
    }

    fn junction(&mut self, left: Expression, token: &Pair<'_>, tokens: &mut Tokens<'_>, operator: Operator) -> Result<Expression> {
        if token.as_str().starts_with(|c: char| c.is_ascii_alphabetic()) {
            let sign = if operator == Operator::Or { "||" } else { "&&" };
            self.relaxed(span(token), &format!("`{}` as an operator", token.as_str()), &format!("write `{sign}`"))?;
        }
        let start = left.span.start;
        let mut parts = vec![left];
        loop {
            parts.push(self.climb(tokens, operator.level() + 1)?);
            match tokens.peek() {
                Some(token) if Operator::of(token) == operator => {
                    let token = next_token(tokens);
                    if token.as_str().starts_with(|c: char| c.is_ascii_alphabetic()) {
                        self.relaxed(span(&token), &format!("`{}` as an operator", token.as_str()), "write `||` or `&&`")?;
                    }
                }
                _ => break,
            }
        }
        let end = parts.last().map_or(start, |part| part.span.end);
        let kind = if operator == Operator::Or { ExpressionKind::Or(parts) } else { ExpressionKind::And(parts) };
        node(kind, Span { start, end })
    }

    fn in_list(&mut self, left: Expression, pair: Pair<'_>) -> Result<Expression> {
        let whole = Span { start: left.span.start, end: span(&pair).end };
        let (mut negated, mut list) = (false, Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::k_not => negated = true,
                Rule::expression => list.push(self.expression(part)?),
                _ => {}
            }
        }
        let member = node(ExpressionKind::In(left.into(), list), whole)?;
        if negated { node(ExpressionKind::Not(member.into()), whole) } else { Ok(member) }
    }

    /// A `unary`; `NOT` takes the comparison that follows too.
    fn operand(&mut self, pair: Pair<'_>, tokens: &mut Tokens<'_>) -> Result<Expression> {
        let mut prefixes = Vec::new();
        let mut parts = pair.into_inner();
        let mut part = next(&mut parts);
        while part.as_rule() == Rule::prefix {
            prefixes.push(part);
            part = next(&mut parts);
        }
        if prefixes.len() > MAX_DEPTH as usize {
            bounded(prefixes.len() as u32, span(&prefixes[0]))?;
        }
        let mut value = self.primary(part)?;
        let sign = prefixes.pop_if(|prefix| matches!(prefix.as_str(), "+" | "-"));
        if let Some(sign) = sign {
            let whole = Span { start: span(&sign).start, end: value.span.end };
            let value_box = Box::new(value);
            let kind = if sign.as_str() == "-" { ExpressionKind::Negate(value_box) } else { ExpressionKind::Plus(value_box) };
            value = node(kind, whole)?;
        }
        while let Some(prefix) = prefixes.pop() {
            let place = span(&prefix);
            match prefix.as_str() {
                "!" => {}
                "+" | "-" => return Err(Fault::new(place, "a sign stands before a value, not before another operator")),
                _ => {
                    self.relaxed(place, "`NOT` as an operator", "write `!( … )`")?;
                    value = self.operators(value, tokens, COMPARE)?;
                }
            }
            let whole = Span { start: place.start, end: value.span.end };
            value = node(ExpressionKind::Not(value.into()), whole)?;
        }
        Ok(value)
    }

    fn primary(&mut self, pair: Pair<'_>) -> Result<Expression> {
        let whole = span(&pair);
        match pair.as_rule() {
            Rule::bracketed => self.expression(first(pair)),
            Rule::exists => {
                let group = self.group(last(pair))?;
                node(ExpressionKind::Exists(group.into()), whole)
            }
            Rule::not_exists => {
                let group = self.group(last(pair))?;
                let exists = node(ExpressionKind::Exists(group.into()), whole)?;
                node(ExpressionKind::Not(exists.into()), whole)
            }
            Rule::call => self.call(pair),
            Rule::iri_call => self.iri_call(pair),
            _ => {
                let term = self.term(pair)?;
                value(&term)
            }
        }
    }
}

/// The expression of a term; a triple term with variables is a call of `TRIPLE`.
fn value(term: &Node) -> Result<Expression> {
    let place = term.span();
    match term {
        Node::Variable(variable) => node(ExpressionKind::Variable(variable.name.clone()), place),
        Node::Term(term, _) => node(ExpressionKind::Term(term.clone()), place),
        Node::Blank(_) => Err(Fault::new(place, "a blank node cannot stand in an expression")),
        Node::Triple(triple) => {
            let Verb::Node(predicate) = &triple.verb else {
                return Err(Fault::new(place, "a path cannot stand in an expression"));
            };
            if !matches!(&triple.subject, Node::Variable(_) | Node::Term(oxrdf::Term::NamedNode(_), _)) {
                return Err(Fault::new(triple.subject.span(), "the subject of a triple term in an expression is an IRI or a variable"));
            }
            let parts = vec![value(&triple.subject)?, value(predicate)?, value(&triple.object)?];
            node(ExpressionKind::Call(crate::algebra::Function::Triple, parts), place)
        }
    }
}

/// An expression, if it is not too deep.
pub(super) fn node(kind: ExpressionKind, span: Span) -> Result<Expression> {
    use ExpressionKind as Kind;
    let deepest = |list: &[Expression]| list.iter().map(|part| part.depth).max().unwrap_or(0);
    let inner = match &kind {
        Kind::Variable(_) | Kind::Term(_) | Kind::Bound(_) => 0,
        Kind::Exists(group) => group.depth,
        Kind::Or(list) | Kind::And(list) | Kind::Coalesce(list) | Kind::Call(_, list) => deepest(list),
        Kind::Not(part) | Kind::Negate(part) | Kind::Plus(part) => part.depth,
        Kind::Compare(_, left, right) | Kind::Arithmetic(_, left, right) => left.depth.max(right.depth),
        Kind::In(left, list) => left.depth.max(deepest(list)),
        Kind::If(parts) => deepest(parts.as_slice()),
        Kind::Aggregate(aggregate) => aggregate.expression.as_ref().map_or(0, |part| part.depth),
    };
    Ok(Expression { kind, span, depth: bounded(inner + 1, span)? })
}

fn next_token<'i>(tokens: &mut Tokens<'i>) -> Pair<'i> {
    tokens.next().expect("the grammar puts an operand here; this is a bug")
}

fn no_chain(tokens: &mut Tokens<'_>) -> Result<()> {
    match tokens.peek() {
        Some(token) if Operator::of(token).level() == COMPARE => {
            Err(Fault::new(span(token), "a comparison cannot be compared again").hint("join comparisons by &&, or put one in parentheses"))
        }
        _ => Ok(()),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    In,
    Compare(Comparison),
    Arithmetic(Arithmetic),
}

impl Operator {
    fn of(token: &Pair<'_>) -> Self {
        if token.as_rule() == Rule::in_list {
            return Self::In;
        }
        match token.as_str() {
            "||" => Self::Or,
            "&&" => Self::And,
            "=" => Self::Compare(Comparison::Equal),
            "!=" => Self::Compare(Comparison::NotEqual),
            "<" => Self::Compare(Comparison::Less),
            "<=" => Self::Compare(Comparison::LessOrEqual),
            ">" => Self::Compare(Comparison::Greater),
            ">=" => Self::Compare(Comparison::GreaterOrEqual),
            "+" => Self::Arithmetic(Arithmetic::Add),
            "-" => Self::Arithmetic(Arithmetic::Subtract),
            "*" => Self::Arithmetic(Arithmetic::Multiply),
            "/" => Self::Arithmetic(Arithmetic::Divide),
            word if word.eq_ignore_ascii_case("or") => Self::Or,
            _ => Self::And,
        }
    }

    fn level(self) -> u8 {
        match self {
            Self::Or => OR,
            Self::And => AND,
            Self::In | Self::Compare(_) => COMPARE,
            Self::Arithmetic(Arithmetic::Add | Arithmetic::Subtract) => ADD,
            Self::Arithmetic(Arithmetic::Multiply | Arithmetic::Divide) => MULTIPLY,
        }
    }
}
