//! Operators on a device: columns of ids stay there from one operator to the next, and are read back where an operator runs on the host. What an operator
//! cannot do on a device (rows without a value, valid times, paths, expressions of several variables), the host does; its profile says so.
//!
//! Values are looked at on the host, once for each different one ([`values`]); weights stay there, as devices have no 64-bit numbers that all of them agree on.

mod aggregate;
mod cache;
mod checks;
mod columns;
mod distinct;
mod extend;
mod filter;
mod intersect;
mod join;
mod keys;
mod on;
mod scan;
mod sort;
mod tables;
mod values;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hypergraphql_kernels::KernelError;
use hypergraphql_kernels::relations::Relations;
use hypergraphql_query::graph::{Node, Op};

use super::join::Keep;
use super::table::Table;
use super::task::Task;
use crate::engine::QueryError;
use cache::Cache;
use on::On;

pub(super) use columns::DeviceTable;

/// Where queries run: on the host, which is the default, or on a device. A device keeps columns of the stores that it was asked about, those used last, for the
/// queries that follow; clones share it.
#[derive(Clone, Default)]
pub struct QueryDevice(Option<Arc<Device>>);

/// A device with what lies there.
pub(crate) struct Device {
    name: String,
    relations: Box<dyn Relations>,
    cache: Mutex<Cache>,
}

impl QueryDevice {
    /// A device of this name; `QueryDevice::open` finds one by the name that `--device` takes.
    pub fn new(name: impl Into<String>, relations: Box<dyn Relations>) -> Self {
        let cache = Mutex::new(Cache::new(relations.largest_array()));
        Self(Some(Arc::new(Device { name: name.into(), relations, cache })))
    }

    /// The host.
    pub fn host() -> Self {
        Self(None)
    }

    /// Its name, as profiles have it.
    pub fn name(&self) -> &str {
        self.0.as_ref().map_or("cpu", |device| &device.name)
    }

    pub(crate) fn device(&self) -> Option<&Device> {
        self.0.as_deref()
    }
}

impl fmt::Debug for QueryDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueryDevice({})", self.name())
    }
}

impl Device {
    /// As profiles have it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why an operator did not finish on a device.
enum Failure {
    Query(QueryError),
    Kernel(Box<KernelError>),
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl From<KernelError> for Failure {
    fn from(error: KernelError) -> Self {
        Self::Kernel(Box::new(error))
    }
}

/// Rows between two operators.
#[derive(Clone)]
pub(super) enum Rows {
    Host(Table),
    Device(DeviceTable),
}

impl Rows {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Host(table) => table.rows,
            Self::Device(table) => table.rows,
        }
    }

    /// Bytes that are not the store's.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Host(table) => table.bytes(),
            Self::Device(table) => table.bytes(),
        }
    }

    /// The rows on the host; waits for the device where they lie there.
    pub(super) fn host(self, task: &Task<'_, '_>) -> Result<Table, QueryError> {
        match (self, task.session.device.device()) {
            (Self::Host(table), _) => Ok(table),
            (Self::Device(table), Some(device)) => {
                let on = On { task: *task, device };
                table.host(&on).map_err(|failure| error(&on, failure))
            }
            (Self::Device(_), None) => Err(task.plan("its rows lie on a device that the query does not have")),
        }
    }
}

/// What an operator gave.
struct Done {
    table: DeviceTable,
    /// The device did something for it.
    ran: bool,
}

/// The rows of an operator and where it ran, if it has a form for the device and these inputs, each with the variables by which it ascends.
pub(super) fn operator(
    task: &Task<'_, '_>,
    node: &Node,
    inputs: &[(Rows, &[hypergraphql_query::algebra::Variable])],
) -> Result<Option<(Rows, String)>, QueryError> {
    let Some(device) = task.session.device.device() else { return Ok(None) };
    let on = On { task: *task, device };
    let most = inputs.iter().map(|(rows, _)| rows.len()).max();
    if most.is_some_and(|most| most < task.session.device_rows) {
        return Ok(None);
    }
    let inputs: Vec<DeviceTable> = inputs
        .iter()
        .map(|(rows, sorted_by)| match rows {
            Rows::Host(table) => DeviceTable::of_host(table.clone(), sorted_by.to_vec()),
            Rows::Device(table) => table.clone(),
        })
        .collect();
    let done = run(&on, node, &inputs).and_then(|done| {
        let Some(done) = done else { return Ok(None) };
        let table = done.table.with_schema(&node.schema);
        Ok(Some(Done { table: keys::sorted(&on, table, &node.sorted_by)?, ..done }))
    });
    match done {
        Ok(Some(Done { table, ran })) => Ok(Some((Rows::Device(table), if ran { device.name().to_owned() } else { "cpu".to_owned() }))),
        Ok(None) => Ok(None),
        // What the device has no room for, the host may have.
        Err(Failure::Kernel(error)) if matches!(*error, KernelError::OutOfMemory { .. } | KernelError::TooLarge { .. }) => Ok(None),
        Err(failure) => Err(error(&on, failure)),
    }
}

fn run(on: &On<'_, '_>, node: &Node, inputs: &[DeviceTable]) -> Result<Option<Done>, Failure> {
    // Where there was nothing to do, no column lies on the device.
    let done = |table: DeviceTable| Done { ran: table.columns.is_empty() || table.is_there(), table };
    let ran = |table: Option<DeviceTable>| Ok(table.map(done));
    match (&node.op, inputs) {
        (Op::Scan(atom), []) => ran(scan::scan(on, node, atom)?),
        (Op::Extend(atom), [input]) => ran(extend::extend(on, node, atom, input)?),
        (Op::Intersect(variable, atoms), [input]) => ran(intersect::intersect(on, node, variable, atoms, input)?),
        (Op::Join(by), [left, right]) => ran(join::join(on, node, by, left, right)?),
        (Op::LeftJoin(by, None), [left, right]) => ran(join::left_join(on, node, by, left, right)?),
        (Op::SemiJoin(by), [left, right]) => ran(join::filter_join(on, Keep::Compatible, by, left, right)?),
        (Op::AntiJoin(by), [left, right]) => ran(join::filter_join(on, Keep::Incompatible, by, left, right)?),
        (Op::Minus(by), [left, right]) => ran(join::filter_join(on, Keep::Apart, by, left, right)?),
        (Op::Filter(condition), [input]) => ran(filter::filter(on, condition, input)?),
        (Op::Distinct, [input]) => ran(distinct::distinct(on, input.clone().with_schema(&node.schema))?),
        (Op::Aggregate { keys, aggregates, sampled }, [input]) if sampled.is_empty() => aggregate::aggregate(on, keys, aggregates, input),
        (Op::Sort(keys), [input]) => ran(sort::sort(on, keys, None, input)?),
        (Op::TopK(keys, limit), [input]) => ran(sort::sort(on, keys, Some(*limit), input)?),
        (Op::Union, inputs) => ran(tables::union(on, node, inputs)?),
        (Op::Slice(offset, limit), [input]) if input.is_there() => ran(Some(tables::slice(on, input, *offset, *limit)?)),
        (Op::Project, [input]) if input.is_there() => ran(Some(input.clone())),
        _ => Ok(None),
    }
}

fn error(on: &On<'_, '_>, failure: Failure) -> QueryError {
    match failure {
        Failure::Query(error) => error,
        Failure::Kernel(source) => QueryError::Device { operator: on.task.operator.to_owned(), device: on.device.name.clone(), source },
    }
}
