//! CubeCL form: a flag for each element that the place of its search has too.

use cubecl::prelude::*;

/// ones_i = 1 where b has a_i, at place_i.
#[cube(launch_unchecked)]
pub(crate) fn members(a: &Array<u32>, b: &Array<u32>, place: &Array<u32>, ones: &mut Array<u32>, n: usize, m: usize) {
    if ABSOLUTE_POS < n {
        let at = place[ABSOLUTE_POS] as usize;
        let mut one = 0u32;
        if at < m {
            if b[at] == a[ABSOLUTE_POS] {
                one = 1u32;
            }
        }
        ones[ABSOLUTE_POS] = one;
    }
}
