//! Prefix sums over the units of a cube.

use cubecl::prelude::*;

/// The sum of the values of the units before this one, and of all; all units of the cube must call it. `shared` holds a number per unit.
#[cube]
pub(crate) fn units_scan(value: u32, shared: &mut SharedMemory<u32>) -> (u32, u32) {
    let unit = UNIT_POS as usize;
    shared[unit] = value;
    sync_cube();
    let mut stride = 1u32;
    while stride < CUBE_DIM {
        let mut other = 0u32;
        if UNIT_POS >= stride {
            other = shared[unit - stride as usize];
        }
        sync_cube();
        shared[unit] += other;
        sync_cube();
        stride *= 2;
    }
    let total = shared[CUBE_DIM as usize - 1];
    let before = shared[unit] - value;
    sync_cube();
    (before, total)
}
