//! `Filter` by conditions on one variable each.

use hypergraphql_query::algebra::Expression;

use super::super::condition::Condition;
use super::super::evaluate::single;
use super::super::expression::conjuncts;
use super::Failure;
use super::columns::DeviceTable;
use super::on::On;
use super::values::flags;

/// Runs the operator; none: the host has to.
pub(super) fn filter(on: &On<'_, '_>, condition: &Expression, input: &DeviceTable) -> Result<Option<DeviceTable>, Failure> {
    let header = input.header();
    let parts = conjuncts(condition);
    if parts.iter().any(|part| single(&on.task, part, &header).is_none()) {
        return Ok(None);
    }
    let mut table = input.clone();
    for part in parts {
        let Some(variable) = single(&on.task, part, &header) else { continue };
        let condition = Condition::new(&on.task, variable, part);
        let column = &table.device_columns(on, std::slice::from_ref(variable))?[0];
        table = table.kept(on, &flags(on, column, |id| condition.holds(id))?)?;
    }
    Ok(Some(table))
}
