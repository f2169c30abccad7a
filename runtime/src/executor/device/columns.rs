//! Tables whose columns lie on the host, on a device, or on both once they were copied.

use std::sync::{Arc, OnceLock};

use hypergraphql_kernels::relations::Column as OnDevice;
use hypergraphql_query::algebra::Variable;
use hypergraphql_query::graph;

use super::super::table::{Column, Table, UNBOUND};
use super::Failure;
use super::on::On;

/// A column of ids; a clone shares what was copied.
#[derive(Clone)]
pub(super) struct Both(Arc<Sides>);

struct Sides {
    host: OnceLock<Column>,
    device: OnceLock<OnDevice>,
    /// Every row has a value.
    bound: OnceLock<bool>,
}

/// What is already known of something, or is made.
fn known<T: Clone>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    match cell.get() {
        Some(known) => Ok(known.clone()),
        None => make().map(|made| cell.get_or_init(|| made).clone()),
    }
}

impl Both {
    pub(super) fn of_host(column: Column) -> Self {
        Self(Arc::new(Sides { host: column.into(), device: OnceLock::new(), bound: OnceLock::new() }))
    }

    pub(super) fn of_device(column: OnDevice, bound: bool) -> Self {
        Self(Arc::new(Sides { host: OnceLock::new(), device: column.into(), bound: bound.into() }))
    }

    /// On the host; waits for the device where it lies there alone.
    pub(super) fn host(&self, on: &On<'_, '_>) -> Result<Column, Failure> {
        known(&self.0.host, || Ok(on.read(&self.device(on)?)?.into()))
    }

    /// On the device; a column of the store is copied once for all queries.
    pub(super) fn device(&self, on: &On<'_, '_>) -> Result<OnDevice, Failure> {
        known(&self.0.device, || match self.0.host.get() {
            Some(Column::Stored(ids, range)) => {
                let part = &ids[range.clone()];
                if let Some(copy) = on.device.cache().get(part) {
                    return Ok(copy);
                }
                let copy = on.upload(part)?;
                on.device.cache().put(ids, part, &copy);
                Ok(copy)
            }
            Some(Column::Owned(ids)) => on.upload(ids),
            None => Err(on.task.plan("a column lies nowhere").into()),
        })
    }

    /// Whether every row has a value; a column that may lack one was asked on the host.
    pub(super) fn is_bound(&self) -> bool {
        *self.0.bound.get_or_init(|| match self.0.host.get() {
            Some(Column::Stored(..)) => true,
            Some(column) => !column.has_unbound(),
            None => false,
        })
    }

    /// The elements at these places, all of which there are.
    pub(super) fn take(&self, on: &On<'_, '_>, places: &OnDevice) -> Result<Self, Failure> {
        Ok(Self::of_device(on.take(&self.device(on)?, places)?, self.is_bound()))
    }

    fn bytes(&self) -> u64 {
        self.0.host.get().map_or_else(|| self.0.device.get().map_or(0, |column| 4 * column.len() as u64), Column::bytes)
    }
}

/// Rows of solutions.
#[derive(Clone)]
pub(crate) struct DeviceTable {
    /// Names of the columns, each once.
    pub(super) variables: Vec<Variable>,
    pub(super) columns: Vec<Both>,
    /// For how many equal solutions each row stands, on the host; `None`: for one.
    pub(super) weight: Option<Arc<Vec<u64>>>,
    pub(super) rows: usize,
    /// The rows are known to ascend by these.
    pub(super) sorted_by: Vec<Variable>,
}

impl DeviceTable {
    /// A table of the host that ascends by these variables.
    pub(super) fn of_host(table: Table, sorted_by: Vec<Variable>) -> Self {
        let columns = table.columns.into_iter().map(Both::of_host).collect();
        Self { variables: table.variables, columns, weight: table.weight, rows: table.rows, sorted_by }
    }

    /// No rows of the columns of a schema.
    pub(super) fn empty(schema: &[graph::Column]) -> Self {
        Self::of_host(Table::empty(schema), vec![])
    }

    /// The table on the host.
    pub(super) fn host(self, on: &On<'_, '_>) -> Result<Table, Failure> {
        let columns = self.columns.iter().map(|column| column.host(on)).collect::<Result<_, _>>()?;
        Ok(Table { variables: self.variables, columns, weight: self.weight, rows: self.rows })
    }

    /// Whether some column lies on the device.
    pub(super) fn is_there(&self) -> bool {
        self.columns.iter().any(|column| column.0.device.get().is_some())
    }

    /// The names without the rows, for what asks of names alone.
    pub(super) fn header(&self) -> Table {
        let columns = self.variables.iter().map(|_| Vec::new().into()).collect();
        Table { variables: self.variables.clone(), columns, weight: None, rows: 0 }
    }

    /// A variable's column.
    pub(super) fn column(&self, variable: &Variable) -> Option<&Both> {
        self.variables.iter().position(|v| v == variable).map(|index| &self.columns[index])
    }

    /// Bytes that are not the store's.
    pub(super) fn bytes(&self) -> u64 {
        let weight = self.weight.as_ref().map_or(0, |weight| 8 * weight.len() as u64);
        self.columns.iter().map(Both::bytes).sum::<u64>() + weight
    }

    /// The table with the columns of a schema in its order: what is not in it is dropped, what is missing is unbound.
    pub(super) fn with_schema(self, schema: &[graph::Column]) -> Self {
        let column =
            |c: &graph::Column| self.column(&c.variable).cloned().unwrap_or_else(|| Both::of_host(Column::constant(UNBOUND, self.rows)));
        let columns = schema.iter().map(column).collect();
        let variables: Vec<Variable> = schema.iter().map(|c| c.variable.clone()).collect();
        let sorted_by = self.sorted_by.into_iter().take_while(|v| variables.contains(v)).collect();
        Self { variables, columns, weight: self.weight, rows: self.rows, sorted_by }
    }

    /// The rows at these places, in that order: ascending by the same variables if the places ascend.
    pub(super) fn take(&self, on: &On<'_, '_>, places: &OnDevice) -> Result<Self, Failure> {
        let columns = self.columns.iter().map(|column| column.take(on, places)).collect::<Result<_, _>>()?;
        let weight = self.weights(on, places)?;
        Ok(Self { variables: self.variables.clone(), columns, weight, rows: places.len(), sorted_by: self.sorted_by.clone() })
    }

    /// The rows whose flag is not 0; the table itself if that is all of them.
    pub(super) fn kept(&self, on: &On<'_, '_>, flags: &OnDevice) -> Result<Self, Failure> {
        let places = on.positions(flags)?;
        if places.len() == self.rows { Ok(self.clone()) } else { self.take(on, &places) }
    }

    /// The weights of the rows at these places.
    pub(super) fn weights(&self, on: &On<'_, '_>, places: &OnDevice) -> Result<Option<Arc<Vec<u64>>>, Failure> {
        let Some(weight) = &self.weight else { return Ok(None) };
        on.task.room(places.len() as u64, 8)?;
        let places = on.read(places)?;
        Ok(Some(Arc::new(places.iter().map(|&row| weight[row as usize]).collect())))
    }
}
