//! From expressions of the algebra to programs.

use std::borrow::Cow;
use std::sync::Arc;

use oxsdatatypes::DateTime;

use super::MAX_DEPTH;
use super::context::{Context, Values};
use super::error::EvalError;
use super::functions::pattern::Matcher;
use super::functions::signature;
use super::loose::{Loose, mirrored};
use super::program::{Item, Node, Program};
use super::value::Value;
use crate::algebra::{Comparison, Expression, Function, Variable};

/// Lists of constants longer than this are looked up by hash.
const LONG_LIST: usize = 4;

/// The value of an expression that has the same in every row of every query, for constant folding; none if it has not.
pub fn constant(expression: &Expression) -> Option<Result<Value, EvalError>> {
    // Any slot will do: a program that reads one is no constant.
    match compile(expression, &mut |_| Some(0)).root {
        Node::Constant(value) => Some(value),
        _ => None,
    }
}

pub(super) fn compile(expression: &Expression, slot: &mut dyn FnMut(&Variable) -> Option<usize>) -> Program {
    let mut compiler = Compiler { slot, slots: Vec::new(), calls: 0, deterministic: true };
    let root = compiler.node(expression, 0);
    let mut slots = compiler.slots;
    slots.sort_unstable();
    slots.dedup();
    Program { root, slots, deterministic: compiler.deterministic }
}

struct Compiler<'a> {
    slot: &'a mut dyn FnMut(&Variable) -> Option<usize>,
    slots: Vec<usize>,
    calls: u64,
    deterministic: bool,
}

impl Compiler<'_> {
    fn node(&mut self, expression: &Expression, depth: usize) -> Node {
        if depth >= MAX_DEPTH {
            return Node::Constant(Err(EvalError::TooDeep));
        }
        let depth = depth + 1;
        match expression {
            Expression::Variable(variable) => match (self.slot)(variable) {
                Some(slot) => {
                    self.slots.push(slot);
                    Node::Slot(slot)
                }
                None => Node::Constant(Err(EvalError::Unbound)),
            },
            Expression::Term(term) | Expression::Loose(term) => Node::Constant(Ok(term.into())),
            Expression::Bound(variable) => match (self.slot)(variable) {
                Some(slot) => {
                    self.slots.push(slot);
                    Node::Bound(slot)
                }
                None => Node::Constant(Ok(Value::Boolean(false))),
            },
            Expression::Exists(_) => Node::Constant(Err(EvalError::Exists)),
            Expression::Or(parts) => logic(self.nodes(parts, depth), true),
            Expression::And(parts) => logic(self.nodes(parts, depth), false),
            Expression::Not(part) => strict([self.node(part, depth)], |[part]| Node::Not(Box::new(part))),
            Expression::Compare(comparison, left, right) => self.compare(*comparison, left, right, depth),
            Expression::In(value, list) => self.member(value, list, depth),
            Expression::Arithmetic(operator, left, right) => {
                strict([self.node(left, depth), self.node(right, depth)], |[a, b]| Node::Arithmetic(*operator, Box::new((a, b))))
            }
            Expression::Negate(part) => strict([self.node(part, depth)], |[part]| Node::Negate(Box::new(part))),
            Expression::Plus(part) => strict([self.node(part, depth)], |[part]| Node::Plus(Box::new(part))),
            Expression::Coalesce(parts) => coalesce(self.nodes(parts, depth)),
            Expression::If(condition, yes, no) => match self.node(condition, depth) {
                condition @ Node::Constant(_) => match constant_truth(&condition) {
                    Ok(true) => self.node(yes, depth),
                    Ok(false) => self.node(no, depth),
                    Err(error) => Node::Constant(Err(error)),
                },
                condition => Node::If(Box::new((condition, self.node(yes, depth), self.node(no, depth)))),
            },
            Expression::Call(function, arguments) => self.call(function, arguments, depth),
        }
    }

    fn nodes(&mut self, expressions: &[Expression], depth: usize) -> Vec<Node> {
        expressions.iter().map(|expression| self.node(expression, depth)).collect()
    }

    fn compare(&mut self, comparison: Comparison, left: &Expression, right: &Expression, depth: usize) -> Node {
        match (left, right) {
            (_, Expression::Loose(term)) => {
                let loose = Loose::new(term.into());
                strict([self.node(left, depth)], |[other]| Node::CompareLoose(comparison, Box::new((other, loose))))
            }
            (Expression::Loose(term), _) => {
                let loose = Loose::new(term.into());
                strict([self.node(right, depth)], |[other]| Node::CompareLoose(mirrored(comparison), Box::new((other, loose))))
            }
            _ => strict([self.node(left, depth), self.node(right, depth)], |[a, b]| Node::Compare(comparison, Box::new((a, b)))),
        }
    }

    fn member(&mut self, value: &Expression, list: &[Expression], depth: usize) -> Node {
        if matches!(value, Expression::Loose(_)) {
            // It may be read as a date beside each item, so the list is written out.
            let parts = list.iter().map(|item| self.compare(Comparison::Equal, value, item, depth)).collect();
            return logic(parts, true);
        }
        let value = self.node(value, depth);
        let items: Vec<Item> = list.iter().map(|item| self.item(item, depth)).collect();
        let constants: Option<Vec<&Value>> = items.iter().map(constant_item).collect();
        let set = match &constants {
            Some(constants) if constants.len() > LONG_LIST && constants.iter().all(|value| equal_only_to_same(value)) => {
                Some(Arc::new(constants.iter().copied().cloned().collect()))
            }
            _ => None,
        };
        let constant = is_constant(&value) && constants.is_some();
        let node = Node::In(Box::new(value), items, set);
        if constant { evaluated(&node) } else { node }
    }

    fn item(&mut self, item: &Expression, depth: usize) -> Item {
        match item {
            Expression::Loose(term) => Item::Loose(Loose::new(term.into())),
            item => Item::Node(self.node(item, depth)),
        }
    }

    fn call(&mut self, function: &Function, arguments: &[Expression], depth: usize) -> Node {
        let signature = match signature(function, arguments.len()) {
            Ok(signature) => signature,
            Err(error) => return Node::Constant(Err(error)),
        };
        let mut nodes = self.nodes(arguments, depth);
        if let Some(error) = nodes.iter().find_map(constant_error) {
            return Node::Constant(Err(error));
        }
        if signature.constant && nodes.iter().all(is_constant) {
            return evaluated(&Node::Call(signature.builtin, nodes, 0));
        }
        if matches!(function, Function::Rand | Function::Uuid | Function::StrUuid | Function::BNode) {
            self.deterministic = false;
        }
        match (function, constant_matcher(function, &nodes)) {
            (_, Some(Err(error))) => Node::Constant(Err(error)),
            (Function::Regex, Some(Ok(matcher))) => Node::Regex(Box::new(nodes.swap_remove(0)), Arc::new(matcher)),
            (_, Some(Ok(matcher))) => {
                nodes.truncate(3);
                let (replacement, text) = (nodes.swap_remove(2), nodes.swap_remove(0));
                Node::Replace(Box::new((text, replacement)), Arc::new(matcher))
            }
            (_, None) => {
                self.calls += 1;
                Node::Call(signature.builtin, nodes, self.calls)
            }
        }
    }
}

/// A node that has a value only if all its parts have one.
fn strict<const N: usize>(parts: [Node; N], make: impl FnOnce([Node; N]) -> Node) -> Node {
    if let Some(error) = parts.iter().find_map(constant_error) {
        return Node::Constant(Err(error));
    }
    let constant = parts.iter().all(is_constant);
    let node = make(parts);
    if constant { evaluated(&node) } else { node }
}

/// `||` (decided by true) or `&&` (decided by false) without the parts that make no difference.
fn logic(parts: Vec<Node>, by: bool) -> Node {
    let mut kept = Vec::new();
    for part in parts {
        let truth = if is_constant(&part) { constant_truth(&part) } else { Err(EvalError::Unbound) };
        match truth {
            Ok(truth) if truth == by => return Node::Constant(Ok(by.into())),
            Ok(_) => {}
            Err(_) => kept.push(part),
        }
    }
    let constant = kept.iter().all(is_constant);
    let node = if by { Node::Or(kept) } else { Node::And(kept) };
    if constant { evaluated(&node) } else { node }
}

fn coalesce(parts: Vec<Node>) -> Node {
    let mut kept = Vec::new();
    for part in parts {
        match &part {
            Node::Constant(Err(_)) => continue,
            Node::Constant(Ok(_)) if kept.is_empty() => return part,
            _ => {}
        }
        let last = is_constant(&part);
        kept.push(part);
        if last {
            break;
        }
    }
    let node = Node::Coalesce(kept);
    if matches!(&node, Node::Coalesce(kept) if kept.is_empty()) { evaluated(&node) } else { node }
}

/// The matcher of `REGEX` or `REPLACE` with constant pattern and flags.
fn constant_matcher(function: &Function, arguments: &[Node]) -> Option<Result<Matcher, EvalError>> {
    let flags = match function {
        Function::Regex => arguments.get(2),
        Function::Replace => arguments.get(3),
        _ => return None,
    };
    let string = |node: &Node| match node {
        Node::Constant(Ok(Value::String(text))) => Some(text.clone()),
        _ => None,
    };
    let pattern = string(&arguments[1])?;
    let flags = match flags {
        Some(flags) => string(flags)?,
        None => "".into(),
    };
    Some(Matcher::new(&pattern, &flags))
}

fn is_constant(node: &Node) -> bool {
    matches!(node, Node::Constant(_))
}

fn constant_error(node: &Node) -> Option<EvalError> {
    match node {
        Node::Constant(Err(error)) => Some(error.clone()),
        _ => None,
    }
}

fn constant_item(item: &Item) -> Option<&Value> {
    match item {
        Item::Node(Node::Constant(Ok(value))) => Some(value),
        Item::Node(_) => None,
        Item::Loose(loose) => Some(&loose.value),
    }
}

/// IRIs, blank nodes, strings and integers are equal to such a value only if they are the same term, and it is always known.
fn equal_only_to_same(value: &Value) -> bool {
    matches!(value, Value::Iri(_) | Value::String(_) | Value::LangString(_) | Value::Integer(_) | Value::Boolean(_))
}

/// The truth of a node without slots and calls that depend on the query.
fn constant_truth(node: &Node) -> Result<bool, EvalError> {
    node.truth(&Values { values: &[], solution: 0 }, &Context::new(DateTime::MIN, 0))
}

/// The constant that a node without slots and calls that depend on the query is.
fn evaluated(node: &Node) -> Node {
    let (row, context) = (Values { values: &[], solution: 0 }, Context::new(DateTime::MIN, 0));
    Node::Constant(node.evaluate(&row, &context).map(Cow::into_owned))
}
