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

/// Of each range, the first element that is not less than the needle, and the first that is greater.
#[cube(launch_unchecked)]
pub(crate) fn search_ranges(
    x: &Array<u32>,
    low: &Array<u32>,
    high: &Array<u32>,
    needles: &Array<u32>,
    y: &mut Array<u32>,
    end: &mut Array<u32>,
    n: usize,
    m: usize,
) {
    if ABSOLUTE_POS < m {
        let needle = needles[ABSOLUTE_POS];
        let mut first = low[ABSOLUTE_POS];
        let mut last = min(high[ABSOLUTE_POS], n as u32);
        while first < last {
            let middle = first + (last - first) / 2u32;
            if x[middle as usize] < needle {
                first = middle + 1u32;
            } else {
                last = middle;
            }
        }
        y[ABSOLUTE_POS] = first;
        last = min(high[ABSOLUTE_POS], n as u32);
        while first < last {
            let middle = first + (last - first) / 2u32;
            if x[middle as usize] <= needle {
                first = middle + 1u32;
            } else {
                last = middle;
            }
        }
        end[ABSOLUTE_POS] = first;
    }
}
