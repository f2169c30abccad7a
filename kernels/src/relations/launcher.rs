//! The trait over the launchers of the ops, for every CubeCL runtime.

use std::ops::Range;

use cubecl::prelude::*;

use super::{Column, Relations, Result};
use crate::device::{Ids, panics};
use crate::error::KernelError;
use crate::mark::{self, Test};
use crate::search_sorted::Side;
use crate::search_sorted::launch::{search_ranges, search_sorted};
use crate::segment_reduce::launch::segment_sums;
use crate::{compact, concat, extend, scan, sort, take};

/// The ops on the device of a client.
pub struct Launcher<R: Runtime> {
    client: ComputeClient<R>,
}

impl<R: Runtime> Launcher<R> {
    /// On this client's device. Panics of device threads are recorded from now on: CubeCL itself swallows them.
    pub fn new(client: ComputeClient<R>) -> Self {
        panics::install();
        Self { client }
    }
}

fn ids<'c, R: Runtime>(op: &'static str, x: &'c Column) -> Result<&'c Ids<R>> {
    x.inner.downcast_ref::<Ids<R>>().ok_or_else(|| KernelError::Option {
        op,
        argument: "a column",
        got: "of another device".to_owned(),
        expected: "one of this device",
    })
}

fn column<R: Runtime>(ids: Ids<R>) -> Column {
    let len = ids.len();
    Column::new(ids, len)
}

fn both<R: Runtime>((a, b): (Ids<R>, Ids<R>)) -> (Column, Column) {
    (column(a), column(b))
}

impl<R: Runtime> Relations for Launcher<R> {
    fn largest_array(&self) -> u64 {
        self.client.properties().memory.max_page_size
    }

    fn upload(&self, ids: &[u32]) -> Result<Column> {
        crate::device::grid::check_room(&self.client, "indices", ids.len(), 4)?;
        Ok(column(Ids::upload(&self.client, ids)))
    }

    fn read(&self, x: &Column) -> Result<Vec<u32>> {
        let read = ids::<R>("read", x)?.read(&self.client);
        let panicked = panics::take();
        match panicked.is_empty() {
            true => read,
            false => Err(KernelError::Read { what: "indices", message: panicked.join("; ") }),
        }
    }

    fn first(&self, x: &Column, n: usize) -> Result<Column> {
        Ok(column(ids::<R>("first", x)?.clone().first(n)))
    }

    fn take(&self, x: &Column, index: &Column) -> Result<Column> {
        Ok(column(take::launch::take::<R>(&self.client, ids("take", x)?, ids("take", index)?)?))
    }

    fn concat(&self, x: &Column, y: &Column) -> Result<Column> {
        Ok(column(concat::launch::concat::<R>(&self.client, ids("concat", x)?, ids("concat", y)?)?))
    }

    fn search(&self, x: &Column, needles: &Column) -> Result<(Column, Column)> {
        let (x, needles) = (ids::<R>("search_sorted", x)?, ids::<R>("search_sorted", needles)?);
        let side = |side| search_sorted(&self.client, x, needles, side);
        Ok(both((side(Side::Left)?, side(Side::Right)?)))
    }

    fn search_ranges(&self, x: &Column, (low, high): (&Column, &Column), needles: &Column) -> Result<(Column, Column)> {
        const OP: &str = "search_ranges";
        search_ranges::<R>(&self.client, ids(OP, x)?, (ids(OP, low)?, ids(OP, high)?), ids(OP, needles)?).map(both)
    }

    fn counts(&self, low: &Column, high: &Column) -> Result<(Column, u64)> {
        let counts = extend::launch::counts::<R>(&self.client, ids("extend", low)?, ids("extend", high)?)?;
        let total = scan::launch::total(&self.client, &counts)?;
        Ok((column(counts), total))
    }

    fn expand(&self, low: &Column, counts: &Column, outputs: u64) -> Result<(Column, Column)> {
        extend::launch::expand::<R>(&self.client, ids("extend", low)?, ids("extend", counts)?, outputs).map(both)
    }

    fn scan(&self, x: &Column) -> Result<Column> {
        Ok(column(scan::launch::scan::<R>(&self.client, ids("scan", x)?)?))
    }

    fn sums(&self, ptr: &Column, x: &Column) -> Result<Column> {
        Ok(column(segment_sums::<R>(&self.client, ids("segment_reduce", ptr)?, ids("segment_reduce", x)?)?))
    }

    fn pairs(&self, x: &Column, z: &Column, test: Test) -> Result<Column> {
        Ok(column(mark::launch::pairs::<R>(&self.client, ids("mark", x)?, ids("mark", z)?, test)?))
    }

    fn within(&self, x: &Column, range: Range<u32>) -> Result<Column> {
        Ok(column(mark::launch::within::<R>(&self.client, ids("mark", x)?, range)?))
    }

    fn firsts(&self, x: &Column) -> Result<Column> {
        Ok(column(mark::launch::firsts::<R>(&self.client, ids("mark", x)?)?))
    }

    fn positions(&self, flag: &Column) -> Result<Column> {
        Ok(column(compact::launch::positions::<R>(&self.client, ids("compact", flag)?)?))
    }

    fn order(&self, low: &Column, high: Option<&Column>) -> Result<Column> {
        let high = high.map(|high| ids::<R>("sort", high)).transpose()?;
        Ok(column(sort::launch::order(&self.client, ids::<R>("sort", low)?, high)?))
    }
}
