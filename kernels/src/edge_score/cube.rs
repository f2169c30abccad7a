//! CubeCL form: one unit per entry and head.

use cubecl::prelude::*;

/// leaky_relu(z, slope); 0 counts as negative.
#[cube]
pub(crate) fn leaky_relu(z: f32, slope: f32) -> f32 {
    select(z > 0.0f32, z, slope * z)
}

/// d leaky_relu / dz.
#[cube]
pub(crate) fn leaky_slope(z: f32, slope: f32) -> f32 {
    select(z > 0.0f32, 1.0f32, slope)
}

/// a `[rows, Hd]`, b `[cols, Hd]` -> s `[nnz, Hd]`.
#[cube(launch_unchecked)]
pub(crate) fn edge_score<F: Float>(
    row_of: &Array<u32>,
    col: &Array<u32>,
    a: &Array<F>,
    b: &Array<F>,
    s: &mut Array<F>,
    total: usize,
    heads: usize,
    slope: f32,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < total {
        let (k, h) = (ABSOLUTE_POS / heads, ABSOLUTE_POS % heads);
        let z = f32::cast_from(a[row_of[k] as usize * heads + h]) + f32::cast_from(b[col[k] as usize * heads + h]);
        s[ABSOLUTE_POS] = F::cast_from(leaky_relu(z, slope));
    }
}
