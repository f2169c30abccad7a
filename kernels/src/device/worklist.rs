//! The schedule of a side: its rows classed by length, longest first, each with the bounds of its entries.

use cubecl::prelude::*;

use super::buffer::Ids;

/// Which kernel a row goes to. `Auto` classes rows by length; the others send every row the same way (tests).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Strategy {
    /// By length.
    #[default]
    Auto,
    /// Every row by one group of lanes.
    Short,
    /// Every row by one cube.
    Long,
    /// Every row in segments of this many entries, summed by separate cubes and then added in order.
    Hub(u32),
}

/// A row of up to this many entries goes to one group of lanes.
const SHORT: u32 = 128;
/// A row of up to this many entries goes to one cube; longer ones are cut into segments of this length.
const LONG: u32 = 2048;

impl Strategy {
    /// (longest short row, longest long row, entries per segment)
    fn limits(self) -> (u32, u32, u32) {
        match self {
            Self::Auto => (SHORT, LONG, LONG),
            Self::Short => (u32::MAX, u32::MAX, LONG),
            Self::Long => (0, u32::MAX, LONG),
            Self::Hub(segment) => (0, 0, segment.max(1)),
        }
    }
}

/// Rows, or pieces of rows, with the bounds of their entries.
#[derive(Debug, Clone)]
pub struct WorkList<R: Runtime> {
    /// Number of items.
    pub len: usize,
    /// Row of each item.
    pub rows: Ids<R>,
    /// First entry of each item.
    pub starts: Ids<R>,
    /// End of the entries of each item.
    pub ends: Ids<R>,
    /// Mean number of entries.
    pub mean: usize,
}

/// Hub rows, cut into segments.
#[derive(Debug, Clone)]
pub struct HubList<R: Runtime> {
    /// The segments, in order of rows.
    pub segments: WorkList<R>,
    /// Number of hub rows.
    pub len: usize,
    /// The hub rows.
    pub rows: Ids<R>,
    /// Segments of hub i: `bounds[i]..bounds[i + 1]`.
    pub bounds: Ids<R>,
    /// Entries of each hub row.
    pub lengths: Ids<R>,
}

/// The three classes of a side.
#[derive(Debug, Clone)]
pub struct Schedule<R: Runtime> {
    /// Rows for one group of lanes.
    pub short: WorkList<R>,
    /// Rows for one cube.
    pub long: WorkList<R>,
    /// Rows in two phases.
    pub hub: HubList<R>,
}

#[derive(Default)]
struct Items {
    rows: Vec<u32>,
    starts: Vec<u32>,
    ends: Vec<u32>,
}

impl Items {
    fn push(&mut self, row: u32, start: u32, end: u32) {
        self.rows.push(row);
        self.starts.push(start);
        self.ends.push(end);
    }

    fn upload<R: Runtime>(&self, client: &ComputeClient<R>) -> WorkList<R> {
        let entries: usize = self.starts.iter().zip(&self.ends).map(|(s, e)| (e - s) as usize).sum();
        WorkList {
            len: self.rows.len(),
            rows: Ids::upload(client, &self.rows),
            starts: Ids::upload(client, &self.starts),
            ends: Ids::upload(client, &self.ends),
            mean: entries / self.rows.len().max(1),
        }
    }
}

impl<R: Runtime> Schedule<R> {
    /// Classes the rows of `ptr` and uploads the lists; rows of one class are ordered by length (longest first), then by index.
    pub fn upload(client: &ComputeClient<R>, ptr: &[u32], strategy: Strategy) -> Self {
        let (short_limit, long_limit, segment) = strategy.limits();
        let length = |r: u32| ptr[r as usize + 1] - ptr[r as usize];
        let mut order: Vec<u32> = (0..ptr.len().saturating_sub(1) as u32).collect();
        order.sort_by_key(|&r| std::cmp::Reverse(length(r)));

        let (mut short, mut long, mut segments) = (Items::default(), Items::default(), Items::default());
        let (mut hubs, mut bounds, mut lengths) = (vec![], vec![0], vec![]);
        for r in order {
            let (start, end, len) = (ptr[r as usize], ptr[r as usize + 1], length(r));
            if len <= short_limit && short_limit > 0 {
                short.push(r, start, end);
            } else if len <= long_limit && long_limit > 0 {
                long.push(r, start, end);
            } else {
                let mut at = start;
                while at < end {
                    let next = end.min(at.saturating_add(segment));
                    segments.push(r, at, next);
                    at = next;
                }
                hubs.push(r);
                bounds.push(segments.rows.len() as u32);
                lengths.push(len);
            }
        }
        let hub = HubList {
            segments: segments.upload(client),
            len: hubs.len(),
            rows: Ids::upload(client, &hubs),
            bounds: Ids::upload(client, &bounds),
            lengths: Ids::upload(client, &lengths),
        };
        Self { short: short.upload(client), long: long.upload(client), hub }
    }
}
