//! Operators without a store: `Values`, `Union`, `Slice`.

use hypergraphql_query::graph::Node;
use oxrdf::Term;

use super::gather::concat;
use super::table::{Table, UNBOUND};
use super::task::Task;
use crate::engine::QueryError;

/// Rows of constants.
pub(crate) fn values(task: &Task<'_, '_>, node: &Node, rows: &[Vec<Option<Term>>]) -> Result<Table, QueryError> {
    let count = task.rows(rows.len() as u64)?;
    if let Some(row) = rows.iter().find(|row| row.len() != node.schema.len()) {
        return Err(task.plan(format!("a row has {} values for {} columns", row.len(), node.schema.len())));
    }
    let id = |term: &Option<Term>| term.as_ref().map_or(Ok(UNBOUND), |term| task.intern(term));
    let column = |index: usize| Ok(rows.iter().map(|row| id(&row[index])).collect::<Result<Vec<u32>, QueryError>>()?.into());
    let columns = (0..node.schema.len()).map(column).collect::<Result<Vec<_>, QueryError>>()?;
    let variables = node.schema.iter().map(|column| column.variable.clone()).collect();
    Ok(Table { variables, columns, weight: None, rows: count })
}

/// Rows of all inputs.
pub(crate) fn union(task: &Task<'_, '_>, node: &Node, inputs: Vec<Table>) -> Result<Table, QueryError> {
    concat(task, inputs.into_iter().map(|table| table.with_schema(&node.schema)).collect())
}

/// Rows from `offset` on, `limit` at most.
pub(crate) fn slice(table: &Table, offset: u64, limit: Option<u64>) -> Table {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(table.rows);
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    table.slice(start..start.saturating_add(limit).min(table.rows))
}
