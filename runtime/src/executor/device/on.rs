//! The ops of a device within the limits of a query: before each launch time, the right to go on and room for what it makes are looked at.

use std::ops::Range;

use hypergraphql_kernels::mark::Test;
use hypergraphql_kernels::relations::Column;

use super::super::task::Task;
use super::{Device, Failure};

/// An operator's run on a device.
pub(super) struct On<'a, 's> {
    pub(super) task: Task<'a, 's>,
    pub(super) device: &'a Device,
}

type Result<T> = std::result::Result<T, Failure>;

impl On<'_, '_> {
    /// That so many arrays of so many ids may be made.
    fn room(&self, len: usize, arrays: u64) -> Result<()> {
        self.task.check()?;
        Ok(self.task.room(len as u64, 4 * arrays)?)
    }

    pub(super) fn upload(&self, ids: &[u32]) -> Result<Column> {
        self.room(ids.len(), 1)?;
        Ok(self.device.relations.upload(ids)?)
    }

    pub(super) fn read(&self, x: &Column) -> Result<Vec<u32>> {
        self.room(x.len(), 1)?;
        Ok(self.device.relations.read(x)?)
    }

    pub(super) fn first(&self, x: &Column, n: usize) -> Result<Column> {
        Ok(self.device.relations.first(x, n)?)
    }

    pub(super) fn take(&self, x: &Column, index: &Column) -> Result<Column> {
        self.room(index.len(), 1)?;
        Ok(self.device.relations.take(x, index)?)
    }

    pub(super) fn concat(&self, x: &Column, y: &Column) -> Result<Column> {
        self.room(x.len() + y.len(), 1)?;
        Ok(self.device.relations.concat(x, y)?)
    }

    pub(super) fn search(&self, x: &Column, needles: &Column) -> Result<(Column, Column)> {
        self.room(needles.len(), 2)?;
        Ok(self.device.relations.search(x, needles)?)
    }

    pub(super) fn search_ranges(&self, x: &Column, range: (&Column, &Column), needles: &Column) -> Result<(Column, Column)> {
        self.room(needles.len(), 2)?;
        Ok(self.device.relations.search_ranges(x, range, needles)?)
    }

    pub(super) fn counts(&self, low: &Column, high: &Column) -> Result<(Column, u64)> {
        self.room(low.len(), 1)?;
        Ok(self.device.relations.counts(low, high)?)
    }

    /// Row and position of each element of the ranges; more than there are names for are an error.
    pub(super) fn expand(&self, low: &Column, counts: &Column, outputs: u64) -> Result<(Column, Column)> {
        let rows = self.task.rows(outputs)?;
        // The pointers of the counts, too.
        self.room(counts.len(), 1)?;
        self.room(rows, 2)?;
        Ok(self.device.relations.expand(low, counts, outputs)?)
    }

    pub(super) fn scan(&self, x: &Column) -> Result<Column> {
        self.room(x.len() + 1, 1)?;
        Ok(self.device.relations.scan(x)?)
    }

    pub(super) fn sums(&self, ptr: &Column, x: &Column) -> Result<Column> {
        self.room(ptr.len(), 1)?;
        Ok(self.device.relations.sums(ptr, x)?)
    }

    pub(super) fn pairs(&self, x: &Column, z: &Column, test: Test) -> Result<Column> {
        self.room(x.len(), 1)?;
        Ok(self.device.relations.pairs(x, z, test)?)
    }

    pub(super) fn within(&self, x: &Column, range: Range<u32>) -> Result<Column> {
        self.room(x.len(), 1)?;
        Ok(self.device.relations.within(x, range)?)
    }

    pub(super) fn firsts(&self, x: &Column) -> Result<Column> {
        self.room(x.len(), 1)?;
        Ok(self.device.relations.firsts(x)?)
    }

    pub(super) fn positions(&self, flag: &Column) -> Result<Column> {
        self.room(flag.len(), 3)?;
        Ok(self.device.relations.positions(flag)?)
    }

    pub(super) fn order(&self, low: &Column, high: Option<&Column>) -> Result<Column> {
        // Keys and payload take turns in two copies.
        self.room(low.len(), if high.is_some() { 7 } else { 5 })?;
        Ok(self.device.relations.order(low, high)?)
    }
}
