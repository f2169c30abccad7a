//! CPU form: blocks are counted in parallel, then copied to where they belong.

use std::ops::Range;

use rayon::prelude::*;

use super::CONTRACT;
use crate::error::{KernelError, check_len};
use crate::rows::{Sink, fill};
use crate::schedule::even;

/// x, flag `[n]` -> y `[t]`.
///
/// # Errors
/// Unequal lengths.
pub fn compact(x: &[u32], flag: &[u32]) -> Result<Vec<u32>, KernelError> {
    check_len("compact", CONTRACT, "flag", flag.len(), x.len())?;
    Ok(kept(x.len(), |i| flag[i] != 0, |i| x[i]))
}

/// `value(i)` of every i below n that `keep` keeps, in order.
pub(crate) fn kept(n: usize, keep: impl Fn(usize) -> bool + Sync, value: impl Fn(usize) -> u32 + Sync) -> Vec<u32> {
    let (blocks, places) = places(n, &keep);
    fill(
        &blocks,
        |i| places.of(i),
        #[inline(always)]
        |block, sink: &mut Sink<u32>| {
            for i in block {
                if keep(i) {
                    sink.copy(&[value(i)]);
                }
            }
        },
    )
}

/// Where the results of each block start.
pub(crate) struct Places {
    starts: Vec<usize>,
    results: Vec<usize>,
}

impl Places {
    /// Of the block that starts with element `i`, or of the end.
    pub(crate) fn of(&self, i: usize) -> usize {
        self.results[self.starts.partition_point(|&s| s < i)]
    }
}

/// Blocks of n elements, and where the results of those that `keep` keeps start.
pub(crate) fn places(n: usize, keep: &(impl Fn(usize) -> bool + Sync)) -> (Vec<Range<usize>>, Places) {
    let blocks = even(n, 16);
    let count = |block: &Range<usize>| block.clone().filter(|&i| keep(i)).count();
    let counts: Vec<usize> = if blocks.len() == 1 { blocks.iter().map(count).collect() } else { blocks.par_iter().map(count).collect() };
    let mut results = vec![0];
    for count in counts {
        results.push(results[results.len() - 1] + count);
    }
    (blocks.clone(), Places { starts: blocks.iter().map(|b| b.start).collect(), results })
}
