//! `EXISTS`: a semi-join where the pattern stands on its own, a marked column where it does not.

use crate::algebra::{Expression, Form, Pattern, Query, Variable};
use crate::graph::Column;
use crate::graph::{NodeId, Op};
use crate::lower::build::{Builder, Draft, filled};
use crate::lower::{Context, Want};
use crate::scope::Variables;

impl Builder<'_> {
    /// Rows for which all conditions hold.
    pub(super) fn filter_all(&mut self, mut node: NodeId, conditions: Vec<Expression>, context: &Context) -> NodeId {
        let (with_exists, plain): (Vec<_>, Vec<_>) = conditions.into_iter().partition(Expression::has_exists);
        for condition in plain {
            node = self.push_on(node, Op::Filter(condition), 0.3);
        }
        for condition in with_exists {
            node = match &condition {
                Expression::Exists(pattern) => self.keep(node, pattern, true, context),
                Expression::Not(inner) => match inner.as_ref() {
                    Expression::Exists(pattern) => self.keep(node, pattern, false, context),
                    _ => self.keep_marked(node, &condition, context),
                },
                _ => self.keep_marked(node, &condition, context),
            };
        }
        node
    }

    /// The expression without `EXISTS`, on a node that has a column for each of them.
    pub(super) fn mark_exists(&mut self, mut node: NodeId, expression: &Expression, context: &Context) -> (NodeId, Expression) {
        let mut expression = expression.clone();
        if expression.has_exists() {
            self.mark_parts(&mut node, &mut expression, context);
        }
        (node, expression)
    }

    fn mark_parts(&mut self, node: &mut NodeId, expression: &mut Expression, context: &Context) {
        if let Expression::Exists(pattern) = expression {
            let mark = self.fresh("exists");
            *node = self.mark(*node, &mark, pattern, context);
            *expression = Expression::Variable(mark);
            return;
        }
        expression.parts_mut().into_iter().for_each(|part| self.mark_parts(node, part, context));
    }

    fn keep(&mut self, node: NodeId, pattern: &Pattern, exists: bool, context: &Context) -> NodeId {
        let (keys, correlated) = self.met(node, pattern, context);
        if !correlated.is_empty() {
            if let Some(right) = self.decorrelated(node, pattern, (&keys, &correlated), context) {
                return self.half(node, right, exists);
            }
            let mark = self.fresh("exists");
            let marked = self.mark(node, &mark, pattern, context);
            let condition = Expression::Variable(mark);
            let condition = if exists { condition } else { Expression::Not(Box::new(condition)) };
            return self.push_on(marked, Op::Filter(condition), 0.5);
        }
        let hint = self.seed_for(node, pattern);
        let right = self.lower(pattern, context, &Want::set(keys.clone()), hint);
        let kept: Vec<Variable> = self.variables(right).intersection(&keys).cloned().collect();
        let right = self.project(right, &kept, true);
        self.half(node, right, exists)
    }

    /// Rows of the node that have a compatible one on the right, or that have none.
    fn half(&mut self, node: NodeId, right: NodeId, exists: bool) -> NodeId {
        let on = self.shared(node, right);
        let left = self.node(node);
        let (schema, sorted_by, weighted, rows) = (left.schema.clone(), left.sorted_by.clone(), left.weighted, left.rows * 0.5);
        let op = if exists { Op::SemiJoin(on) } else { Op::AntiJoin(on) };
        self.push(Draft { op, inputs: vec![node, right], schema, sorted_by, weighted, rows })
    }

    /// The distinct values of the row's variables for which a pattern has rows, where only the condition around it reads some of them: a join and a filter
    /// instead of a run for each row. `None` where that might mean something else, or where no variable is shared and the join would be of all with all.
    fn decorrelated(
        &mut self,
        node: NodeId,
        pattern: &Pattern,
        (keys, correlated): (&Variables, &Variables),
        context: &Context,
    ) -> Option<NodeId> {
        let Pattern::Filter { inner, condition } = pattern else { return None };
        let wanted: Variables = keys.union(correlated).cloned().collect();
        let plain = self.optimize
            && !keys.is_empty()
            && keys.is_subset(&inner.certain())
            && wanted.is_subset(&self.certain(node))
            && correlated.is_disjoint(&inner.in_scope())
            && inner.read_from_outside().is_disjoint(&self.variables(node))
            && self.instant_of(pattern, context).is_none()
            && !condition.has_exists();
        if !plain {
            return None;
        }
        let wanted: Vec<Variable> = wanted.into_iter().collect();
        let hint = self.seed_for(node, inner);
        let mut needed = condition.variables();
        needed.extend(keys.iter().cloned());
        let right = self.lower(inner, context, &Want::rows(needed), hint);
        let left = self.distinct(node, &wanted);
        let joined = self.join(left, right);
        let found = self.push_on(joined, Op::Filter(condition.clone()), 0.3);
        Some(self.project(found, &wanted, true))
    }

    fn keep_marked(&mut self, node: NodeId, condition: &Expression, context: &Context) -> NodeId {
        let (node, condition) = self.mark_exists(node, condition, context);
        self.push_on(node, Op::Filter(condition), 0.3)
    }

    fn mark(&mut self, node: NodeId, mark: &Variable, pattern: &Pattern, context: &Context) -> NodeId {
        let (keys, mut correlated) = self.met(node, pattern, context);
        // The snapshot that the pattern sees is that of the row.
        correlated.extend(self.instant_of(pattern, context).filter(|instant| self.variables(node).contains(instant)));
        let mut nested = self.nested();
        nested.outer.extend(correlated.iter().cloned());
        let root = nested.lower(pattern, context, &Want::set(keys), None);
        let query = Query { form: Form::Ask, dataset: None, pattern: Pattern::Bgp(vec![]), base: None };
        let query = Box::new(nested.finish(root, query));
        let input = self.node(node);
        let mut schema: Vec<Column> = input.schema.clone();
        schema.push(filled(mark.clone()));
        let (sorted_by, weighted, rows) = (input.sorted_by.clone(), input.weighted, input.rows);
        let op = Op::Exists { mark: mark.clone(), correlated: correlated.into_iter().collect(), query };
        self.push(Draft { op, inputs: vec![node], schema, sorted_by, weighted, rows })
    }

    /// Variables of the row that the pattern binds, too, and those that its expressions read without having them from the pattern.
    fn met(&self, node: NodeId, pattern: &Pattern, context: &Context) -> (Variables, Variables) {
        let given = self.variables(node);
        let mut keys: Variables = pattern.in_scope().intersection(&given).cloned().collect();
        keys.extend(self.instant_of(pattern, context));
        let correlated = pattern.read_from_outside().intersection(&given).cloned().collect();
        (keys, correlated)
    }
}
