//! Rows by the values of some columns: their order, their runs, and where those of other rows are among them.

use hypergraphql_kernels::mark::Test;
use hypergraphql_kernels::relations::Column;
use hypergraphql_query::algebra::Variable;

use super::Failure;
use super::columns::DeviceTable;
use super::on::On;

/// The stable order of rows by some columns, one or more, most significant first: two at a time, from the last.
pub(super) fn order(on: &On<'_, '_>, columns: &[Column]) -> Result<Column, Failure> {
    let mut order: Option<Column> = None;
    for pair in columns.rchunks(2) {
        let by = |column: &Column| order.as_ref().map_or(Ok(column.clone()), |order| on.take(column, order));
        let next = match pair {
            [high, low] => on.order(&by(low)?, Some(&by(high)?))?,
            [one, ..] => on.order(&by(one)?, None)?,
            [] => continue,
        };
        order = Some(match &order {
            Some(before) => on.take(before, &next)?,
            None => next,
        });
    }
    order.ok_or_else(|| on.task.plan("rows are ordered by no column").into())
}

/// Where runs of equal rows begin.
pub(super) fn starts(on: &On<'_, '_>, columns: &[Column]) -> Result<Column, Failure> {
    on.positions(&firsts(on, columns)?)
}

/// A flag for each row with which a run of equal rows begins.
pub(super) fn firsts(on: &On<'_, '_>, columns: &[Column]) -> Result<Column, Failure> {
    let mut flags: Option<Column> = None;
    for column in columns {
        let own = on.firsts(column)?;
        flags = Some(match flags {
            Some(before) => on.pairs(&before, &own, Test::Either)?,
            None => own,
        });
    }
    flags.ok_or_else(|| on.task.plan("rows are compared by no column").into())
}

/// The table in the order of these variables, as ids.
pub(super) fn sorted(on: &On<'_, '_>, table: DeviceTable, by: &[Variable]) -> Result<DeviceTable, Failure> {
    if by.is_empty() || table.sorted_by.starts_with(by) || table.rows < 2 {
        return Ok(table);
    }
    let columns = table.device_columns(on, by)?;
    let order = order(on, &columns)?;
    Ok(DeviceTable { sorted_by: by.to_vec(), ..table.take(on, &order)? })
}

impl DeviceTable {
    /// The columns of some variables, on the device.
    pub(super) fn device_columns(&self, on: &On<'_, '_>, of: &[Variable]) -> Result<Vec<Column>, Failure> {
        let column = |variable: &Variable| match self.column(variable) {
            Some(column) => column.device(on),
            None => Err(on.task.plan(format!("an input has no {variable}")).into()),
        };
        of.iter().map(column).collect()
    }

    /// Whether every row has a value of each of these variables.
    pub(super) fn has_all(&self, of: &[Variable]) -> bool {
        of.iter().all(|variable| self.column(variable).is_some_and(super::columns::Both::is_bound))
    }
}

/// Rows in the order of some columns.
pub(super) struct Index {
    order: Column,
    sorted: Vec<Column>,
}

impl Index {
    /// By one or more variables, of which every row has a value.
    pub(super) fn new(on: &On<'_, '_>, table: &DeviceTable, by: &[Variable]) -> Result<Self, Failure> {
        let columns = table.device_columns(on, by)?;
        let order = order(on, &columns)?;
        let sorted = columns.iter().map(|column| on.take(column, &order)).collect::<Result<_, _>>()?;
        Ok(Self { order, sorted })
    }

    /// Where the rows that agree with each row of another table are, in the order.
    pub(super) fn ranges(&self, on: &On<'_, '_>, table: &DeviceTable, by: &[Variable]) -> Result<(Column, Column), Failure> {
        let needles = table.device_columns(on, by)?;
        let mut range: Option<(Column, Column)> = None;
        for (sorted, needles) in self.sorted.iter().zip(&needles) {
            range = Some(match range {
                Some((low, high)) => on.search_ranges(sorted, (&low, &high), needles)?,
                None => on.search(sorted, needles)?,
            });
        }
        range.ok_or_else(|| on.task.plan("rows are joined on no column").into())
    }

    /// The rows at these places of the order.
    pub(super) fn rows(&self, on: &On<'_, '_>, places: &Column) -> Result<Column, Failure> {
        on.take(&self.order, places)
    }
}
