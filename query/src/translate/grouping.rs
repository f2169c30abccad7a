//! What a grouped query knows: its keys, aggregates, and the variables that are sampled (relaxation 2 of HyperQL).

use std::collections::{HashMap, HashSet};

use super::scope::Scope;
use super::{Fault, Result, Variable, ast};
use crate::algebra::Aggregate;
use crate::syntax::ast::{Expression, ExpressionKind as Kind, Modifiers, SelectItem, Span};

/// The state of a grouped query while its expressions are read.
pub(super) struct Grouped {
    pub(super) keys: Vec<Variable>,
    pub(super) aggregates: Vec<(Variable, Aggregate)>,
    pub(super) sampled: Vec<Variable>,
    /// `SELECT` is read, where SPARQL allows keys and aggregates only.
    pub(super) in_select: bool,
    /// What a row of groups has: keys, sampled variables, and names that expressions of `SELECT` got so far.
    known: HashSet<Variable>,
    /// What the pattern binds.
    inner: Scope,
    lifted: HashMap<String, Variable>,
}

impl Grouped {
    /// Groups of a pattern that binds `inner`, by these keys.
    pub(super) fn new(keys: Vec<Variable>, inner: Scope) -> Self {
        let known = keys.iter().cloned().collect();
        Self { keys, aggregates: Vec::new(), sampled: Vec::new(), in_select: true, known, inner, lifted: HashMap::new() }
    }

    /// Whether a row of groups has the variable.
    pub(super) fn has(&self, variable: &Variable) -> bool {
        self.known.contains(variable)
    }

    /// An expression of `SELECT` got this name.
    pub(super) fn name(&mut self, variable: Variable) {
        self.known.insert(variable);
    }

    /// A variable stands outside aggregates.
    pub(super) fn refer(&mut self, variable: &Variable, span: Span, strict: bool) -> Result<()> {
        if self.known.contains(variable) {
            return Ok(());
        }
        if strict && self.in_select {
            let fault = Fault::new(span, format!("{variable} is neither a key of GROUP BY nor inside an aggregate"));
            return Err(
                fault.hint(format!("add {variable} to GROUP BY, or write SAMPLE({variable}); without --strict HyperQL groups by itself"))
            );
        }
        if self.inner.contains(variable) {
            self.sampled.push(variable.clone());
            self.known.insert(variable.clone());
        }
        Ok(())
    }

    /// The variable of an aggregate; equal aggregates share one.
    pub(super) fn lift(&mut self, aggregate: Aggregate, fresh: impl FnOnce() -> Variable) -> Variable {
        // By its text, since terms have no order and many aggregates must not take quadratic time.
        let variable = self.lifted.entry(format!("{aggregate:?}")).or_insert_with(|| {
            let variable = fresh();
            self.aggregates.push((variable.clone(), aggregate));
            variable
        });
        variable.clone()
    }
}

/// Whether the solutions are grouped.
pub(super) fn is_grouped(items: &[SelectItem], modifiers: &Modifiers) -> bool {
    !modifiers.group_by.is_empty() || !modifiers.having.is_empty() || expressions(items, modifiers).any(|part| visit(part, &mut |_| true))
}

/// The keys of a query with aggregates but no `GROUP BY`: what is projected plainly and stands inside no aggregate.
pub(super) fn implicit_keys(plain: &[ast::Variable], items: &[SelectItem], modifiers: &Modifiers) -> Vec<Variable> {
    let mut aggregated = HashSet::new();
    for part in expressions(items, modifiers) {
        visit(part, &mut |inner| {
            variables(inner, &mut aggregated);
            false
        });
    }
    let mut seen = HashSet::new();
    let keys = plain.iter().map(|variable| variable.name.as_str());
    keys.filter(|name| !aggregated.contains(name) && seen.insert(*name)).map(Variable::new).collect()
}

fn expressions<'a>(items: &'a [SelectItem], modifiers: &'a Modifiers) -> impl Iterator<Item = &'a Expression> {
    let items = items.iter().filter_map(|item| item.expression.as_ref());
    items.chain(&modifiers.having).chain(modifiers.order_by.iter().map(|key| &key.expression))
}

/// Calls `f` with the argument of every aggregate (the aggregate itself, if that is `*`) until it says true.
fn visit<'a>(expression: &'a Expression, f: &mut impl FnMut(&'a Expression) -> bool) -> bool {
    match &expression.kind {
        Kind::Aggregate(aggregate) => f(aggregate.expression.as_ref().unwrap_or(expression)),
        _ => children(expression).into_iter().any(|part| visit(part, f)),
    }
}

fn variables<'a>(expression: &'a Expression, found: &mut HashSet<&'a str>) {
    if let Kind::Variable(name) | Kind::Bound(name) = &expression.kind {
        found.insert(name);
    }
    if let Kind::Aggregate(aggregate) = &expression.kind {
        aggregate.expression.iter().for_each(|part| variables(part, found));
    }
    children(expression).into_iter().for_each(|part| variables(part, found));
}

fn children(expression: &Expression) -> Vec<&Expression> {
    match &expression.kind {
        Kind::Variable(_) | Kind::Term(_) | Kind::Bound(_) | Kind::Exists(_) | Kind::Aggregate(_) => Vec::new(),
        Kind::Or(list) | Kind::And(list) | Kind::Coalesce(list) | Kind::Call(_, list) => list.iter().collect(),
        Kind::Not(part) | Kind::Negate(part) | Kind::Plus(part) => vec![part],
        Kind::Compare(_, left, right) | Kind::Arithmetic(_, left, right) => vec![left, right],
        Kind::In(left, list) => std::iter::once(left.as_ref()).chain(list).collect(),
        Kind::If(parts) => parts.iter().collect(),
    }
}
