//! What follows a pattern: grouping, `HAVING`, `VALUES`, projection, order, slices (SPARQL 1.1, section 18.2.4 and 18.2.5).

use std::collections::HashSet;

use super::expression::Context;
use super::group::{conjunction, join, values_of};
use super::grouping::{Grouped, implicit_keys, is_grouped};
use super::scope::Scope;
use super::{Fault, Form, Result, Translator, ast};
use crate::algebra::{Expression, OrderKey, Pattern, TermPattern, Variable};
use crate::syntax::ast::{Duplicates, ExpressionKind, Modifiers, Node, SelectClause, SelectItem};

/// Expressions of a query, read before its operators are put together.
#[derive(Default)]
struct Solutions {
    bindings: Vec<(Variable, Expression)>,
    having: Vec<Expression>,
    order: Vec<OrderKey>,
}

impl Translator {
    /// The solutions of a `SELECT` with the variables that it projects.
    pub(super) fn select(&mut self, clause: &SelectClause, pattern: Pattern, modifiers: &Modifiers) -> Result<(Pattern, Vec<Variable>)> {
        let items = clause.items.as_deref().unwrap_or_default();
        if clause.items.is_none() && is_grouped(items, modifiers) {
            let fault = Fault::new(clause.span, "`SELECT *` cannot be grouped");
            return Err(fault.hint("name the variables of GROUP BY and the aggregates that are wanted"));
        }
        let plain: Vec<ast::Variable> = items.iter().filter(|item| item.expression.is_none()).map(|item| item.variable.clone()).collect();
        let ordered = self.ordered(items, &plain, pattern, modifiers)?;
        let mut variables = match &clause.items {
            None => self.all_of(&ordered),
            Some(items) => items.iter().map(|item| Variable::new(item.variable.name.as_str())).collect(),
        };
        let mut seen = HashSet::new();
        variables.retain(|variable| seen.insert(variable.clone()));
        let projected = Pattern::Project { inner: Box::new(ordered), variables: variables.clone() };
        let distinct = match clause.duplicates {
            Duplicates::Kept => projected,
            Duplicates::Distinct => Pattern::Distinct(Box::new(projected)),
            Duplicates::Reduced => Pattern::Reduced(Box::new(projected)),
        };
        Ok((slice(distinct, modifiers), variables))
    }

    /// The solutions of a query that uses these variables of them.
    pub(super) fn solutions(&mut self, used: &[ast::Variable], pattern: Pattern, modifiers: &Modifiers) -> Result<Pattern> {
        Ok(slice(self.ordered(&[], used, pattern, modifiers)?, modifiers))
    }

    pub(super) fn describe(&mut self, targets: Option<&[Node]>, pattern: Pattern, modifiers: &Modifiers) -> Result<(Form, Pattern)> {
        let mut used = Vec::new();
        let mut described = Vec::new();
        for target in targets.unwrap_or_default() {
            match target {
                Node::Variable(variable) => {
                    used.push(variable.clone());
                    described.push(TermPattern::Variable(Variable::new(variable.name.as_str())));
                }
                Node::Term(term, _) => described.push(TermPattern::Term(term.clone())),
                Node::Blank(_) | Node::Triple(_) => return Err(Fault::new(target.span(), "DESCRIBE takes variables and IRIs")),
            }
        }
        let pattern = self.solutions(&used, pattern, modifiers)?;
        if targets.is_none() {
            described = self.all_of(&pattern).into_iter().map(TermPattern::Variable).collect();
        }
        Ok((Form::Describe(described), pattern))
    }

    fn ordered(&mut self, items: &[SelectItem], plain: &[ast::Variable], pattern: Pattern, modifiers: &Modifiers) -> Result<Pattern> {
        let (mut pattern, solutions) = if is_grouped(items, modifiers) {
            self.grouped(items, plain, pattern, modifiers)?
        } else {
            let mut scope = Scope::of(&pattern);
            modifiers.values.iter().for_each(|values| scope.add(&values_of(values)));
            (pattern, self.plain(items, &mut scope, modifiers)?)
        };
        if let Some(condition) = conjunction(solutions.having) {
            pattern = Pattern::Filter { condition, inner: Box::new(pattern) };
        }
        if let Some(values) = &modifiers.values {
            pattern = join(Some(pattern), values_of(values));
        }
        for (variable, expression) in solutions.bindings {
            pattern = Pattern::Extend { inner: Box::new(pattern), variable, expression };
        }
        if !solutions.order.is_empty() {
            pattern = Pattern::OrderBy { inner: Box::new(pattern), keys: solutions.order };
        }
        Ok(pattern)
    }

    fn plain(&mut self, items: &[SelectItem], scope: &mut Scope, modifiers: &Modifiers) -> Result<Solutions> {
        let mut solutions = Solutions::default();
        for item in items {
            let variable = Variable::new(item.variable.name.as_str());
            if let Some(expression) = &item.expression {
                new_name(item, scope.contains(&variable))?;
                solutions.bindings.push((variable.clone(), self.expression(expression, &mut Context::Plain)?));
            }
            scope.insert(&variable);
        }
        solutions.order = self.order(modifiers, &mut Context::Plain)?;
        Ok(solutions)
    }

    fn grouped(
        &mut self,
        items: &[SelectItem],
        plain: &[ast::Variable],
        pattern: Pattern,
        modifiers: &Modifiers,
    ) -> Result<(Pattern, Solutions)> {
        let (pattern, mut keys) = self.group_keys(pattern, modifiers)?;
        if modifiers.group_by.is_empty() && !self.strict {
            keys = implicit_keys(plain, items, modifiers);
        }
        let inner = Scope::of(&pattern);
        let mut grouped = Grouped::new(keys, inner);
        let solutions = self.grouped_expressions(items, plain, modifiers, &mut grouped)?;
        let Grouped { keys, aggregates, sampled, .. } = grouped;
        Ok((Pattern::Group { inner: Box::new(pattern), keys, aggregates, sampled }, solutions))
    }

    /// The keys of `GROUP BY`, bound to variables where they are expressions.
    fn group_keys(&mut self, mut pattern: Pattern, modifiers: &Modifiers) -> Result<(Pattern, Vec<Variable>)> {
        let mut keys = Vec::new();
        let mut seen = HashSet::new();
        for key in &modifiers.group_by {
            let variable = match (&key.variable, &key.expression.kind) {
                (None, ExpressionKind::Variable(name)) => Variable::new(name.as_str()),
                (name, _) => {
                    let variable = match name {
                        Some(name) => Variable::new(name.name.as_str()),
                        None => self.fresh('k'),
                    };
                    if let (Some(name), true) = (name, Scope::of(&pattern).contains(&variable)) {
                        let fault = Fault::new(name.span, format!("GROUP BY cannot name a key {variable}: the pattern uses that variable"));
                        return Err(fault.hint("take a new name"));
                    }
                    let expression = self.expression(&key.expression, &mut Context::Plain)?;
                    pattern = Pattern::Extend { inner: Box::new(pattern), variable: variable.clone(), expression };
                    variable
                }
            };
            if seen.insert(variable.clone()) {
                keys.push(variable);
            }
        }
        Ok((pattern, keys))
    }

    fn grouped_expressions(
        &mut self,
        items: &[SelectItem],
        plain: &[ast::Variable],
        modifiers: &Modifiers,
        grouped: &mut Grouped,
    ) -> Result<Solutions> {
        let mut solutions = Solutions::default();
        let mut plainly: HashSet<Variable> = HashSet::new();
        if items.is_empty() {
            for variable in plain {
                grouped.refer(&Variable::new(variable.name.as_str()), variable.span, self.strict)?;
            }
        }
        for item in items {
            let variable = Variable::new(item.variable.name.as_str());
            let Some(expression) = &item.expression else {
                grouped.refer(&variable, item.variable.span, self.strict)?;
                plainly.insert(variable);
                continue;
            };
            new_name(item, grouped.has(&variable) || plainly.contains(&variable))?;
            let value = self.expression(expression, &mut Context::Grouped(grouped))?;
            new_name(item, grouped.has(&variable))?;
            solutions.bindings.push((variable.clone(), value));
            grouped.name(variable);
        }
        grouped.in_select = false;
        for condition in &modifiers.having {
            solutions.having.push(self.expression(condition, &mut Context::Grouped(grouped))?);
        }
        solutions.order = self.order(modifiers, &mut Context::Grouped(grouped))?;
        Ok(solutions)
    }

    fn order(&mut self, modifiers: &Modifiers, context: &mut Context<'_>) -> Result<Vec<OrderKey>> {
        let key = |key: &ast::OrderKey| Ok(OrderKey { expression: self.expression(&key.expression, context)?, descending: key.descending });
        modifiers.order_by.iter().map(key).collect()
    }
}

fn new_name(item: &SelectItem, taken: bool) -> Result<()> {
    if !taken {
        return Ok(());
    }
    let message = format!("SELECT cannot name a value ?{}: the variable is used already", item.variable.name);
    Err(Fault::new(item.variable.span, message).hint("take a new name after AS"))
}

fn slice(pattern: Pattern, modifiers: &Modifiers) -> Pattern {
    match (modifiers.offset, modifiers.limit) {
        (None, None) => pattern,
        (offset, limit) => Pattern::Slice { inner: Box::new(pattern), offset: offset.unwrap_or(0), limit },
    }
}
