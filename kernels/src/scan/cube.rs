//! CubeCL form: sums of blocks, then each block from the sum of those before it.

use cubecl::prelude::*;

use crate::device::prefix::units_scan;

/// Neighbouring items of a unit.
pub(crate) const ITEMS: usize = 8;

/// sums_b = Σ of block b.
#[cube(launch_unchecked)]
pub(crate) fn block_sums(x: &Array<u32>, sums: &mut Array<u32>, n: usize, blocks: usize, #[comptime] units: usize) {
    let mut shared = SharedMemory::<u32>::new(units);
    if CUBE_POS < blocks {
        let start = (CUBE_POS * units + UNIT_POS as usize) * ITEMS;
        let mut sum = 0u32;
        #[unroll]
        for i in 0..ITEMS {
            if start + i < n {
                sum += x[start + i];
            }
        }
        let total = units_scan(sum, &mut shared).1;
        if UNIT_POS == 0 {
            sums[CUBE_POS] = total;
        }
    }
}

/// y `[n + 1]`; `before` has the sum before each block where there are several.
#[cube(launch_unchecked)]
pub(crate) fn block_scan(
    x: &Array<u32>,
    before: &Array<u32>,
    y: &mut Array<u32>,
    n: usize,
    blocks: usize,
    #[comptime] several: bool,
    #[comptime] units: usize,
) {
    let mut shared = SharedMemory::<u32>::new(units);
    if CUBE_POS < blocks {
        let start = (CUBE_POS * units + UNIT_POS as usize) * ITEMS;
        let mut items = Array::<u32>::new(ITEMS);
        let mut sum = 0u32;
        #[unroll]
        for i in 0..ITEMS {
            items[i] = 0u32;
            if start + i < n {
                items[i] = x[start + i];
            }
            sum += items[i];
        }
        let mut at = units_scan(sum, &mut shared).0;
        if comptime!(several) {
            at += before[CUBE_POS];
        }
        #[unroll]
        for i in 0..ITEMS {
            if start + i <= n {
                y[start + i] = at;
            }
            at += items[i];
        }
    }
}

/// Of the items of each unit, the sums of their low and of their high 16 bits, `[2, all units]`: none overflows for 2^15 items and fewer.
#[cube(launch_unchecked)]
pub(crate) fn halves(x: &Array<u32>, sums: &mut Array<u32>, n: usize, all: usize) {
    if ABSOLUTE_POS < all {
        let mut low = 0u32;
        let mut high = 0u32;
        let mut i = ABSOLUTE_POS;
        while i < n {
            low += x[i] & 0xffffu32;
            high += x[i] >> 16u32;
            i += all;
        }
        sums[ABSOLUTE_POS] = low;
        sums[all + ABSOLUTE_POS] = high;
    }
}
