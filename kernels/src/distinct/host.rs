//! CPU form: the first of each run is kept, in parallel blocks.

use crate::compact::host::kept;

/// x `[n]` ascending -> (y `[t]`, ptr `[t + 1]`).
pub fn distinct(x: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let first = |i: usize| i == 0 || i == x.len() || x[i - 1] != x[i];
    // The end counts as the beginning of a run that has no element.
    let ptr = kept(x.len() + 1, first, |i| i as u32);
    let y = kept(x.len(), first, |i| x[i]);
    (y, if x.is_empty() { vec![0] } else { ptr })
}
