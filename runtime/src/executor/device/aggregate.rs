//! `Aggregate` where it counts: groups are runs of sorted keys.

use hypergraphql_kernels::mark::Test;
use hypergraphql_kernels::relations::Column;
use hypergraphql_query::algebra::{Aggregate, AggregateFunction, Expression, Variable};

use super::super::aggregate::counted;
use super::super::evaluate::outer;
use super::super::table::UNBOUND;
use super::columns::{Both, DeviceTable};
use super::keys::{firsts, order, starts};
use super::on::On;
use super::{Done, Failure};
use crate::engine::QueryError;

/// What is counted in each group.
enum Counted<'a> {
    /// Solutions.
    Rows,
    /// Different values of a variable.
    Different(&'a Variable),
}

impl<'a> Counted<'a> {
    fn of(on: &On<'_, '_>, aggregate: &'a Aggregate, input: &DeviceTable) -> Option<Self> {
        let known = |variable: &Variable| outer(&on.task, variable) == UNBOUND && input.column(variable).is_some();
        match (&aggregate.function, &aggregate.expression, aggregate.distinct) {
            (AggregateFunction::Count, None, false) => Some(Self::Rows),
            (AggregateFunction::Count, Some(Expression::Variable(v)), false) if known(v) && input.has_all(std::slice::from_ref(v)) => {
                Some(Self::Rows)
            }
            (AggregateFunction::Count, Some(Expression::Variable(v)), true) if known(v) => Some(Self::Different(v)),
            _ => None,
        }
    }
}

/// Runs the operator; none: the host has to.
pub(super) fn aggregate(
    on: &On<'_, '_>,
    keys: &[Variable],
    aggregates: &[(Variable, Aggregate)],
    input: &DeviceTable,
) -> Result<Option<Done>, Failure> {
    let wanted: Option<Vec<Counted<'_>>> = aggregates.iter().map(|(_, aggregate)| Counted::of(on, aggregate, input)).collect();
    let Some(wanted) = wanted.filter(|_| keys.iter().all(|key| input.column(key).is_some())) else { return Ok(None) };
    let groups = Groups::new(on, keys, input)?;
    let ran = !keys.is_empty() || wanted.iter().any(|counted| matches!(counted, Counted::Different(_)));
    let mut table = groups.keys(on, input)?;
    for ((variable, _), of) in aggregates.iter().zip(&wanted) {
        let counts = match of {
            Counted::Rows => groups.sizes(on, input)?,
            Counted::Different(of) => groups.different(on, of, input)?,
        };
        table.variables.push(variable.clone());
        table.columns.push(Both::of_host(counted(&on.task, &counts)?.into()));
    }
    Ok(Some(Done { table, ran }))
}

/// The groups of a table's rows, ascending by their keys.
struct Groups {
    /// In the order in which rows ascend.
    keys: Vec<Variable>,
    /// The rows with those of a group together; none: they are so already.
    order: Option<Column>,
    /// Where each group begins, and the end.
    ptr: Vec<u32>,
    /// The same without the end, on the device; none where there are no keys.
    starts: Option<Column>,
}

impl Groups {
    fn new(on: &On<'_, '_>, keys: &[Variable], input: &DeviceTable) -> Result<Self, Failure> {
        let end = on.task.rows(input.rows as u64)? as u32;
        if keys.is_empty() {
            return Ok(Self { keys: vec![], order: None, ptr: vec![0, end], starts: None });
        }
        let together = input.sorted_by.get(..keys.len()).filter(|sorted| sorted.iter().all(|v| keys.contains(v)));
        let keys = together.unwrap_or(keys).to_vec();
        let mut columns = input.device_columns(on, &keys)?;
        let order = if together.is_some() { None } else { Some(order(on, &columns)?) };
        if let Some(order) = &order {
            columns = columns.iter().map(|column| on.take(column, order)).collect::<Result<_, _>>()?;
        }
        let starts = starts(on, &columns)?;
        let mut ptr = on.read(&starts)?;
        ptr.push(end);
        Ok(Self { keys, order, ptr, starts: Some(starts) })
    }

    /// The keys of each group, a row for each; one row where there are none.
    fn keys(&self, on: &On<'_, '_>, input: &DeviceTable) -> Result<DeviceTable, Failure> {
        let (mut columns, rows) = (vec![], self.ptr.len() - 1);
        if let Some(starts) = &self.starts {
            let first = self.order.as_ref().map_or(Ok(starts.clone()), |order| on.take(order, starts))?;
            for key in input.device_columns(on, &self.keys)? {
                columns.push(Both::of_device(on.take(&key, &first)?, false));
            }
        }
        Ok(DeviceTable { variables: self.keys.clone(), columns, weight: None, rows, sorted_by: self.keys.clone() })
    }

    /// Solutions of each group.
    fn sizes(&self, on: &On<'_, '_>, input: &DeviceTable) -> Result<Vec<u64>, Failure> {
        let groups = self.ptr.windows(2).map(|ends| ends[0] as usize..ends[1] as usize);
        let Some(weight) = &input.weight else { return Ok(groups.map(|group| group.len() as u64).collect()) };
        let order = self.order.as_ref().map(|order| on.read(order)).transpose()?;
        let overflow = || QueryError::TooManyRows { operator: on.task.operator.to_owned(), rows: u64::MAX, limit: u64::MAX };
        let of = |at: usize| weight[order.as_ref().map_or(at, |order| order[at] as usize)];
        let sum = |mut group: std::ops::Range<usize>| group.try_fold(0u64, |sum, at| sum.checked_add(of(at)));
        Ok(groups.map(sum).collect::<Option<Vec<u64>>>().ok_or_else(overflow)?)
    }

    /// How many different values a variable has in each group.
    fn different(&self, on: &On<'_, '_>, of: &Variable, input: &DeviceTable) -> Result<Vec<u64>, Failure> {
        let by = [&self.keys[..], std::slice::from_ref(of)].concat();
        let columns = input.device_columns(on, &by)?;
        let order = order(on, &columns)?;
        let sorted = columns.iter().map(|column| on.take(column, &order)).collect::<Result<Vec<_>, _>>()?;
        let there = on.within(&sorted[by.len() - 1], 0..UNBOUND)?;
        let flags = on.pairs(&firsts(on, &sorted)?, &there, Test::Both)?;
        let counts = on.sums(&on.upload(&self.ptr)?, &flags)?;
        Ok(on.read(&counts)?.into_iter().map(u64::from).collect())
    }
}
