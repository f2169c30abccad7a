//! CubeCL form: a group of lanes per segment.

use cubecl::prelude::*;

use super::Fold;

#[cube]
fn both(a: u32, b: u32, #[comptime] fold: Fold) -> u32 {
    if comptime!(fold == Fold::Sum) {
        a + b
    } else if comptime!(fold == Fold::Min) {
        min(a, b)
    } else {
        max(a, b)
    }
}

/// y_s of the elements ptr_s..ptr_(s+1).
#[cube(launch_unchecked)]
pub(crate) fn segment_reduce(
    ptr: &Array<u32>,
    x: &Array<u32>,
    y: &mut Array<u32>,
    segments: usize,
    n: usize,
    #[comptime] fold: Fold,
    #[comptime] units: usize,
) {
    let mut shared = SharedMemory::<u32>::new(units);
    let segment = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    let mut value = comptime!(fold.start()).runtime();
    if segment < segments {
        let mut i = ptr[segment] + UNIT_POS_X;
        // Pointers past the end of x read nothing.
        let end = min(ptr[segment + 1], n as u32);
        while i < end {
            value = both(value, x[i as usize], fold);
            i += CUBE_DIM_X;
        }
    }
    let unit = UNIT_POS as usize;
    shared[unit] = value;
    sync_cube();
    let mut stride = CUBE_DIM_X / 2;
    while stride > 0 {
        if UNIT_POS_X < stride {
            let other = shared[unit + stride as usize];
            shared[unit] = both(shared[unit], other, fold);
        }
        sync_cube();
        stride /= 2;
    }
    if segment < segments {
        if UNIT_POS_X == 0 {
            y[segment] = shared[unit];
        }
    }
}

/// y_s = sums_(ptr_(s+1)) - sums_(ptr_s), of the scan `[n + 1]`.
#[cube(launch_unchecked)]
pub(crate) fn differences(ptr: &Array<u32>, sums: &Array<u32>, y: &mut Array<u32>, segments: usize, n: usize) {
    if ABSOLUTE_POS < segments {
        let from = min(ptr[ABSOLUTE_POS], n as u32);
        let to = min(ptr[ABSOLUTE_POS + 1], n as u32);
        y[ABSOLUTE_POS] = sums[to as usize] - sums[from as usize];
    }
}
