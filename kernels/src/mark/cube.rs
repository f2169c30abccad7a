//! CubeCL form: one unit per element.

use cubecl::prelude::*;

use super::Test;

/// flag_i = [x_i test z_i]
#[cube(launch_unchecked)]
pub(crate) fn pairs(x: &Array<u32>, z: &Array<u32>, flag: &mut Array<u32>, n: usize, #[comptime] test: Test) {
    if ABSOLUTE_POS < n {
        let a = x[ABSOLUTE_POS];
        let b = z[ABSOLUTE_POS];
        let mut one = 0u32;
        if comptime!(test == Test::Equal) {
            if a == b {
                one = 1u32;
            }
        } else if comptime!(test == Test::Less) {
            if a < b {
                one = 1u32;
            }
        } else if comptime!(test == Test::Both) {
            one = min(min(a, b), 1u32);
        } else {
            one = min(max(a, b), 1u32);
        }
        flag[ABSOLUTE_POS] = one;
    }
}

/// flag_i = [low <= x_i < high]
#[cube(launch_unchecked)]
pub(crate) fn within(x: &Array<u32>, flag: &mut Array<u32>, n: usize, low: u32, high: u32) {
    if ABSOLUTE_POS < n {
        let a = x[ABSOLUTE_POS];
        let mut one = 0u32;
        if a >= low {
            if a < high {
                one = 1u32;
            }
        }
        flag[ABSOLUTE_POS] = one;
    }
}

/// flag_i = [i = 0 or x_i differs from x_(i-1)]
#[cube(launch_unchecked)]
pub(crate) fn firsts(x: &Array<u32>, flag: &mut Array<u32>, n: usize) {
    if ABSOLUTE_POS < n {
        let mut one = 1u32;
        if ABSOLUTE_POS > 0 {
            if x[ABSOLUTE_POS - 1] == x[ABSOLUTE_POS] {
                one = 0u32;
            }
        }
        flag[ABSOLUTE_POS] = one;
    }
}
