//! `SELECT` and what follows a pattern.

use std::collections::HashMap;
use std::fmt;

use super::Printer;
use crate::algebra::{Dataset, Expression, OrderKey, Pattern, Variable};

/// The operators around a pattern, taken apart.
#[derive(Default)]
struct Parts<'a> {
    duplicates: &'static str,
    variables: Option<&'a [Variable]>,
    order: &'a [OrderKey],
    slice: Option<(u64, Option<u64>)>,
    bindings: HashMap<&'a Variable, &'a Expression>,
    values: Option<&'a Pattern>,
    having: Option<&'a Expression>,
    group: Option<Grouping<'a>>,
}

struct Grouping<'a> {
    keys: &'a [Variable],
    bound: HashMap<&'a Variable, &'a Expression>,
}

impl<'a> Printer<'a, '_> {
    /// A `SELECT` with everything that belongs to it.
    pub(super) fn select(&mut self, pattern: &'a Pattern, dataset: Option<&Dataset>) -> fmt::Result {
        let outer = self.aggregates.clone();
        let (parts, inner) = self.take_apart(pattern, true);
        write!(self.out, "SELECT {}", parts.duplicates)?;
        let variables = parts.variables.unwrap_or_default();
        if variables.is_empty() {
            self.out.write_char('*')?;
        }
        for variable in variables {
            match parts.bindings.get(variable) {
                Some(expression) => {
                    self.out.write_char('(')?;
                    self.expression(expression)?;
                    write!(self.out, " AS {variable}) ")?;
                }
                None => write!(self.out, "{variable} ")?,
            }
        }
        self.tail(&parts, inner, dataset)?;
        self.aggregates = outer;
        Ok(())
    }

    /// The pattern of another form.
    pub(super) fn solutions(&mut self, pattern: &'a Pattern, dataset: Option<&Dataset>) -> fmt::Result {
        let (parts, inner) = self.take_apart(pattern, false);
        self.tail(&parts, inner, dataset)
    }

    fn tail(&mut self, parts: &Parts<'a>, inner: &'a Pattern, dataset: Option<&Dataset>) -> fmt::Result {
        let Dataset { default, named, .. } = dataset.cloned().unwrap_or_default();
        default.iter().try_for_each(|graph| write!(self.out, " FROM {graph}"))?;
        named.iter().try_for_each(|graph| write!(self.out, " FROM NAMED {graph}"))?;
        self.out.write_str(" WHERE ")?;
        // Aggregates are named after the pattern, where no inner query may take them.
        let aggregates = std::mem::take(&mut self.aggregates);
        self.group(inner)?;
        self.aggregates = aggregates;
        if let Some(grouping) = &parts.group {
            self.group_by(grouping)?;
        }
        if let Some(condition) = parts.having {
            self.out.write_str(" HAVING ")?;
            self.parenthesised(condition)?;
        }
        if !parts.order.is_empty() {
            self.out.write_str(" ORDER BY")?;
        }
        for key in parts.order {
            self.out.write_str(if key.descending { " DESC" } else { " ASC" })?;
            self.parenthesised(&key.expression)?;
        }
        if let Some((offset, limit)) = parts.slice {
            write!(self.out, " OFFSET {offset}")?;
            limit.iter().try_for_each(|limit| write!(self.out, " LIMIT {limit}"))?;
        }
        self.out.write_char(' ')?;
        match parts.values {
            Some(Pattern::Values { variables, rows }) => self.values(variables, rows),
            _ => Ok(()),
        }
    }

    fn group_by(&mut self, grouping: &Grouping<'a>) -> fmt::Result {
        if !grouping.keys.is_empty() {
            self.out.write_str(" GROUP BY")?;
        }
        for key in grouping.keys {
            match grouping.bound.get(key) {
                None => write!(self.out, " {key}")?,
                Some(expression) => {
                    self.out.write_str(" (")?;
                    self.expression(expression)?;
                    if !key.is_hidden() {
                        write!(self.out, " AS {key}")?;
                    }
                    self.out.write_char(')')?;
                }
            }
        }
        Ok(())
    }

    /// Without `select` a projection belongs to a query inside.
    fn take_apart(&mut self, mut pattern: &'a Pattern, select: bool) -> (Parts<'a>, &'a Pattern) {
        let mut parts = Parts::default();
        if let Pattern::Slice { inner, offset, limit } = pattern {
            parts.slice = Some((*offset, *limit));
            pattern = inner;
        }
        if let (true, Pattern::Distinct(inner) | Pattern::Reduced(inner)) = (select, pattern) {
            parts.duplicates = if matches!(pattern, Pattern::Distinct(_)) { "DISTINCT " } else { "REDUCED " };
            pattern = inner;
        }
        if let (true, Pattern::Project { inner, variables }) = (select, pattern) {
            parts.variables = Some(variables);
            pattern = inner;
        }
        if let Pattern::OrderBy { inner, keys } = pattern {
            parts.order = keys;
            pattern = inner;
        }
        let inner = self.grouped(pattern, &mut parts).unwrap_or(pattern);
        (parts, inner)
    }

    /// The pattern that is grouped, if one is; otherwise all of it can stand in the group.
    fn grouped(&mut self, mut pattern: &'a Pattern, parts: &mut Parts<'a>) -> Option<&'a Pattern> {
        let mut bindings = HashMap::new();
        while let Pattern::Extend { inner, variable, expression } = pattern {
            bindings.insert(variable, expression);
            pattern = inner;
        }
        let (mut values, mut having) = (None, None);
        if let Pattern::Join(left, right) = pattern
            && matches!(**right, Pattern::Values { .. })
        {
            values = Some(right.as_ref());
            pattern = left;
        }
        if let Pattern::Filter { condition, inner } = pattern {
            having = Some(condition);
            pattern = inner;
        }
        let Pattern::Group { inner, keys, aggregates, .. } = pattern else { return None };
        self.aggregates = aggregates.iter().map(|(variable, aggregate)| (variable, aggregate)).collect();
        let (bound, inner) = bound_keys(inner, keys);
        parts.group = Some(Grouping { keys, bound });
        (parts.bindings, parts.values, parts.having) = (bindings, values, having);
        Some(inner)
    }
}

/// Keys that are expressions, down to the last one without a name; those below are as good as `BIND`.
fn bound_keys<'a>(pattern: &'a Pattern, keys: &[Variable]) -> (HashMap<&'a Variable, &'a Expression>, &'a Pattern) {
    let mut left = keys.iter().filter(|key| key.is_hidden()).count();
    let (mut bound, mut inner) = (HashMap::new(), pattern);
    while let (true, Pattern::Extend { inner: below, variable, expression }) = (left > 0, inner) {
        left -= usize::from(variable.is_hidden());
        bound.insert(variable, expression);
        inner = below;
    }
    (bound, inner)
}
