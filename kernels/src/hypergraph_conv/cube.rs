//! CubeCL form of the bias after a dense product and of its gradient; the passes are `aggregate` with the scales folded in, around the
//! backend's dense product.

use cubecl::prelude::*;

/// Σ c_r x_r, or Σ c_r x_r ⊙ z_r, over one chunk of rows per cube: groups take every `groups`-th row, a tree adds the groups.
#[cube(launch_unchecked)]
pub(crate) fn column_sums<F: Float, N: Size>(
    x: &Array<Vector<F, N>>,
    z: &Array<Vector<F, N>>,
    scale: &Array<f32>,
    partial: &mut Array<Vector<f32, N>>,
    rows: usize,
    width: usize,
    chunk: usize,
    #[comptime] times: bool,
    #[comptime] scaled: bool,
    #[comptime] units: usize,
    #[define(F)] _f: StorageType,
) {
    let mut shared = SharedMemory::<Vector<f32, N>>::new(units);
    let unit = UNIT_POS as usize;
    let lanes = CUBE_DIM_X as usize;
    let tiles = (width + lanes - 1) / lanes;
    let first = CUBE_POS * chunk;
    let end = min(first + chunk, rows);
    for tile in 0..tiles {
        let f = tile * lanes + UNIT_POS_X as usize;
        let mut sum = Vector::<f32, N>::new(0.0);
        if f < width {
            let mut r = first + UNIT_POS_Y as usize;
            while r < end {
                let mut v = Vector::<f32, N>::cast_from(x[r * width + f]);
                if comptime!(times) {
                    v *= Vector::<f32, N>::cast_from(z[r * width + f]);
                }
                if comptime!(scaled) {
                    v *= Vector::new(scale[r]);
                }
                sum += v;
                r += CUBE_DIM_Y as usize;
            }
        }
        shared[unit] = sum;
        sync_cube();
        let mut stride = CUBE_DIM_Y / 2;
        while stride > 0 {
            if UNIT_POS_Y < stride {
                let other = shared[unit + (stride * CUBE_DIM_X) as usize];
                shared[unit] += other;
            }
            sync_cube();
            stride /= 2;
        }
        if UNIT_POS_Y == 0 {
            if f < width {
                if first < rows {
                    partial[CUBE_POS * width + f] = shared[unit];
                }
            }
        }
        sync_cube();
    }
}

/// The second phase: the chunks in order.
#[cube(launch_unchecked)]
pub(crate) fn column_sums_combine<F: Float, N: Size>(
    partial: &Array<Vector<f32, N>>,
    y: &mut Array<Vector<F, N>>,
    chunks: usize,
    width: usize,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < width {
        let mut sum = Vector::<f32, N>::new(0.0);
        for chunk in 0..chunks {
            sum += partial[chunk * width + ABSOLUTE_POS];
        }
        y[ABSOLUTE_POS] = Vector::cast_from(sum);
    }
}

/// y_r = x_r + c_r · bias.
#[cube(launch_unchecked)]
pub(crate) fn add_bias<F: Float, N: Size>(
    x: &Array<Vector<F, N>>,
    bias: &Array<Vector<F, N>>,
    scale: &Array<f32>,
    y: &mut Array<Vector<F, N>>,
    total: usize,
    width: usize,
    #[comptime] scaled: bool,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < total {
        let mut term = Vector::<f32, N>::cast_from(bias[ABSOLUTE_POS % width]);
        if comptime!(scaled) {
            term *= Vector::new(scale[ABSOLUTE_POS / width]);
        }
        y[ABSOLUTE_POS] = Vector::cast_from(Vector::<f32, N>::cast_from(x[ABSOLUTE_POS]) + term);
    }
}
