//! CubeCL form: keys turned over, so that the largest come first in ascending order, with their positions.

use cubecl::prelude::*;

#[cube(launch_unchecked)]
pub(crate) fn turn_over(keys: &Array<u32>, over: &mut Array<u32>, position: &mut Array<u32>, n: usize) {
    if ABSOLUTE_POS < n {
        over[ABSOLUTE_POS] = 0xffff_ffffu32 - keys[ABSOLUTE_POS];
        position[ABSOLUTE_POS] = ABSOLUTE_POS as u32;
    }
}
