//! `Sort` and `TopK` by variables: ranks of the different values, made on the host.

use hypergraphql_query::algebra::{Expression, OrderKey};

use super::super::evaluate::outer;
use super::super::rank::ranks;
use super::super::table::UNBOUND;
use super::Failure;
use super::columns::DeviceTable;
use super::keys::order;
use super::on::On;
use super::values::by_value;

/// Rows in the order of the keys, the first ones if there is a limit; none: the host has to.
pub(super) fn sort(on: &On<'_, '_>, keys: &[OrderKey], limit: Option<u64>, input: &DeviceTable) -> Result<Option<DeviceTable>, Failure> {
    let mut columns = vec![];
    for key in keys {
        let Expression::Variable(variable) = &key.expression else { return Ok(None) };
        let Some(column) = input.column(variable).filter(|_| outer(&on.task, variable) == UNBOUND) else { return Ok(None) };
        columns.push(by_value(on, &column.device(on)?, |values| {
            let mut ranks = ranks(&on.task, values)?;
            if key.descending {
                ranks.iter_mut().for_each(|rank| *rank = !*rank);
            }
            Ok(ranks)
        })?);
    }
    if columns.is_empty() {
        return Ok(None);
    }
    let mut rows = order(on, &columns)?;
    if let Some(limit) = limit {
        rows = on.first(&rows, usize::try_from(limit).unwrap_or(usize::MAX))?;
    }
    Ok(Some(DeviceTable { sorted_by: vec![], ..input.take(on, &rows)? }))
}
