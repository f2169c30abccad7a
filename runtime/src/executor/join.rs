//! `Join`, `LeftJoin`, `SemiJoin`, `AntiJoin` and `Minus`.

use hypergraphql_query::algebra::{Expression, Variable};
use hypergraphql_query::graph::Node;

use super::evaluate::Evaluation;
use super::gather::{self, NO_ROW, fill, gather, total};
use super::pairs::Sides;
use super::table::{Table, UNBOUND};
use super::task::Task;
use crate::engine::QueryError;

/// Compatible pairs.
pub(crate) fn join(task: &Task<'_, '_>, node: &Node, on: &[Variable], left: &Table, right: &Table) -> Result<Table, QueryError> {
    let sides = Sides::new(task, left, right, on)?;
    let (of_left, of_right) = sides.pairs(task)?;
    let variables: Vec<Variable> = node.schema.iter().map(|column| column.variable.clone()).collect();
    paired(task, &sides, (left, &of_left), (right, &of_right), &variables)
}

/// Compatible pairs for which the condition holds, and the rows of the left that are in none.
pub(crate) fn left_join(
    task: &Task<'_, '_>,
    node: &Node,
    (on, condition): (&[Variable], Option<&Expression>),
    left: &Table,
    right: &Table,
) -> Result<Table, QueryError> {
    let sides = Sides::new(task, left, right, on)?;
    let (mut of_left, mut of_right) = sides.pairs(task)?;
    if let Some(condition) = condition {
        let holds = holds(task, &sides, condition, (left, &of_left), (right, &of_right))?;
        for pieces in [&mut of_left, &mut of_right] {
            let mut holds = holds.iter();
            pieces.iter_mut().for_each(|rows| rows.retain(|_| holds.next() == Some(&true)));
        }
    }
    let mut matched = vec![false; left.rows];
    of_left.iter().flatten().for_each(|&row| matched[row as usize] = true);
    let alone: Vec<u32> = (0..left.rows as u32).filter(|&row| !matched[row as usize]).collect();
    of_right.push(vec![NO_ROW; alone.len()]);
    of_left.push(alone);
    let variables: Vec<Variable> = node.schema.iter().map(|column| column.variable.clone()).collect();
    paired(task, &sides, (left, &of_left), (right, &of_right), &variables)
}

/// Whether the condition holds for each pair.
fn holds(
    task: &Task<'_, '_>,
    sides: &Sides<'_>,
    condition: &Expression,
    left: (&Table, &[Vec<u32>]),
    right: (&Table, &[Vec<u32>]),
) -> Result<Vec<bool>, QueryError> {
    let mut variables = left.0.variables.clone();
    variables.extend(right.0.variables.iter().filter(|v| left.0.index(v).is_none()).cloned());
    let used = super::expression::variables(condition);
    variables.retain(|v| used.contains(&v));
    let table = paired(task, sides, left, right, &variables)?;
    Evaluation::new(task, condition, &table).test()
}

/// Rows made of a row of each side, with the columns of these variables.
fn paired(
    task: &Task<'_, '_>,
    sides: &Sides<'_>,
    (left, of_left): (&Table, &[Vec<u32>]),
    (right, of_right): (&Table, &[Vec<u32>]),
    variables: &[Variable],
) -> Result<Table, QueryError> {
    let rows = task.rows(total(of_left))?;
    task.room(rows as u64, 4 * variables.len() as u64)?;
    let column = |variable: &Variable| match (left.index(variable), right.index(variable)) {
        (Some(l), Some(r)) if sides.columns().contains(&(l, r)) && left.columns[l].has_unbound() => {
            let (values, other) = (fill(task, of_left, |row| left.columns[l][row as usize])?, gather(task, &right.columns[r], of_right)?);
            let either = |(value, &other): (u32, &u32)| if value == UNBOUND { other } else { value };
            Ok(values.into_iter().zip(other.iter()).map(either).collect::<Vec<u32>>().into())
        }
        (Some(l), _) => gather(task, &left.columns[l], of_left),
        (None, Some(r)) => gather(task, &right.columns[r], of_right),
        (None, None) => Err(task.plan(format!("no input has {variable}"))),
    };
    let columns = variables.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    Ok(Table { variables: variables.to_vec(), columns, weight: None, rows })
}

/// What becomes of the rows of the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Those that have a compatible row are kept: `SemiJoin`.
    Compatible,
    /// Those that have none: `AntiJoin`.
    Incompatible,
    /// Those that have none that shares a bound variable: `Minus`.
    Apart,
}

/// Rows of the left by what is on the right.
pub(crate) fn filter_join(task: &Task<'_, '_>, keep: Keep, on: &[Variable], left: Table, right: &Table) -> Result<Table, QueryError> {
    let matched = Sides::new(task, &left, right, on)?.matched(task, keep == Keep::Apart)?;
    gather::kept(task, left, |row| matched[row] == (keep == Keep::Compatible))
}

/// Whether each row of the left has a compatible one on the right.
pub(crate) fn has_compatible(task: &Task<'_, '_>, left: &Table, right: &Table) -> Result<Vec<bool>, QueryError> {
    let on: Vec<Variable> = left.variables.iter().filter(|v| right.index(v).is_some()).cloned().collect();
    Sides::new(task, left, right, &on)?.matched(task, false)
}
