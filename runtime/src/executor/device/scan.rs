//! `Scan`: columns of the store as they are, or the statements that are marked.

use std::sync::Arc;

use hypergraphql_query::graph::{Atom, Node};

use super::super::matches::{Matches, Wish};
use super::super::scan::{places, wish_of};
use super::super::table::{Column as HostColumn, Table};
use super::Failure;
use super::checks::{Candidates, accepted, are_possible};
use super::columns::{Both, DeviceTable};
use super::keys::starts;
use super::on::On;

/// Runs the operator; none: the host has to.
pub(super) fn scan(on: &On<'_, '_>, node: &Node, atom: &Atom) -> Result<Option<DeviceTable>, Failure> {
    if atom.as_of.is_some() || atom.period.is_some() {
        return Ok(None);
    }
    let (unit, wanted) = (Table::unit(), wish_of(node));
    let Some(matches) = Matches::new(&on.task, atom, &unit, Wish { sorted_by: &wanted, next: None })? else {
        return Ok(Some(DeviceTable::empty(&node.schema)));
    };
    if matches.all().len() < on.task.session.device_rows || !are_possible(&matches) {
        return Ok(None);
    }
    let places = places(&on.task, node, atom, &matches)?;
    let rows = on.task.rows(matches.all().len() as u64)?;
    let mut columns = vec![];
    for &(_, position) in &places {
        let column = Both::of_host(HostColumn::Stored(matches.rows().shared(position), matches.all()));
        column.device(on)?;
        columns.push(column);
    }
    let sorted_by = if matches.ascends_by(&node.sorted_by) { node.sorted_by.clone() } else { vec![] };
    let mut table =
        DeviceTable { variables: places.into_iter().map(|(variable, _)| variable).collect(), columns, weight: None, rows, sorted_by };
    if !matches.is_exact()
        && let Some(flags) = accepted(on, &matches, &Candidates { rows: None, statements: None })?
    {
        let places = on.positions(&flags)?;
        table = table.take(on, &places)?;
    }
    if node.weighted { merged(on, table).map(Some) } else { Ok(Some(table)) }
}

/// Equal rows that follow each other as one, whose weight is their number.
fn merged(on: &On<'_, '_>, table: DeviceTable) -> Result<DeviceTable, Failure> {
    if table.columns.is_empty() || table.rows == 0 {
        let weight = if table.rows == 0 { vec![] } else { vec![table.rows as u64] };
        return Ok(DeviceTable { rows: weight.len(), weight: Some(Arc::new(weight)), ..table });
    }
    let columns = table.columns.iter().map(|column| column.device(on)).collect::<Result<Vec<_>, _>>()?;
    let starts = starts(on, &columns)?;
    on.task.room(starts.len() as u64, 8)?;
    let first = on.read(&starts)?;
    let ends = first.iter().skip(1).copied().chain([table.rows as u32]);
    let weight = Some(Arc::new(first.iter().zip(ends).map(|(&start, end)| u64::from(end - start)).collect()));
    let table = if starts.len() == table.rows { table } else { table.take(on, &starts)? };
    Ok(DeviceTable { weight, ..table })
}
