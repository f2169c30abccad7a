//! One pattern after the other; groups go to [`super::emit`], what stands around them to [`super::modifiers`].

use crate::algebra::{Expression, Pattern, TermPattern, TextPlace, Variable};
use crate::graph::{Column, GraphName, GraphScope, NodeId, Op};
use crate::lower::build::{Builder, Draft, filled};
use crate::lower::emit::is_repeatable;
use crate::lower::{Context, Copies, Want};
use crate::scope::Variables;

impl Builder<'_> {
    /// The rows of a pattern: columns are those that are needed and in scope, perhaps more. A seed is a node of distinct rows that bind some variables which
    /// the pattern binds, too: rows that agree with none of them may be left out.
    pub(super) fn lower(&mut self, pattern: &Pattern, context: &Context, want: &Want, seed: Option<NodeId>) -> NodeId {
        if let Some(instant) = self.instant_of(pattern, context) {
            return self.for_each_instant(pattern, &instant, context, want);
        }
        match pattern {
            Pattern::Bgp(_)
            | Pattern::Path { .. }
            | Pattern::Hyperedge(_)
            | Pattern::Join(..)
            | Pattern::Filter { .. }
            | Pattern::Graph { .. }
            | Pattern::Infer { .. } => self.group(pattern, context, want, seed),
            Pattern::Similar(similar) if matches!(similar.to, TermPattern::Variable(_)) => self.group(pattern, context, want, seed),
            Pattern::Similar(similar) => self.similar(None, similar, context),
            Pattern::Predict(predict) => self.predict(predict, context, want),
            Pattern::LeftJoin { left, right, condition } => self.left_join([left, right], condition.as_ref(), context, want, seed),
            Pattern::Union(left, right) => self.union([left, right], context, want, seed),
            Pattern::Minus(left, right) => self.minus([left, right], context, want, seed),
            Pattern::Extend { inner, variable, expression } => {
                let mut needed = want.needed.clone();
                needed.remove(variable);
                // Each copy of a row has a value of its own.
                let copies = if is_repeatable(expression) { want.copies } else { Copies::Each };
                let of_inner = Want { needed, copies, limit: want.limit, order: vec![] };
                let seed = seed.filter(|seed| !self.variables(*seed).contains(variable));
                let node = self.lower_for(inner, context, of_inner, &[expression], seed);
                self.bind(node, variable, expression, context)
            }
            Pattern::Values { variables, rows } => self.values(variables, rows),
            Pattern::Group { inner, keys, aggregates, sampled } => self.aggregate(inner, keys, aggregates, sampled, context),
            Pattern::OrderBy { inner, keys } => self.order_by(inner, keys, context, want),
            Pattern::Project { inner, variables } => self.select(inner, variables, context, want),
            Pattern::Distinct(inner) => self.distinct_rows(inner, context, want),
            Pattern::Reduced(inner) => self.lower(inner, context, want, seed),
            Pattern::Slice { inner, offset, limit } => self.slice(inner, *offset, *limit, context, want),
            Pattern::Service { name, inner, silent, at } => self.service(name, inner, *silent, *at),
            Pattern::Temporal { core, constraint, inner } => self.temporal(core, constraint, inner, context, want),
            Pattern::Core => unreachable!("it stands in TEMPORAL only, which puts the core there: this is a bug"),
        }
    }

    /// The same, when expressions are evaluated on the rows: their variables are needed, too, and what stands in an `EXISTS` of theirs.
    pub(super) fn lower_for(
        &mut self,
        pattern: &Pattern,
        context: &Context,
        mut want: Want,
        expressions: &[&Expression],
        seed: Option<NodeId>,
    ) -> NodeId {
        expressions.iter().for_each(|expression| want.needed.extend(expression.variables()));
        self.lower(pattern, context, &want, seed)
    }

    /// One column more, of the value of the expression.
    pub(super) fn bind(&mut self, input: NodeId, variable: &Variable, expression: &Expression, context: &Context) -> NodeId {
        let (input, expression) = self.mark_exists(input, expression, context);
        let node = self.node(input);
        let optional = match &expression {
            Expression::Term(_) | Expression::Loose(_) | Expression::Bound(_) => false,
            Expression::Variable(of) => node.schema.iter().all(|column| column.variable != *of || column.optional),
            _ => true,
        };
        let mut schema = node.schema.clone();
        schema.push(Column { variable: variable.clone(), optional });
        let (sorted_by, weighted, rows) = (node.sorted_by.clone(), node.weighted, node.rows);
        self.push(Draft { op: Op::Bind(variable.clone(), expression), inputs: vec![input], schema, sorted_by, weighted, rows })
    }

    fn left_join(
        &mut self,
        [left, right]: [&Pattern; 2],
        condition: Option<&Expression>,
        context: &Context,
        want: &Want,
        seed: Option<NodeId>,
    ) -> NodeId {
        let mut needed = want.needed.clone();
        needed.extend(shared_scope(left, right));
        condition.iter().for_each(|condition| needed.extend(condition.variables()));
        let exists = condition.is_some_and(Expression::has_exists);
        if exists {
            // The condition is asked of the pairs, which are found again by all their variables.
            needed.extend(left.in_scope());
        }
        let seed = seed.filter(|seed| self.variables(*seed).is_subset(&left.certain()));
        let mut a = self.lower(left, context, &Want::rows(needed.clone()), seed);
        let mut flags = vec![];
        if exists {
            (a, flags) = self.flag_unbound(a);
        }
        let hint = self.seed_for(a, right);
        let mut b = self.lower(right, context, &Want::rows(needed), hint);
        if exists {
            let keys: Vec<Variable> = self.variables(a).into_iter().collect();
            let distinct = self.distinct(a, &keys);
            b = self.join(distinct, b);
            b = self.filter_all(b, condition.cloned().into_iter().collect(), context);
        }
        let shared = self.shared(a, b);
        let (kept, added) = (self.node(a), self.node(b));
        let mut schema = kept.schema.clone();
        schema.extend(added.schema.iter().filter(|c| !shared.contains(&c.variable)).map(|c| Column { optional: true, ..c.clone() }));
        let (sorted_by, rows) = (kept.sorted_by.clone(), kept.rows.max(added.rows));
        let condition = condition.filter(|_| !exists).cloned();
        let plain: Vec<Variable> = schema.iter().map(|column| column.variable.clone()).filter(|v| !flags.contains(v)).collect();
        let node = self.push(Draft { op: Op::LeftJoin(shared, condition), inputs: vec![a, b], schema, sorted_by, weighted: false, rows });
        if flags.is_empty() { node } else { self.project(node, &plain, false) }
    }

    /// The node with a column more for each that may have no value: whether it has one. Then rows that agree in all columns are the same, where without, one
    /// that has no value would agree with all.
    fn flag_unbound(&mut self, mut node: NodeId) -> (NodeId, Vec<Variable>) {
        let mut flags = vec![];
        for column in self.node(node).schema.clone().into_iter().filter(|column| column.optional) {
            let flag = self.fresh("bound");
            let mut schema = self.node(node).schema.clone();
            schema.push(filled(flag.clone()));
            let (sorted_by, weighted, rows) = (self.node(node).sorted_by.clone(), self.node(node).weighted, self.node(node).rows);
            let op = Op::Bind(flag.clone(), Expression::Bound(column.variable));
            node = self.push(Draft { op, inputs: vec![node], schema, sorted_by, weighted, rows });
            flags.push(flag);
        }
        (node, flags)
    }

    fn union(&mut self, sides: [&Pattern; 2], context: &Context, want: &Want, seed: Option<NodeId>) -> NodeId {
        let want = Want { order: vec![], ..Want::rows(want.needed.clone()) };
        let inputs: Vec<NodeId> = sides
            .iter()
            .map(|side| {
                let seed = seed.filter(|seed| self.variables(*seed).is_subset(&side.certain()));
                let node = self.lower(side, context, &want, seed);
                let kept: Vec<Variable> = self.variables(node).intersection(&want.needed).cloned().collect();
                self.project(node, &kept, false)
            })
            .collect();
        let nodes: Vec<_> = inputs.iter().map(|id| self.node(*id)).collect();
        let mut schema: Vec<Column> = vec![];
        for column in nodes.iter().flat_map(|node| &node.schema) {
            if schema.iter().all(|c| c.variable != column.variable) {
                let always = nodes.iter().all(|node| node.schema.iter().any(|c| c.variable == column.variable && !c.optional));
                schema.push(Column { variable: column.variable.clone(), optional: !always });
            }
        }
        let rows = nodes.iter().map(|node| node.rows).sum();
        self.push(Draft { op: Op::Union, inputs, schema, sorted_by: vec![], weighted: false, rows })
    }

    fn minus(&mut self, [left, right]: [&Pattern; 2], context: &Context, want: &Want, seed: Option<NodeId>) -> NodeId {
        let shared = shared_scope(left, right);
        let mut needed = want.needed.clone();
        needed.extend(shared.iter().cloned());
        let a = self.lower(left, context, &Want { order: vec![], ..Want::rows(needed) }, seed);
        if shared.is_empty() {
            return a;
        }
        let hint = self.seed_for(a, right);
        let b = self.lower(right, context, &Want::set(shared.clone()), hint);
        let mut kept: Vec<Variable> = self.variables(b).intersection(&shared).cloned().collect();
        kept.extend(self.instant_of(right, context));
        let b = self.project(b, &kept, true);
        let on = self.shared(a, b);
        let draft = self.node(a);
        let (schema, sorted_by, rows) = (draft.schema.clone(), draft.sorted_by.clone(), draft.rows * 0.5);
        self.push(Draft { op: Op::Minus(on), inputs: vec![a, b], schema, sorted_by, weighted: false, rows })
    }

    pub(super) fn values(&mut self, variables: &[Variable], rows: &[Vec<Option<oxrdf::Term>>]) -> NodeId {
        let optional = |i: usize| rows.iter().any(|row| row[i].is_none());
        let schema = variables.iter().enumerate().map(|(i, v)| Column { variable: v.clone(), optional: optional(i) }).collect();
        let count = rows.len() as f64;
        self.push(Draft { op: Op::Values(rows.to_vec()), inputs: vec![], schema, sorted_by: vec![], weighted: false, rows: count })
    }

    /// A graph of its own for each named graph.
    pub(super) fn each_graph(&mut self, variable: &Variable, inner: &Pattern, context: &Context, needed: &Variables) -> NodeId {
        if let Some(instant) = self.instant_of(inner, context) {
            let name = TermPattern::Variable(variable.clone());
            let pattern = Pattern::Graph { name, inner: Box::new(inner.clone()) };
            return self.for_each_instant(&pattern, &instant, context, &Want::rows(needed.clone()));
        }
        let mut nested = self.nested();
        let context = Context { graph: GraphScope::Active, ..context.clone() };
        let mut needed = needed.clone();
        needed.insert(variable.clone());
        let root = nested.lower(inner, &context, &Want::rows(needed), None);
        let (mut schema, rows) = (nested.node(root).schema.clone(), nested.node(root).rows);
        schema.retain(|column| column.variable != *variable);
        schema.push(filled(variable.clone()));
        let form = crate::algebra::Form::Select(vec![]);
        let query = crate::algebra::Query { form, dataset: None, pattern: Pattern::Bgp(vec![]), base: None };
        let op = Op::EachGraph(variable.clone(), Box::new(nested.finish(root, query)));
        self.push(Draft { op, inputs: vec![], schema, sorted_by: vec![], weighted: false, rows })
    }

    /// Whether there is such a graph, or which there are.
    pub(super) fn graphs(&mut self, name: &TermPattern) -> NodeId {
        let (of, schema) = match name {
            TermPattern::Variable(variable) => (GraphName::Variable(variable.clone()), vec![filled(variable.clone())]),
            TermPattern::Term(term) => (GraphName::Term(term.clone()), vec![]),
            TermPattern::Triple(_) => unreachable!("the grammar allows no triple term as a graph: this is a bug"),
        };
        self.push(Draft { op: Op::Graphs(of), inputs: vec![], schema, sorted_by: vec![], weighted: false, rows: 10.0 })
    }

    fn service(&mut self, name: &TermPattern, inner: &Pattern, silent: bool, at: TextPlace) -> NodeId {
        let schema = inner.in_scope().into_iter().map(|variable| Column { variable, optional: true }).collect();
        let op = Op::Service { name: name.clone(), silent, at };
        self.push(Draft { op, inputs: vec![], schema, sorted_by: vec![], weighted: false, rows: 1.0 })
    }

    /// Distinct values of the variables that both sides always bind, if the right side is likely to be larger than the left.
    pub(super) fn seed_for(&mut self, left: NodeId, right: &Pattern) -> Option<NodeId> {
        if !self.optimize || self.node(left).rows > self.largest(right) {
            return None;
        }
        let keys: Vec<Variable> = self.certain(left).intersection(&right.certain()).cloned().collect();
        (!keys.is_empty()).then(|| self.distinct(left, &keys))
    }
}

fn shared_scope(left: &Pattern, right: &Pattern) -> Variables {
    left.in_scope().intersection(&right.in_scope()).cloned().collect()
}
