//! The graph as it grows: nodes with their schemas, orders and estimates.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::algebra::{Query, Variable};
use crate::graph::{Column, Node, NodeId, Op, TensorGraph};
use crate::lower::CompileError;
use crate::scope::Variables;
use crate::statistics::Statistics;

/// Nodes so far.
pub(super) struct Builder<'a> {
    nodes: Vec<Node>,
    pub(super) statistics: &'a dyn Statistics,
    pub(super) optimize: bool,
    fresh: usize,
    /// Variables that have a value from outside wherever expressions read them.
    pub(super) outer: Variables,
    /// The core of the `TEMPORAL` around, whose instants the rest of its group sees.
    pub(super) core: Option<NodeId>,
    /// The first `SIMILAR` to a variable that its group does not bind; shared with the builders of sub-queries.
    pub(super) unbound: Rc<Cell<Option<CompileError>>>,
}

/// A node before it has a place.
pub(super) struct Draft {
    pub(super) op: Op,
    pub(super) inputs: Vec<NodeId>,
    pub(super) schema: Vec<Column>,
    pub(super) sorted_by: Vec<Variable>,
    pub(super) weighted: bool,
    pub(super) rows: f64,
}

impl<'a> Builder<'a> {
    pub(super) fn new(statistics: &'a dyn Statistics, optimize: bool) -> Self {
        Self { nodes: vec![], statistics, optimize, fresh: 0, outer: Variables::new(), core: None, unbound: Rc::default() }
    }

    /// A builder for a sub-query.
    pub(super) fn nested(&self) -> Self {
        let (outer, unbound) = (self.outer.clone(), Rc::clone(&self.unbound));
        Self { fresh: self.fresh + 1000, outer, unbound, ..Self::new(self.statistics, self.optimize) }
    }

    pub(super) fn finish(self, root: NodeId, query: Query) -> TensorGraph {
        let graph = TensorGraph { nodes: self.nodes, root, form: query.form, dataset: query.dataset, base: query.base };
        debug_assert_eq!(graph.verify(), Ok(()), "a graph that cannot be run was made: this is a bug");
        graph
    }

    pub(super) fn push(&mut self, draft: Draft) -> NodeId {
        let Draft { op, inputs, schema, mut sorted_by, weighted, rows } = draft;
        let kept: BTreeSet<&Variable> = schema.iter().map(|column| &column.variable).collect();
        let length = sorted_by.iter().take_while(|variable| kept.contains(variable)).count();
        sorted_by.truncate(length);
        self.nodes.push(Node { op, inputs, schema, sorted_by, weighted, rows });
        NodeId(self.nodes.len() as u32 - 1)
    }

    /// An operator on one input whose rows are some of the input's, in their order.
    pub(super) fn push_on(&mut self, input: NodeId, op: Op, share: f64) -> NodeId {
        let node = &self.nodes[input.0 as usize];
        let (schema, sorted_by, weighted, rows) = (node.schema.clone(), node.sorted_by.clone(), node.weighted, node.rows * share);
        self.push(Draft { op, inputs: vec![input], schema, sorted_by, weighted, rows })
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0 as usize]
    }

    pub(super) fn variables(&self, id: NodeId) -> Variables {
        self.node(id).schema.iter().map(|column| column.variable.clone()).collect()
    }

    /// Variables that every row of the node binds.
    pub(super) fn certain(&self, id: NodeId) -> Variables {
        self.node(id).schema.iter().filter(|column| !column.optional).map(|column| column.variable.clone()).collect()
    }

    /// A variable that no text can name.
    pub(super) fn fresh(&mut self, what: &str) -> Variable {
        self.fresh += 1;
        Variable::new(format!(".{what}{}", self.fresh))
    }

    /// The node with these columns only, in this order; a node that has them already is given back. Rows with weights stay so if they may.
    pub(super) fn project(&mut self, input: NodeId, variables: &[Variable], weights: bool) -> NodeId {
        let node = self.node(input);
        let weighted = node.weighted && weights;
        if node.schema.iter().map(|column| &column.variable).eq(variables) && weighted == node.weighted {
            return input;
        }
        let schema = variables.iter().filter_map(|v| node.schema.iter().find(|column| column.variable == *v)).cloned().collect();
        let (sorted_by, rows) = (node.sorted_by.clone(), node.rows);
        self.push(Draft { op: Op::Project, inputs: vec![input], schema, sorted_by, weighted, rows })
    }

    /// The distinct values of these columns.
    pub(super) fn distinct(&mut self, input: NodeId, variables: &[Variable]) -> NodeId {
        let projected = self.project(input, variables, true);
        let distinct = self.push_on(projected, Op::Distinct, 0.5);
        self.nodes[distinct.0 as usize].weighted = false;
        distinct
    }

    pub(super) fn unit(&mut self) -> NodeId {
        self.push(Draft { op: Op::Unit, inputs: vec![], schema: vec![], sorted_by: vec![], weighted: false, rows: 1.0 })
    }

    /// Compatible pairs of rows; neither has weights.
    pub(super) fn join(&mut self, left: NodeId, right: NodeId) -> NodeId {
        let (a, b) = (self.node(left), self.node(right));
        let shared = shared(a, b);
        let rows = if shared.is_empty() { a.rows * b.rows } else { a.rows.max(b.rows) };
        let mut schema = a.schema.clone();
        for column in &b.schema {
            match schema.iter_mut().find(|c| c.variable == column.variable) {
                // One that both may leave out stays so; a row that binds it fills it in.
                Some(here) => here.optional &= column.optional,
                None => schema.push(column.clone()),
            }
        }
        self.push(Draft { op: Op::Join(shared), inputs: vec![left, right], schema, sorted_by: vec![], weighted: false, rows })
    }

    /// Variables of both nodes.
    pub(super) fn shared(&self, left: NodeId, right: NodeId) -> Vec<Variable> {
        shared(self.node(left), self.node(right))
    }
}

fn shared(a: &Node, b: &Node) -> Vec<Variable> {
    let both = |column: &&Column| b.schema.iter().any(|other| other.variable == column.variable);
    a.schema.iter().filter(both).map(|column| column.variable.clone()).collect()
}

/// A column that every row fills.
pub(super) fn filled(variable: Variable) -> Column {
    Column { variable, optional: false }
}
