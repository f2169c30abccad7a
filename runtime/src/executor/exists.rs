//! `Exists` and `ForEach`: sub-queries that depend on rows.

use hypergraphql_query::algebra::Variable;
use hypergraphql_query::expr::Value;
use hypergraphql_query::graph::{Node, TensorGraph};

use super::distinct::firsts;
use super::gather::{self, concat};
use super::index::Index;
use super::join::has_compatible;
use super::pairs::Rows;
use super::run::run;
use super::table::{Column, Table, UNBOUND};
use super::task::{Scope, Task};
use crate::engine::QueryError;

/// Runs the operator: the sub-query once for all rows, or once for each combination of the values that it takes from outside.
pub(crate) fn exists(
    task: &Task<'_, '_>,
    mark: &Variable,
    correlated: &[Variable],
    query: &TensorGraph,
    input: Table,
) -> Result<Table, QueryError> {
    let outer: Vec<usize> = correlated.iter().filter_map(|variable| input.index(variable)).collect();
    let found = match outer.is_empty() {
        true => has_compatible(task, &input, &run(task.session, query, task.scope, task.operator)?)?,
        false => one_by_one(task, &outer, query, &input)?,
    };
    let [no, yes] = [false, true].map(|truth| task.session.terms.intern_value(&Value::Boolean(truth)));
    let (no, yes) = (no?, yes?);
    let column = found.into_iter().map(|found| if found { yes } else { no }).collect::<Vec<u32>>();
    Ok(input.with_column(mark, column.into()))
}

/// The rows of the sub-query for each value of a variable, with the value as a column.
pub(crate) fn for_each(
    task: &Task<'_, '_>,
    node: &Node,
    variable: &Variable,
    query: &TensorGraph,
    input: &Table,
) -> Result<Table, QueryError> {
    let column = input.column(variable).ok_or_else(|| task.plan(format!("its input has no {variable}")))?;
    let mut tables = vec![Table::empty(&node.schema)];
    for first in firsts(task, &[column], input.rows)? {
        task.check()?;
        let id = column[first as usize];
        let table = run(task.session, query, &bound(task.scope, &[(variable, id)]), task.operator)?;
        let rows = table.rows;
        tables.push(table.with_column(variable, Column::constant(id, rows)).with_schema(&node.schema));
    }
    concat(task, tables)
}

/// A scope in which some variables have other values.
fn bound(scope: &Scope, values: &[(&Variable, u32)]) -> Scope {
    let mut scope = scope.clone();
    for &(variable, id) in values {
        scope.bindings.retain(|(bound, _)| bound != variable);
        if id != UNBOUND {
            scope.bindings.push((variable.clone(), id));
        }
    }
    scope
}

fn one_by_one(task: &Task<'_, '_>, outer: &[usize], query: &TensorGraph, input: &Table) -> Result<Vec<bool>, QueryError> {
    let columns: Vec<&[u32]> = outer.iter().map(|&column| &*input.columns[column]).collect();
    let index = Index::new(task, input, &Rows::All(input.rows), outer)?;
    let keys = index.keys(input, outer);
    let mut found = vec![false; input.rows];
    for first in firsts(task, &columns, input.rows)? {
        task.check()?;
        let values: Vec<(&Variable, u32)> =
            outer.iter().zip(&columns).map(|(&column, ids)| (&input.variables[column], ids[first as usize])).collect();
        let scope = bound(task.scope, &values);
        let answer = run(task.session, query, &scope, task.operator)?;
        let mut rows = vec![];
        index.matches(&keys, first as usize, &mut rows);
        let part = gather::rows(task, input, std::slice::from_ref(&rows))?;
        for (row, compatible) in rows.into_iter().zip(has_compatible(task, &part, &answer)?) {
            found[row as usize] = compatible;
        }
    }
    Ok(found)
}
