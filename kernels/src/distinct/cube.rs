//! CubeCL form: the first of each run has a flag.

use cubecl::prelude::*;

/// ones `[n + 1]`: 1 where a run begins; the end begins one that has no element.
#[cube(launch_unchecked)]
pub(crate) fn firsts(x: &Array<u32>, ones: &mut Array<u32>, n: usize) {
    if ABSOLUTE_POS <= n {
        let mut first = 1u32;
        if ABSOLUTE_POS > 0 {
            if ABSOLUTE_POS < n {
                if x[ABSOLUTE_POS - 1] == x[ABSOLUTE_POS] {
                    first = 0u32;
                }
            }
        }
        ones[ABSOLUTE_POS] = first;
    }
}
