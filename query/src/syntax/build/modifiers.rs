//! `SELECT …` and what follows the pattern.

use super::{Builder, Fault, Pair, Result, Rule, each, first, last, span, variable};
use crate::syntax::ast::{Duplicates, Expression, ExpressionKind, GroupKey, Modifiers, OrderKey, SelectClause, SelectItem};

impl Builder<'_> {
    pub(super) fn select_clause(&mut self, pair: Pair<'_>) -> Result<SelectClause> {
        let span = span(&pair);
        let (mut duplicates, mut items) = (Duplicates::Kept, Some(Vec::new()));
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::k_distinct => duplicates = Duplicates::Distinct,
                Rule::k_reduced => duplicates = Duplicates::Reduced,
                Rule::star => items = None,
                Rule::select_item => {
                    let item = self.select_item(part)?;
                    items.get_or_insert_default().push(item);
                }
                _ => {}
            }
        }
        Ok(SelectClause { duplicates, items, span })
    }

    /// `?x` or `expression AS ?x`.
    pub(super) fn select_item(&mut self, pair: Pair<'_>) -> Result<SelectItem> {
        let (mut expression, mut name) = (None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::var => name = Some(variable(&part)),
                Rule::expression => expression = Some(self.expression(part)?),
                _ => {}
            }
        }
        Ok(SelectItem { expression, variable: name.expect("an item of SELECT has a variable; this is a bug") })
    }

    pub(super) fn modifiers(&mut self, pair: Pair<'_>) -> Result<Modifiers> {
        let mut modifiers = Modifiers::default();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::group_clause => {
                    for key in each(part, Rule::group_key) {
                        modifiers.group_by.push(self.group_key(key)?);
                    }
                }
                Rule::having_clause => {
                    for condition in each(part, Rule::condition) {
                        modifiers.having.push(self.condition(condition)?);
                    }
                }
                Rule::order_clause => {
                    for key in each(part, Rule::order_key) {
                        modifiers.order_by.push(self.order_key(key)?);
                    }
                }
                Rule::limit => modifiers.limit = Some(count(&last(part))?),
                _ => modifiers.offset = Some(count(&last(part))?),
            }
        }
        Ok(modifiers)
    }

    fn group_key(&mut self, pair: Pair<'_>) -> Result<GroupKey> {
        let (mut expression, mut name) = (None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::var => name = Some(variable(&part)),
                Rule::expression => expression = Some(self.expression(part)?),
                Rule::call => expression = Some(self.call(part)?),
                Rule::iri_call => expression = Some(self.iri_call(part)?),
                _ => {}
            }
        }
        Ok(match (expression, name) {
            (Some(expression), variable) => GroupKey { expression, variable },
            (None, name) => GroupKey { expression: reference(&name.expect("a key has a variable; this is a bug")), variable: None },
        })
    }

    fn order_key(&mut self, pair: Pair<'_>) -> Result<OrderKey> {
        let mut descending = false;
        let mut expression = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::k_asc => {}
                Rule::k_desc => descending = true,
                Rule::var => expression = Some(reference(&variable(&part))),
                Rule::constraint => expression = Some(self.constraint(part)?),
                _ => expression = Some(self.expression(first(part))?),
            }
        }
        Ok(OrderKey { expression: expression.expect("a sort key has an expression; this is a bug"), descending })
    }
}

impl Modifiers {
    /// Levels of operators that these and the `SELECT` put around a pattern, at most.
    pub(super) fn depth(&self, select: Option<&SelectClause>) -> u32 {
        let items = select.and_then(|clause| clause.items.as_deref()).unwrap_or_default();
        let bound = items.iter().filter_map(|item| item.expression.as_ref());
        let keys = self.group_by.iter().map(|key| &key.expression);
        let rest = self.having.iter().chain(self.order_by.iter().map(|key| &key.expression));
        // An expression stands beside its pattern, but is bounded together with it.
        let plain = |key: &&GroupKey| key.variable.is_none() && matches!(key.expression.kind, ExpressionKind::Variable(_));
        let levels = bound.clone().count() + self.group_by.iter().filter(|key| !plain(key)).count();
        let deepest = bound.chain(keys).chain(rest).map(|expression| expression.depth).max().unwrap_or(0);
        let operators = [
            select.is_some(),
            select.is_some_and(|clause| clause.duplicates != Duplicates::Kept),
            deepest > 0,
            !self.having.is_empty(),
            !self.order_by.is_empty(),
            self.values.is_some(),
            self.limit.is_some() || self.offset.is_some(),
        ];
        let levels = levels + operators.iter().filter(|&&operator| operator).count();
        deepest.saturating_add(u32::try_from(levels).unwrap_or(u32::MAX))
    }
}

fn reference(variable: &crate::syntax::ast::Variable) -> Expression {
    Expression { kind: ExpressionKind::Variable(variable.name.clone()), span: variable.span, depth: 1 }
}

/// A number of rows.
pub(super) fn count(pair: &Pair<'_>) -> Result<u64> {
    pair.as_str()
        .parse()
        .map_err(|_| Fault::new(span(pair), format!("`{}` is too large: rows are counted up to {}", pair.as_str(), u64::MAX)))
}
