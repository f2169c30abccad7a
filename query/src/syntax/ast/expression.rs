//! Expressions.

use oxrdf::Term;

use super::{Group, Span};
use crate::algebra::{AggregateFunction, Arithmetic, Comparison, Function};

/// An expression.
#[derive(Clone, Debug)]
pub struct Expression {
    /// Which.
    pub kind: ExpressionKind,
    /// Where.
    pub span: Span,
    /// Levels of operators inside.
    pub depth: u32,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
pub enum ExpressionKind {
    /// A variable.
    Variable(String),
    /// A constant.
    Term(Term),
    /// `EXISTS`.
    Exists(Box<Group>),
    /// `||`.
    Or(Vec<Expression>),
    /// `&&`.
    And(Vec<Expression>),
    /// `!`, `NOT`.
    Not(Box<Expression>),
    /// `=`, `<`, …
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// `IN`.
    In(Box<Expression>, Vec<Expression>),
    /// `+`, `-`, `*`, `/`.
    Arithmetic(Arithmetic, Box<Expression>, Box<Expression>),
    /// Unary `-`.
    Negate(Box<Expression>),
    /// Unary `+`.
    Plus(Box<Expression>),
    /// `BOUND`.
    Bound(String),
    /// `COALESCE`.
    Coalesce(Vec<Expression>),
    /// `IF`.
    If(Box<[Expression; 3]>),
    /// Any other function.
    Call(Function, Vec<Expression>),
    /// An aggregate.
    Aggregate(Box<Aggregate>),
}

/// An aggregate.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// Which.
    pub function: AggregateFunction,
    /// Of what; `None` is `*`.
    pub expression: Option<Expression>,
    /// `DISTINCT`.
    pub distinct: bool,
}
