//! What stands around groups: aggregates, order, projection, distinct rows, slices.

use crate::algebra::{Aggregate, AggregateFunction, Expression, OrderKey, Pattern, Variable};
use crate::graph::{Column, NodeId, Op};
use crate::lower::build::{Builder, Draft};
use crate::lower::{Context, Copies, Want};
use crate::scope::Variables;

impl Builder<'_> {
    pub(super) fn aggregate(
        &mut self,
        inner: &Pattern,
        keys: &[Variable],
        aggregates: &[(Variable, Aggregate)],
        sampled: &[Variable],
        context: &Context,
    ) -> NodeId {
        let mut needed: Variables = keys.iter().chain(sampled).cloned().collect();
        for (_, aggregate) in aggregates {
            match &aggregate.expression {
                Some(expression) => needed.extend(expression.variables()),
                // Distinct solutions are counted with all that they bind.
                None if aggregate.distinct => needed.extend(inner.in_scope().into_iter().filter(|variable| !variable.is_hidden())),
                None => {}
            }
        }
        let copies = if self.optimize { copies_for(aggregates) } else { Copies::Each };
        let mut node = self.lower(inner, context, &Want { needed: needed.clone(), copies, limit: None, order: keys.to_vec() }, None);
        let mut rewritten = vec![];
        for (variable, aggregate) in aggregates {
            let mut aggregate = aggregate.clone();
            if let Some(expression) = &aggregate.expression {
                let (with_marks, without_exists) = self.mark_exists(node, expression, context);
                node = with_marks;
                aggregate.expression = Some(without_exists);
            }
            rewritten.push((variable.clone(), aggregate));
        }
        // `COUNT(DISTINCT *)` is of all columns: no others may be there.
        let has_all = aggregates.iter().any(|(_, a)| a.expression.is_none() && a.distinct);
        if has_all {
            let kept: Vec<Variable> = self.variables(node).into_iter().filter(|variable| needed.contains(variable)).collect();
            node = self.project(node, &kept, true);
        }
        let input = self.node(node);
        let bound = |variable: &Variable| input.schema.iter().any(|c| c.variable == *variable && !c.optional);
        let key = |variable: &Variable| Column { variable: variable.clone(), optional: !bound(variable) };
        let mut schema: Vec<Column> = keys.iter().chain(sampled).map(key).collect();
        schema.extend(aggregates.iter().map(|(variable, aggregate)| {
            let optional = aggregate.function != AggregateFunction::Count;
            Column { variable: variable.clone(), optional }
        }));
        let sorted = keys.len() <= input.sorted_by.len() && input.sorted_by[..keys.len()].iter().all(|v| keys.contains(v));
        let sorted_by = if sorted { input.sorted_by[..keys.len()].to_vec() } else { vec![] };
        let rows = if keys.is_empty() { 1.0 } else { (input.rows / 10.0).max(1.0) };
        let op = Op::Aggregate { keys: keys.to_vec(), aggregates: rewritten, sampled: sampled.to_vec() };
        self.push(Draft { op, inputs: vec![node], schema, sorted_by, weighted: false, rows })
    }

    pub(super) fn order_by(&mut self, inner: &Pattern, keys: &[OrderKey], context: &Context, want: &Want) -> NodeId {
        let expressions: Vec<&Expression> = keys.iter().map(|key| &key.expression).collect();
        let limit = want.limit.filter(|_| self.optimize);
        let of_inner = Want::rows(want.needed.clone());
        let mut node = self.lower_for(inner, context, of_inner, &expressions, None);
        let mut rewritten = vec![];
        for key in keys {
            let (with_marks, expression) = self.mark_exists(node, &key.expression, context);
            node = with_marks;
            rewritten.push(OrderKey { expression, descending: key.descending });
        }
        let op = match limit {
            Some(limit) => Op::TopK(rewritten, limit),
            None => Op::Sort(rewritten),
        };
        let id = self.push_on(node, op, 1.0);
        self.reorder(id, limit)
    }

    /// Sorted by value, which is not the order of ids.
    fn reorder(&mut self, id: NodeId, limit: Option<u64>) -> NodeId {
        let node = self.node_mut(id);
        node.sorted_by.clear();
        if let Some(limit) = limit {
            node.rows = node.rows.min(limit as f64);
        }
        id
    }

    pub(super) fn select(&mut self, inner: &Pattern, variables: &[Variable], context: &Context, want: &Want) -> NodeId {
        let kept: Variables = variables.iter().filter(|variable| want.needed.contains(*variable)).cloned().collect();
        let order = want.order.iter().filter(|variable| kept.contains(*variable)).cloned().collect();
        let node = self.lower(inner, context, &Want { needed: kept.clone(), order, ..want.clone() }, None);
        let present = self.variables(node);
        let columns: Vec<Variable> =
            variables.iter().filter(|variable| kept.contains(*variable) && present.contains(*variable)).cloned().collect();
        self.project(node, &columns, want.copies != Copies::Each)
    }

    pub(super) fn distinct_rows(&mut self, inner: &Pattern, context: &Context, want: &Want) -> NodeId {
        // Rows are told apart by all that they bind, also by what nobody reads later, unless only their existence counts.
        let needed = if want.copies == Copies::Any { want.needed.clone() } else { inner.in_scope() };
        let of_inner = Want { copies: if self.optimize { Copies::Any } else { Copies::Each }, ..Want::rows(needed.clone()) };
        let node = self.lower(inner, context, &of_inner, None);
        let columns: Vec<Variable> = self.node(node).schema.iter().map(|c| c.variable.clone()).filter(|v| needed.contains(v)).collect();
        self.distinct(node, &columns)
    }

    pub(super) fn slice(&mut self, inner: &Pattern, offset: u64, limit: Option<u64>, context: &Context, want: &Want) -> NodeId {
        let looked_at = limit.map(|limit| offset.saturating_add(limit));
        let of_inner = Want { limit: looked_at, ..Want::rows(want.needed.clone()) };
        let node = self.lower(inner, context, &of_inner, None);
        if offset == 0 && limit.is_some_and(|limit| self.has_at_most(node, limit)) {
            return node;
        }
        let id = self.push_on(node, Op::Slice(offset, limit), 1.0);
        let node = self.node_mut(id);
        node.rows = (node.rows - offset as f64).clamp(0.0, limit.map_or(f64::MAX, |limit| limit as f64));
        id
    }

    /// Whether a node is cut off after so many rows already.
    fn has_at_most(&self, node: NodeId, limit: u64) -> bool {
        match (&self.node(node).op, &self.node(node).inputs[..]) {
            (Op::TopK(_, k), _) => *k <= limit,
            (Op::Project, [input]) => self.has_at_most(*input, limit),
            _ => false,
        }
    }
}

/// How the rows of a group may be given to these aggregates.
fn copies_for(aggregates: &[(Variable, Aggregate)]) -> Copies {
    let counts_not =
        |a: &Aggregate| a.distinct || matches!(a.function, AggregateFunction::Min | AggregateFunction::Max | AggregateFunction::Sample);
    if aggregates.iter().all(|(_, a)| counts_not(a)) {
        Copies::Any
    } else if aggregates.iter().any(|(_, a)| matches!(a.function, AggregateFunction::GroupConcat(_)) && !a.distinct) {
        Copies::Each
    } else {
        Copies::Weighed
    }
}
