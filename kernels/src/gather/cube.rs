//! CubeCL form: lanes over the features of a row.

use cubecl::prelude::*;

/// y_i = x_(index_i); `width` counts vectors.
#[cube(launch_unchecked)]
pub(crate) fn gather<F: Float, N: Size>(
    index: &Array<u32>,
    x: &Array<Vector<F, N>>,
    y: &mut Array<Vector<F, N>>,
    rows: usize,
    width: usize,
    #[define(F)] _f: StorageType,
) {
    let row = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    if row < rows {
        let from = index[row] as usize;
        let mut f = UNIT_POS_X as usize;
        while f < width {
            y[row * width + f] = x[from * width + f];
            f += CUBE_DIM_X as usize;
        }
    }
}
