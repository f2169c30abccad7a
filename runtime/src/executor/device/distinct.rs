//! `Distinct`: the first of equal rows.

use super::Failure;
use super::columns::DeviceTable;
use super::keys::{order, starts};
use super::on::On;

/// Runs the operator; the rows that stay keep their order. None: the host has to, as there is no column.
pub(super) fn distinct(on: &On<'_, '_>, table: DeviceTable) -> Result<Option<DeviceTable>, Failure> {
    if table.columns.is_empty() {
        return Ok(None);
    }
    let table = DeviceTable { weight: None, ..table };
    let columns = table.device_columns(on, &table.variables)?;
    let together = table.variables.iter().all(|variable| table.sorted_by.contains(variable));
    if together {
        let first = starts(on, &columns)?;
        return if first.len() == table.rows { Ok(Some(table)) } else { table.take(on, &first).map(Some) };
    }
    let order = order(on, &columns)?;
    let sorted = columns.iter().map(|column| on.take(column, &order)).collect::<Result<Vec<_>, _>>()?;
    let starts = starts(on, &sorted)?;
    if starts.len() == table.rows {
        return Ok(Some(table));
    }
    // The order is stable: a run begins with its first row.
    let first = on.take(&order, &starts)?;
    let ascending = on.take(&first, &on.order(&first, None)?)?;
    table.take(on, &ascending).map(Some)
}
