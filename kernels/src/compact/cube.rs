//! CubeCL form: flags become 0 or 1, whose scan says where each element goes.

use cubecl::prelude::*;

/// ones = 1 where the flag is not 0.
#[cube(launch_unchecked)]
pub(crate) fn ones(flag: &Array<u32>, ones: &mut Array<u32>, n: usize) {
    if ABSOLUTE_POS < n {
        ones[ABSOLUTE_POS] = min(flag[ABSOLUTE_POS], 1u32);
    }
}

/// y_(ptr_i) = x_i, or i where `positions`, for every i that is counted.
#[cube(launch_unchecked)]
pub(crate) fn keep(x: &Array<u32>, ptr: &Array<u32>, y: &mut Array<u32>, n: usize, #[comptime] positions: bool) {
    if ABSOLUTE_POS < n {
        let place = ptr[ABSOLUTE_POS];
        if place != ptr[ABSOLUTE_POS + 1] {
            if comptime!(positions) {
                y[place as usize] = ABSOLUTE_POS as u32;
            } else {
                y[place as usize] = x[ABSOLUTE_POS];
            }
        }
    }
}
