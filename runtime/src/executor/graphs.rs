//! `Graphs` and `EachGraph`: the named graphs of the dataset.

use hypergraphql_query::algebra::Variable;
use hypergraphql_query::graph::{GraphName, Node, TensorGraph};

use super::gather::{concat, kept};
use super::run::run;
use super::table::{Column, Table, UNBOUND};
use super::task::{Scope, Task};
use crate::engine::QueryError;

/// One row for each graph, or for this one if it is one.
pub(crate) fn graphs(task: &Task<'_, '_>, node: &Node, name: &GraphName) -> Table {
    let named = &task.session.graphs.named;
    match name {
        GraphName::Variable(variable) => {
            let column = Column::from(named.clone());
            Table { variables: vec![variable.clone()], columns: vec![column], weight: None, rows: named.len() }
        }
        GraphName::Term(term) => match task.space().id(term) {
            Some(id) if named.binary_search(&id).is_ok() => Table::unit(),
            _ => Table::empty(&node.schema),
        },
    }
}

/// The rows of a sub-query in each graph.
pub(crate) fn each_graph(task: &Task<'_, '_>, node: &Node, variable: &Variable, query: &TensorGraph) -> Result<Table, QueryError> {
    let mut tables = vec![Table::empty(&node.schema)];
    for &graph in &task.session.graphs.named {
        let scope = Scope { active: Some(graph), ..task.scope.clone() };
        let mut table = run(task.session, query, &scope, task.operator)?;
        if let Some(own) = table.column(variable).cloned() {
            table = kept(task, table, |row| own[row] == graph || own[row] == UNBOUND)?;
        }
        let rows = table.rows;
        tables.push(table.with_column(variable, Column::constant(graph, rows)).with_schema(&node.schema));
    }
    concat(task, tables)
}
