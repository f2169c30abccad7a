//! Functions of annotations: strength and confidence of a hyperedge or reifier, and how the periods of two of them lie.

mod allen;

use std::borrow::Cow;

use hypergraphql_framework::store::{AtomSpace, Id, Order, Period};
use hypergraphql_query::expr::{Annotations, EvalError, Value};
use hypergraphql_query::vocabulary::hq;
use oxrdf::NamedNodeRef;

use super::dataset::{DEFAULT_GRAPH, DefaultGraph, Graphs};
use allen::relation;

/// The annotations in the graphs of a query's dataset.
pub(crate) struct StoreAnnotations {
    space: AtomSpace,
    graphs: Vec<Id>,
}

impl StoreAnnotations {
    /// Those of a store in these graphs.
    pub(crate) fn new(space: AtomSpace, graphs: &Graphs) -> Self {
        let default = match &graphs.default {
            DefaultGraph::Store => vec![DEFAULT_GRAPH],
            DefaultGraph::Merge(merged) => merged.clone(),
        };
        Self { space, graphs: [default, graphs.named.clone()].concat() }
    }

    /// The period that a node carries, in one graph or alike in several.
    fn period(&self, function: &'static str, node: &Value) -> Result<Period, EvalError> {
        let wrong = EvalError::Argument { operation: function, expected: "a hyperedge or reifier with one period" };
        let Some(node) = self.space.id(&node.term()) else { return Err(wrong) };
        let Ok(periods) = self.space.periods() else { return Err(wrong) };
        one(self.graphs.iter().filter_map(|&graph| periods.node(node, graph))).ok_or(wrong)
    }

    /// The one value that a node has of a property.
    fn degree(&self, function: &'static str, property: NamedNodeRef<'_>, node: &Value) -> Result<Value, EvalError> {
        let wrong = EvalError::Argument { operation: function, expected: "a hyperedge or reifier that has it" };
        let (Some(node), Some(property)) = (self.space.id(&node.term()), self.space.id(property)) else { return Err(wrong) };
        let rows = self.space.rows(Order::Spo, &[node, property]);
        let read = (0..rows.len()).map(|at| rows.row(at)).filter(|row| self.graphs.contains(&row[3]));
        one(read.map(|row| row[2])).and_then(|id| self.space.term(id)).map(|term| Value::from(&term)).ok_or(wrong)
    }
}

impl Annotations for StoreAnnotations {
    fn call(&self, function: &str, arguments: &[Cow<'_, Value>]) -> Result<Value, EvalError> {
        if let Some((name, holds)) = relation(function) {
            let [a, b] = arguments else { return Err(arity(name, "2", arguments)) };
            return Ok(holds(&self.period(name, a)?, &self.period(name, b)?).into());
        }
        let (name, property) = match function {
            _ if function == hq::STRENGTH.as_str() => ("hq:strength", hq::STRENGTH),
            _ if function == hq::CONFIDENCE.as_str() => ("hq:confidence", hq::CONFIDENCE),
            _ => return Err(EvalError::UnknownFunction(function.into())),
        };
        let [node] = arguments else { return Err(arity(name, "1", arguments)) };
        self.degree(name, property, node)
    }
}

fn arity(operation: &'static str, expected: &'static str, arguments: &[Cow<'_, Value>]) -> EvalError {
    EvalError::Arity { operation, expected, found: arguments.len() }
}

/// What all of them are.
fn one<T: PartialEq>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.all(|other| other == first).then_some(first)
}
