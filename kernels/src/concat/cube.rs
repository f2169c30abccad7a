//! CubeCL form: one unit per element of the result.

use cubecl::prelude::*;

/// z `[n + m]`
#[cube(launch_unchecked)]
pub(crate) fn concat(x: &Array<u32>, y: &Array<u32>, z: &mut Array<u32>, n: usize, all: usize) {
    if ABSOLUTE_POS < all {
        if ABSOLUTE_POS < n {
            z[ABSOLUTE_POS] = x[ABSOLUTE_POS];
        } else {
            z[ABSOLUTE_POS] = y[ABSOLUTE_POS - n];
        }
    }
}
