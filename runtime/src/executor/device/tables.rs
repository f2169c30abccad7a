//! `Union` and `Slice` of rows that lie on the device.

use std::sync::Arc;

use hypergraphql_query::graph::Node;

use super::Failure;
use super::columns::{Both, DeviceTable};
use super::on::On;

/// Rows of all inputs; none where they lie on the host.
pub(super) fn union(on: &On<'_, '_>, node: &Node, inputs: &[DeviceTable]) -> Result<Option<DeviceTable>, Failure> {
    if !inputs.iter().any(DeviceTable::is_there) {
        return Ok(None);
    }
    let inputs: Vec<DeviceTable> = inputs.iter().map(|table| table.clone().with_schema(&node.schema)).collect();
    let rows = on.task.rows(inputs.iter().map(|table| table.rows as u64).sum())?;
    let mut columns = vec![];
    for at in 0..node.schema.len() {
        let mut all = on.upload(&[])?;
        for table in &inputs {
            all = if all.is_empty() { table.columns[at].device(on)? } else { on.concat(&all, &table.columns[at].device(on)?)? };
        }
        columns.push(Both::of_device(all, inputs.iter().all(|table| table.columns[at].is_bound())));
    }
    let variables = node.schema.iter().map(|column| column.variable.clone()).collect();
    Ok(Some(DeviceTable { variables, columns, weight: None, rows, sorted_by: vec![] }))
}

/// Rows from `offset` on, `limit` at most.
pub(super) fn slice(on: &On<'_, '_>, table: &DeviceTable, offset: u64, limit: Option<u64>) -> Result<DeviceTable, Failure> {
    let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let start = whole(offset).min(table.rows);
    let end = start.saturating_add(limit.map_or(usize::MAX, whole)).min(table.rows);
    let places: Vec<u32> = (start as u32..end as u32).collect();
    let weight = table.weight.as_ref().map(|weight| Arc::new(weight[start..end].to_vec()));
    let table = DeviceTable { weight: None, ..table.clone() }.take(on, &on.upload(&places)?)?;
    Ok(DeviceTable { weight, ..table })
}
