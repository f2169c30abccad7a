//! What only the host knows of values: each different one is asked there once.

use hypergraphql_kernels::relations::Column;

use super::Failure;
use super::on::On;
use crate::engine::QueryError;

/// For each element what `answer` gives for its value; it is asked about the different ones, ascending.
pub(super) fn by_value(
    on: &On<'_, '_>,
    column: &Column,
    answer: impl FnOnce(&[u32]) -> Result<Vec<u32>, QueryError>,
) -> Result<Column, Failure> {
    let sorted = on.take(column, &on.order(column, None)?)?;
    let different = on.take(&sorted, &on.positions(&on.firsts(&sorted)?)?)?;
    let answers = on.upload(&answer(&on.read(&different)?)?)?;
    on.take(&answers, &on.search(&different, column)?.0)
}

/// A flag for each element: whether its value is one of those wanted.
pub(super) fn flags(on: &On<'_, '_>, column: &Column, holds: impl Fn(u32) -> bool + Sync) -> Result<Column, Failure> {
    by_value(on, column, |values| {
        let pieces =
            on.task.morsels(values.len(), 1 << 12, |range| Ok(values[range].iter().map(|&id| u32::from(holds(id))).collect::<Vec<_>>()))?;
        Ok(pieces.concat())
    })
}
