//! `Join`, `LeftJoin` without a condition, `SemiJoin`, `AntiJoin` and `Minus` on columns of which every row has a value: one side is sorted, the other searches.

use hypergraphql_kernels::mark::Test;
use hypergraphql_kernels::relations::Column;
use hypergraphql_query::algebra::Variable;
use hypergraphql_query::graph::{self, Node};

use super::super::gather::NO_ROW;
use super::super::join::Keep;
use super::Failure;
use super::columns::{Both, DeviceTable};
use super::keys::Index;
use super::on::On;

/// Whether rows of both sides can be found by the ids of these variables.
fn are_keys(by: &[Variable], left: &DeviceTable, right: &DeviceTable) -> bool {
    !by.is_empty() && left.has_all(by) && right.has_all(by)
}

/// Compatible pairs; none: the host has to.
pub(super) fn join(
    on: &On<'_, '_>,
    node: &Node,
    by: &[Variable],
    left: &DeviceTable,
    right: &DeviceTable,
) -> Result<Option<DeviceTable>, Failure> {
    if !are_keys(by, left, right) {
        return Ok(None);
    }
    // The larger side asks, the smaller one is sorted.
    let swapped = left.rows < right.rows;
    let (probe, build) = if swapped { (right, left) } else { (left, right) };
    let pairs = Pairs::new(on, by, probe, build)?;
    let (of_left, of_right) = if swapped { (pairs.build, pairs.probe) } else { (pairs.probe, pairs.build) };
    paired(on, node, (left, &of_left), (right, &of_right), true).map(Some)
}

/// Compatible pairs, and the rows of the left that are in none.
pub(super) fn left_join(
    on: &On<'_, '_>,
    node: &Node,
    by: &[Variable],
    left: &DeviceTable,
    right: &DeviceTable,
) -> Result<Option<DeviceTable>, Failure> {
    if !are_keys(by, left, right) {
        return Ok(None);
    }
    let pairs = Pairs::new(on, by, left, right)?;
    let alone = on.positions(&on.pairs(&pairs.low, &pairs.high, Test::Equal)?)?;
    let nothing = on.upload(&vec![NO_ROW; alone.len()])?;
    on.task.rows(pairs.probe.len() as u64 + alone.len() as u64)?;
    let (of_left, of_right) = (on.concat(&pairs.probe, &alone)?, on.concat(&pairs.build, &nothing)?);
    paired(on, node, (left, &of_left), (right, &of_right), alone.is_empty()).map(Some)
}

/// Rows of the one and of the other table that agree.
struct Pairs {
    probe: Column,
    build: Column,
    /// From where to where each row of the one finds its rows of the other, in the order of their keys.
    low: Column,
    high: Column,
}

impl Pairs {
    fn new(on: &On<'_, '_>, by: &[Variable], probe: &DeviceTable, build: &DeviceTable) -> Result<Self, Failure> {
        let index = Index::new(on, build, by)?;
        let (low, high) = index.ranges(on, probe, by)?;
        let (counts, total) = on.counts(&low, &high)?;
        let (probe, place) = on.expand(&low, &counts, total)?;
        Ok(Self { probe, build: index.rows(on, &place)?, low, high })
    }
}

/// Rows made of a row of each side; `matched`: of the right there is one for each.
fn paired(
    on: &On<'_, '_>,
    node: &Node,
    (left, of_left): (&DeviceTable, &Column),
    (right, of_right): (&DeviceTable, &Column),
    matched: bool,
) -> Result<DeviceTable, Failure> {
    let column = |column: &graph::Column| match (left.column(&column.variable), right.column(&column.variable)) {
        (Some(own), _) => own.take(on, of_left),
        (None, Some(other)) => Ok(Both::of_device(on.take(&other.device(on)?, of_right)?, matched && other.is_bound())),
        (None, None) => Err(on.task.plan(format!("no input has {}", column.variable)).into()),
    };
    let columns = node.schema.iter().map(column).collect::<Result<_, _>>()?;
    let variables = node.schema.iter().map(|column| column.variable.clone()).collect();
    Ok(DeviceTable { variables, columns, weight: None, rows: of_left.len(), sorted_by: vec![] })
}

/// Rows of the left by what is on the right; none: the host has to.
pub(super) fn filter_join(
    on: &On<'_, '_>,
    keep: Keep,
    by: &[Variable],
    left: &DeviceTable,
    right: &DeviceTable,
) -> Result<Option<DeviceTable>, Failure> {
    if !are_keys(by, left, right) {
        return Ok(None);
    }
    let (low, high) = Index::new(on, right, by)?.ranges(on, left, by)?;
    let test = if keep == Keep::Compatible { Test::Less } else { Test::Equal };
    left.kept(on, &on.pairs(&low, &high, test)?).map(Some)
}
