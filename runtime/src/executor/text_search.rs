//! `TextSearch`: strings of the store that may be as a pattern says, from its index of texts or the order of its terms.

use hypergraphql_query::algebra::Variable;
use hypergraphql_query::graph::TextPattern;

use super::table::Table;
use super::task::Task;
use crate::engine::QueryError;

/// Runs the operator.
pub(crate) fn text_search(task: &Task<'_, '_>, variable: &Variable, pattern: &TextPattern) -> Result<Table, QueryError> {
    let space = task.space();
    // A plan can be older than the store's index, or younger.
    let most = space.texts_expected(&pattern.prefix, &pattern.parts).unwrap_or_else(|| space.terms().into());
    task.room(most, 4)?;
    let ids = space.texts(&pattern.prefix, &pattern.parts);
    let rows = task.rows(ids.len() as u64)?;
    Ok(Table { variables: vec![variable.clone()], columns: vec![ids.into()], weight: None, rows })
}
