//! CubeCL form: one unit per range, then one per output, which finds its row.

use cubecl::prelude::*;

/// counts = max(high − low, 0)
#[cube(launch_unchecked)]
pub(crate) fn counts(low: &Array<u32>, high: &Array<u32>, counts: &mut Array<u32>, n: usize) {
    if ABSOLUTE_POS < n {
        let mut count = 0u32;
        if low[ABSOLUTE_POS] < high[ABSOLUTE_POS] {
            count = high[ABSOLUTE_POS] - low[ABSOLUTE_POS];
        }
        counts[ABSOLUTE_POS] = count;
    }
}

/// Row and position of each output; ptr `[n + 1]`.
#[cube(launch_unchecked)]
pub(crate) fn fill(low: &Array<u32>, ptr: &Array<u32>, row: &mut Array<u32>, position: &mut Array<u32>, n: usize, total: usize) {
    if ABSOLUTE_POS < total {
        let t = ABSOLUTE_POS as u32;
        // The last row that starts at t or before: those before it that start there too are empty.
        let mut first = 0usize;
        let mut end = n;
        while end - first > 1 {
            let middle = first + (end - first) / 2;
            if ptr[middle] <= t {
                first = middle;
            } else {
                end = middle;
            }
        }
        row[ABSOLUTE_POS] = first as u32;
        position[ABSOLUTE_POS] = low[first] + t - ptr[first];
    }
}
