//! CubeCL form: one unit per place.

use cubecl::prelude::*;

use super::NONE;

/// y_i = x_(index_i), or none.
#[cube(launch_unchecked)]
pub(crate) fn take(x: &Array<u32>, index: &Array<u32>, y: &mut Array<u32>, n: usize, m: usize) {
    if ABSOLUTE_POS < m {
        let at = index[ABSOLUTE_POS] as usize;
        let mut value = comptime!(NONE).runtime();
        if at < n {
            value = x[at];
        }
        y[ABSOLUTE_POS] = value;
    }
}
