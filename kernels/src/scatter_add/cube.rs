//! CubeCL form of the atomic variant; the deterministic one is `aggregate` over the transposed index.

use cubecl::prelude::*;

/// Zeroes `sum`.
#[cube(launch_unchecked)]
pub(crate) fn zero(sum: &mut Array<f32>, total: usize) {
    if ABSOLUTE_POS < total {
        sum[ABSOLUTE_POS] = 0.0;
    }
}

/// sum_(index_i) += x_i, in whatever order the device runs.
#[cube(launch_unchecked)]
pub(crate) fn add<F: Float>(
    index: &Array<u32>,
    x: &Array<F>,
    sum: &mut Array<Atomic<f32>>,
    total: usize,
    width: usize,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < total {
        let (row, f) = (ABSOLUTE_POS / width, ABSOLUTE_POS % width);
        sum[index[row] as usize * width + f].fetch_add(f32::cast_from(x[ABSOLUTE_POS]));
    }
}

/// Rounds the sums to the storage type.
#[cube(launch_unchecked)]
pub(crate) fn round<F: Float>(sum: &Array<f32>, y: &mut Array<F>, total: usize, #[define(F)] _f: StorageType) {
    if ABSOLUTE_POS < total {
        y[ABSOLUTE_POS] = F::cast_from(sum[ABSOLUTE_POS]);
    }
}
