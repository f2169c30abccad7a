//! Compiled expressions.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::arithmetic::{arithmetic, negate, plus_sign};
use super::boolean::effective_boolean;
use super::compare::{compare, equal};
use super::context::{Context, Row};
use super::error::EvalError;
use super::functions::pattern::Matcher;
use super::functions::{Builtin, Site};
use super::loose::Loose;
use super::value::Value;
use crate::algebra::{Arithmetic, Comparison, Expression, Variable};

/// An expression whose variables are slots of a row, with constants decoded, constant parts evaluated and constant patterns compiled.
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) root: Node,
    pub(super) slots: Vec<usize>,
    pub(super) deterministic: bool,
}

/// A part of a program.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Constant(Result<Value, EvalError>),
    Slot(usize),
    Bound(usize),
    Or(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    Compare(Comparison, Box<(Node, Node)>),
    /// A comparison with a literal that may be read as a date, on its right.
    CompareLoose(Comparison, Box<(Node, Loose)>),
    /// With the values of a long list of constants, if it is one.
    In(Box<Node>, Vec<Item>, Option<Arc<HashSet<Value>>>),
    Arithmetic(Arithmetic, Box<(Node, Node)>),
    Negate(Box<Node>),
    Plus(Box<Node>),
    Coalesce(Vec<Node>),
    If(Box<(Node, Node, Node)>),
    Regex(Box<Node>, Arc<Matcher>),
    Replace(Box<(Node, Node)>, Arc<Matcher>),
    /// A function with its arguments and the number of the call.
    Call(Builtin, Vec<Node>, u64),
}

/// An item of the list of an `IN`.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Node(Node),
    Loose(Loose),
}

impl Program {
    /// Compiles an expression; `slot` gives the place of a variable in rows, none if it is never bound.
    ///
    /// What cannot be compiled (an unknown function, a malformed pattern, `EXISTS`) is an error of every row, as SPARQL wants it.
    pub fn compile(expression: &Expression, slot: &mut dyn FnMut(&Variable) -> Option<usize>) -> Self {
        super::compile::compile(expression, slot)
    }

    /// The value for a row.
    ///
    /// # Errors
    /// [`EvalError`] as the operators and functions have them.
    pub fn evaluate<'a>(&'a self, row: &'a dyn Row, context: &'a Context<'a>) -> Result<Cow<'a, Value>, EvalError> {
        self.root.evaluate(row, context)
    }

    /// Whether the effective boolean value for a row is true; an error is not.
    pub fn test(&self, row: &dyn Row, context: &Context<'_>) -> bool {
        self.root.truth(row, context) == Ok(true)
    }

    /// The value of an expression without variables whose value is the same in every query.
    pub fn constant(&self) -> Option<&Result<Value, EvalError>> {
        match &self.root {
            Node::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// Slots that are read, ascending.
    pub fn slots(&self) -> &[usize] {
        &self.slots
    }

    /// Equal values of its slots give equal results within a query: `RAND`, `UUID`, `STRUUID` and `BNODE` are not called.
    pub fn is_deterministic(&self) -> bool {
        self.deterministic
    }
}

impl Node {
    pub(super) fn evaluate<'a>(&'a self, row: &'a dyn Row, context: &'a Context<'a>) -> Result<Cow<'a, Value>, EvalError> {
        match self {
            Self::Constant(Ok(value)) => Ok(Cow::Borrowed(value)),
            Self::Constant(Err(error)) => Err(error.clone()),
            Self::Slot(slot) => row.value(*slot).ok_or(EvalError::Unbound),
            Self::Arithmetic(operator, operands) => {
                arithmetic(*operator, &*operands.0.evaluate(row, context)?, &*operands.1.evaluate(row, context)?).map(Cow::Owned)
            }
            Self::Negate(operand) => negate(&*operand.evaluate(row, context)?).map(Cow::Owned),
            Self::Plus(operand) => plus_sign(&*operand.evaluate(row, context)?).map(Cow::Owned),
            Self::Coalesce(nodes) => nodes
                .iter()
                .find_map(|node| node.evaluate(row, context).ok())
                .ok_or(EvalError::Argument { operation: "COALESCE", expected: "an argument without error" }),
            Self::If(parts) => {
                let branch = if parts.0.truth(row, context)? { &parts.1 } else { &parts.2 };
                branch.evaluate(row, context)
            }
            Self::Replace(parts, matcher) => {
                matcher.replace(&*parts.0.evaluate(row, context)?, &*parts.1.evaluate(row, context)?).map(Cow::Owned)
            }
            Self::Call(builtin, arguments, call) => self::call(builtin, arguments, *call, row, context).map(Cow::Owned),
            condition => condition.truth(row, context).map(|truth| Cow::Owned(Value::Boolean(truth))),
        }
    }

    /// The effective boolean value, with the three-valued logic of section 17.2.
    pub(super) fn truth(&self, row: &dyn Row, context: &Context<'_>) -> Result<bool, EvalError> {
        match self {
            Self::Bound(slot) => Ok(row.value(*slot).is_some()),
            Self::Or(nodes) => decided(nodes.iter().map(|node| node.truth(row, context)), true),
            Self::And(nodes) => decided(nodes.iter().map(|node| node.truth(row, context)), false),
            Self::Not(node) => Ok(!node.truth(row, context)?),
            Self::Compare(comparison, operands) => {
                compare(*comparison, &*operands.0.evaluate(row, context)?, &*operands.1.evaluate(row, context)?)
            }
            Self::CompareLoose(comparison, operands) => operands.1.compare(&*operands.0.evaluate(row, context)?, *comparison),
            Self::In(node, list, set) => {
                let value = node.evaluate(row, context);
                match (value.as_deref(), set) {
                    // Equal to another of the set only if it is the same term.
                    (Ok(value @ (Value::Iri(_) | Value::Blank(_) | Value::String(_) | Value::Integer(_))), Some(set)) => {
                        Ok(set.contains(value))
                    }
                    (value, _) => decided(list.iter().map(|item| item.equals(value.map_err(EvalError::clone)?, row, context)), true),
                }
            }
            Self::Regex(node, matcher) => matcher.is_match(&*node.evaluate(row, context)?),
            value => effective_boolean(&*value.evaluate(row, context)?),
        }
    }
}

impl Item {
    fn equals(&self, value: &Value, row: &dyn Row, context: &Context<'_>) -> Result<bool, EvalError> {
        match self {
            Self::Node(node) => equal(value, &*node.evaluate(row, context)?),
            Self::Loose(loose) => loose.compare(value, Comparison::Equal),
        }
    }
}

/// `||` (decided by true) and `&&` (decided by false): an error counts only if nothing decides.
fn decided(mut truths: impl Iterator<Item = Result<bool, EvalError>>, by: bool) -> Result<bool, EvalError> {
    let mut error = None;
    let found = truths.any(|truth| match truth {
        Ok(truth) => truth == by,
        Err(first) => {
            error.get_or_insert(first);
            false
        }
    });
    match error {
        Some(error) if !found => Err(error),
        _ => Ok(found == by),
    }
}

fn call(builtin: &Builtin, arguments: &[Node], call: u64, row: &dyn Row, context: &Context<'_>) -> Result<Value, EvalError> {
    match (builtin, arguments) {
        // The frequent ones need no list of arguments.
        (Builtin::Unary(function), [argument]) => function(&*argument.evaluate(row, context)?),
        (Builtin::Binary(function), [a, b]) => function(&*a.evaluate(row, context)?, &*b.evaluate(row, context)?),
        _ => {
            let values = arguments.iter().map(|argument| argument.evaluate(row, context)).collect::<Result<Vec<_>, _>>()?;
            builtin.call(&values, &Site { row, context, call })
        }
    }
}
