//! CubeCL form: one unit per needle.

use cubecl::prelude::*;

/// The first element that does not stand before the needle.
#[cube(launch_unchecked)]
pub(crate) fn search_sorted(x: &Array<u32>, needles: &Array<u32>, y: &mut Array<u32>, n: usize, m: usize, #[comptime] right: bool) {
    if ABSOLUTE_POS < m {
        let needle = needles[ABSOLUTE_POS];
        let mut low = 0usize;
        let mut high = n;
        while low < high {
            let middle = low + (high - low) / 2;
            let mut before = x[middle] < needle;
            if comptime!(right) {
                before = x[middle] <= needle;
            }
            if before {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        y[ABSOLUTE_POS] = low as u32;
    }
}
