//! `SELECT …` and what follows the pattern.

use super::{Builder, Fault, Pair, Result, Rule, last, span, variable};
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

    fn select_item(&mut self, pair: Pair<'_>) -> Result<SelectItem> {
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
                    for key in part.into_inner().filter(|key| key.as_rule() == Rule::group_key) {
                        modifiers.group_by.push(self.group_key(key)?);
                    }
                }
                Rule::having_clause => {
                    for condition in part.into_inner().filter(|part| part.as_rule() == Rule::condition) {
                        modifiers.having.push(self.condition(condition)?);
                    }
                }
                Rule::order_clause => {
                    for key in part.into_inner().filter(|key| key.as_rule() == Rule::order_key) {
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
                _ => expression = Some(self.expression(last(part))?),
            }
        }
        Ok(OrderKey { expression: expression.expect("a sort key has an expression; this is a bug"), descending })
    }
}

impl Modifiers {
    /// Levels of operators that these and the items of `SELECT` put around a pattern, at most.
    pub(super) fn depth(&self, items: Option<&[SelectItem]>) -> u32 {
        let expressions = items.unwrap_or_default().iter().filter_map(|item| item.expression.as_ref());
        let keys = self.group_by.iter().map(|key| &key.expression);
        let rest = self.having.iter().chain(self.order_by.iter().map(|key| &key.expression));
        let binding = expressions.clone().count() + self.group_by.len();
        let deepest = expressions.chain(keys).chain(rest).map(|expression| expression.depth).max().unwrap_or(0);
        // Group, Filter, Join with VALUES, OrderBy, Project, Distinct, Slice.
        u32::try_from(binding).unwrap_or(u32::MAX / 2).saturating_add(deepest).saturating_add(7)
    }
}

fn reference(variable: &crate::syntax::ast::Variable) -> Expression {
    Expression { kind: ExpressionKind::Variable(variable.name.clone()), span: variable.span, depth: 1 }
}

fn count(pair: &Pair<'_>) -> Result<u64> {
    pair.as_str()
        .parse()
        .map_err(|_| Fault::new(span(pair), format!("`{}` is too large: rows are counted up to {}", pair.as_str(), u64::MAX)))
}
