//! What has to hold of every graph that is run.

use std::collections::BTreeSet;

use crate::algebra::{Expression, TermPattern, Variable};
use crate::graph::{Node, NodeId, Op, TensorGraph};

impl TensorGraph {
    /// Checks the graph: inputs come before what uses them, columns are there once, and what a node reads is a column of an input.
    ///
    /// # Errors
    ///
    /// The first node that is wrong, and how.
    pub fn verify(&self) -> Result<(), String> {
        for (place, node) in self.nodes.iter().enumerate() {
            self.check(place, node).map_err(|what| format!("node {place} ({}): {what}", crate::explain::name(&node.op)))?;
        }
        if self.root.0 as usize >= self.nodes.len() { Err(format!("the root {} is no node", self.root.0)) } else { Ok(()) }
    }

    fn check(&self, place: usize, node: &Node) -> Result<(), String> {
        if let Some(input) = node.inputs.iter().find(|input| input.0 as usize >= place) {
            return Err(format!("input {} does not come before it", input.0));
        }
        let columns: BTreeSet<&Variable> = node.schema.iter().map(|column| &column.variable).collect();
        if columns.len() < node.schema.len() {
            return Err("a column is there twice".to_owned());
        }
        if let Some(variable) = node.sorted_by.iter().find(|variable| !columns.contains(variable)) {
            return Err(format!("sorted by {variable}, which is no column"));
        }
        if let Some(place) = (0..node.inputs.len()).find(|place| self[node.inputs[*place]].weighted && !takes_weights(&node.op, *place)) {
            return Err(format!("input {place} has weights, of which it takes no account"));
        }
        let inputs: Vec<BTreeSet<&Variable>> = node.inputs.iter().map(|input| self.columns(*input)).collect();
        match &node.op {
            Op::Join(on) | Op::LeftJoin(on, _) | Op::SemiJoin(on) | Op::AntiJoin(on) | Op::Minus(on) => {
                expect_inputs(node, 2)?;
                match on.iter().find(|variable| !inputs.iter().all(|columns| columns.contains(variable))) {
                    Some(variable) => Err(format!("{variable} is no column of both inputs")),
                    None => Ok(()),
                }
            }
            Op::Filter(_)
            | Op::Bind(..)
            | Op::Exists { .. }
            | Op::Distinct
            | Op::Sort(_)
            | Op::TopK(..)
            | Op::Slice(..)
            | Op::Destructure(..) => {
                expect_inputs(node, 1)?;
                match inputs[0].iter().find(|variable| !columns.contains(*variable)) {
                    Some(variable) => Err(format!("it loses {variable}")),
                    None => no_exists(&node.op),
                }
            }
            Op::Extend(_) | Op::Intersect(..) | Op::ForEach(..) | Op::Project | Op::Aggregate { .. } | Op::Period { .. } => {
                expect_inputs(node, 1)
            }
            Op::TextSearch(variable, _) => {
                expect_inputs(node, 0)?;
                let is_column = columns.len() == 1 && columns.contains(variable);
                if is_column { Ok(()) } else { Err(format!("its columns are not {variable} alone")) }
            }
            Op::Similar { variable, to, score, among, .. } => {
                let rows = usize::from(matches!(to, TermPattern::Variable(_)));
                expect_inputs(node, rows + usize::from(*among))?;
                lacks(&columns, std::iter::once(variable).chain(score))?;
                match inputs.last() {
                    Some(last) if *among && !last.iter().eq([&variable]) => Err(format!("what it looks at is not {variable} alone")),
                    _ => Ok(()),
                }
            }
            Op::Predict { claim, score, node: named, among, .. } => {
                expect_inputs(node, 1 + usize::from(*among))?;
                lacks(&columns, claim.variables().chain(score).chain(named))?;
                let unknown: BTreeSet<&Variable> = claim.variables().collect();
                match inputs.iter().skip(1).find(|columns| columns.is_empty() || !columns.is_subset(&unknown)) {
                    _ if inputs[0] != unknown => Err("its first input has not the variables of its claim".to_owned()),
                    Some(_) => Err("its second input has no or other variables than its claim".to_owned()),
                    None => Ok(()),
                }
            }
            Op::Union => expect_inputs(node, 2),
            Op::Path { .. } => Ok(()),
            Op::Unit | Op::Empty | Op::Values(_) | Op::Scan(_) | Op::EachGraph(..) | Op::Graphs(_) | Op::Service { .. } => {
                expect_inputs(node, 0)
            }
        }
    }

    fn columns(&self, id: NodeId) -> BTreeSet<&Variable> {
        self[id].schema.iter().map(|column| &column.variable).collect()
    }
}

/// Whether an operator may be given rows with weights at this place; see [`Node::weighted`].
fn takes_weights(op: &Op, place: usize) -> bool {
    match op {
        Op::Extend(_) | Op::Intersect(..) | Op::Filter(_) | Op::Bind(..) | Op::Destructure(..) | Op::Project => true,
        Op::SemiJoin(_) | Op::AntiJoin(_) | Op::Aggregate { .. } | Op::Distinct | Op::Exists { .. } => true,
        Op::Minus(_) => place == 1,
        _ => false,
    }
}

fn lacks<'v>(columns: &BTreeSet<&Variable>, mut wanted: impl Iterator<Item = &'v Variable>) -> Result<(), String> {
    wanted.find(|variable| !columns.contains(variable)).map_or(Ok(()), |variable| Err(format!("{variable} is no column of it")))
}

fn expect_inputs(node: &Node, expected: usize) -> Result<(), String> {
    let got = node.inputs.len();
    if got == expected { Ok(()) } else { Err(format!("{got} inputs instead of {expected}")) }
}

fn no_exists(op: &Op) -> Result<(), String> {
    let expressions: Vec<&Expression> = match op {
        Op::Filter(expression) | Op::Bind(_, expression) => vec![expression],
        Op::Sort(keys) | Op::TopK(keys, _) => keys.iter().map(|key| &key.expression).collect(),
        _ => vec![],
    };
    if expressions.iter().any(|expression| expression.has_exists()) { Err("an EXISTS is left in it".to_owned()) } else { Ok(()) }
}
