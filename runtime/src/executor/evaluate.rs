//! `Filter` and `Bind`: expressions on rows. One of a single variable is evaluated once for each of its values.

use std::borrow::Cow;

use hashbrown::HashMap;
use hypergraphql_framework::store::Block;
use hypergraphql_query::algebra::{Comparison, Expression, Variable};
use hypergraphql_query::expr::{Program, Row, Value};
use rayon::prelude::*;

use super::condition::Condition;
use super::expression::{conjuncts, is_volatile, variables};
use super::gather::kept;
use super::table::{Column, Table, UNBOUND};
use super::task::Task;
use crate::engine::QueryError;

/// Rows that a thread evaluates at once.
const BLOCK: usize = 1 << 13;

/// An expression on the rows of a table.
pub(crate) struct Evaluation<'a, 's> {
    task: &'a Task<'a, 's>,
    program: Program,
    /// The column of each slot, and the value from outside where there is none.
    slots: Vec<(Option<&'a [u32]>, u32)>,
    context: hypergraphql_query::expr::Context<'a>,
    rows: usize,
}

/// A row of an evaluation.
struct At<'e, 'a, 's> {
    evaluation: &'e Evaluation<'a, 's>,
    row: usize,
}

impl Row for At<'_, '_, '_> {
    fn value(&self, slot: usize) -> Option<Cow<'_, Value>> {
        let (column, outer) = self.evaluation.slots[slot];
        let id = column.map_or(UNBOUND, |column| column[self.row]);
        let id = if id == UNBOUND { outer } else { id };
        if id == UNBOUND { None } else { self.evaluation.task.session.terms.get(id).map(Cow::Borrowed) }
    }

    fn solution(&self) -> u64 {
        self.evaluation.task.first_solution + self.row as u64
    }
}

impl<'a, 's> Evaluation<'a, 's> {
    /// Of an expression on a table; a variable that neither the table nor the scope has is unbound.
    pub(crate) fn new(task: &'a Task<'a, 's>, expression: &Expression, table: &'a Table) -> Self {
        let mut slots = vec![];
        let program = Program::compile(expression, &mut |variable| {
            let (column, outer) = (table.column(variable).map(|column| &**column), outer(task, variable));
            slots.push((column, outer));
            Some(slots.len() - 1)
        });
        let mut context: hypergraphql_query::expr::Context<'a> = task.session.evaluation.clone();
        context.operator = task.number();
        Self { task, program, slots, context, rows: table.rows }
    }

    fn test_row(&self, row: usize) -> bool {
        self.program.test(&At { evaluation: self, row }, &self.context)
    }

    /// The effective boolean value for each row; false where there is an error.
    pub(crate) fn test(&self) -> Result<Vec<bool>, QueryError> {
        let pieces = self.task.morsels(self.rows, BLOCK, |range| Ok(range.map(|row| self.test_row(row)).collect::<Vec<bool>>()))?;
        Ok(pieces.concat())
    }

    /// The value for each row; none where there is an error.
    pub(crate) fn values(&self) -> Result<Vec<Option<Value>>, QueryError> {
        self.task.room(self.rows as u64, size_of::<Option<Value>>() as u64)?;
        let value = |row: usize| self.program.evaluate(&At { evaluation: self, row }, &self.context).ok().map(Cow::into_owned);
        let pieces = self.task.morsels(self.rows, BLOCK, |range| Ok(range.map(value).collect::<Vec<_>>()))?;
        Ok(pieces.into_iter().flatten().collect())
    }
}

/// The value that a variable has from outside the sub-query.
pub(super) fn outer(task: &Task<'_, '_>, variable: &Variable) -> u32 {
    task.scope.bindings.iter().find(|(bound, _)| bound == variable).map_or(UNBOUND, |&(_, id)| id)
}

/// Rows for which the condition is true.
pub(crate) fn filter(task: &Task<'_, '_>, condition: &Expression, input: Table) -> Result<Table, QueryError> {
    let mut table = input;
    // One after the other: what the cheap ones drop, the dear ones need not look at.
    let mut parts = conjuncts(condition);
    parts.sort_by_key(|part| is_volatile(part) || single(task, part, &table).is_none());
    for part in parts {
        table = filter_by_one(task, part, table)?;
    }
    Ok(table)
}

fn filter_by_one(task: &Task<'_, '_>, condition: &Expression, table: Table) -> Result<Table, QueryError> {
    if let Some(variable) = single(task, condition, &table) {
        let condition = Condition::new(task, variable, condition);
        let column = table.column(variable).cloned().ok_or_else(|| task.plan(format!("its input has no {variable}")))?;
        return kept(task, table, |row| condition.holds(column[row]));
    }
    let holds: Vec<bool> = {
        let evaluation = Evaluation::new(task, condition, &table);
        match nodes(condition, &table) {
            Some((equal, left, right)) => {
                let terms = task.session.space;
                let is_node = |id: u32| matches!(terms.block(id), Some(Block::Blank | Block::Iri));
                let holds = |row: usize| match is_node(left[row]) && is_node(right[row]) {
                    true => (left[row] == right[row]) == equal,
                    false => evaluation.test_row(row),
                };
                task.morsels(table.rows, BLOCK, |range| Ok(range.map(holds).collect::<Vec<bool>>()))?.concat()
            }
            None => evaluation.test()?,
        }
    };
    kept(task, table, |row| holds[row])
}

/// The only variable of an expression, if the table has it and it is not bound from outside.
pub(super) fn single<'e>(task: &Task<'_, '_>, expression: &'e Expression, table: &Table) -> Option<&'e Variable> {
    match variables(expression)[..] {
        [one] if !is_volatile(expression) && table.index(one).is_some() && outer(task, one) == UNBOUND => Some(one),
        _ => None,
    }
}

/// The columns of `?a = ?b` or `?a != ?b`: of nodes, ids decide. A bound from outside is only for what is unbound, which is no node.
fn nodes<'a>(condition: &Expression, table: &'a Table) -> Option<(bool, &'a [u32], &'a [u32])> {
    let Expression::Compare(comparison @ (Comparison::Equal | Comparison::NotEqual), left, right) = condition else { return None };
    let (Expression::Variable(left), Expression::Variable(right)) = (&**left, &**right) else { return None };
    Some((*comparison == Comparison::Equal, table.column(left)?, table.column(right)?))
}

/// One column more.
pub(crate) fn bind(task: &Task<'_, '_>, variable: &Variable, expression: &Expression, input: Table) -> Result<Table, QueryError> {
    let column = ids(task, expression, &input)?;
    Ok(input.with_column(variable, column))
}

/// Ids of the values of an expression.
pub(crate) fn ids(task: &Task<'_, '_>, expression: &Expression, table: &Table) -> Result<Column, QueryError> {
    task.room(table.rows as u64, 4)?;
    match expression {
        Expression::Variable(variable) => {
            let outer = outer(task, variable);
            let Some(column) = table.column(variable) else { return Ok(Column::constant(outer, table.rows)) };
            return Ok(match outer == UNBOUND {
                true => column.clone(),
                false => column.iter().map(|&id| if id == UNBOUND { outer } else { id }).collect::<Vec<u32>>().into(),
            });
        }
        Expression::Term(term) => return Ok(Column::constant(task.intern(term)?, table.rows)),
        _ => {}
    }
    match single(task, expression, table).and_then(|variable| table.index(variable).map(|index| (variable, index))) {
        Some((variable, index)) => {
            let column = &table.columns[index];
            let mut distinct = column.to_vec();
            distinct.par_sort_unstable();
            distinct.dedup();
            let rows = distinct.len();
            let values = Table { variables: vec![variable.clone()], columns: vec![distinct.into()], weight: None, rows };
            let new = interned(task, &Evaluation::new(task, expression, &values).values()?)?;
            let of: HashMap<u32, u32> = values.columns[0].iter().copied().zip(new).collect();
            Ok(column.iter().map(|id| of.get(id).copied().unwrap_or(UNBOUND)).collect::<Vec<u32>>().into())
        }
        None => Ok(interned(task, &Evaluation::new(task, expression, table).values()?)?.into()),
    }
}

fn interned(task: &Task<'_, '_>, values: &[Option<Value>]) -> Result<Vec<u32>, QueryError> {
    let mut ids = Vec::with_capacity(values.len());
    for values in values.chunks(BLOCK) {
        task.check()?;
        for value in values {
            ids.push(value.as_ref().map_or(Ok(UNBOUND), |value| task.session.terms.intern_value(value))?);
        }
    }
    Ok(ids)
}
