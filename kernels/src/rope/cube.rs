//! CubeCL form: one unit per vector of pairs.

use cubecl::prelude::*;

/// `half` and `total` count vectors, of a half row and of all first halves; angles `[P, 2 · half]`.
#[cube(launch_unchecked)]
pub(crate) fn rope<F: Float, N: Size>(
    x: &Array<Vector<F, N>>,
    angles: &Array<Vector<f32, N>>,
    y: &mut Array<Vector<F, N>>,
    total: usize,
    half: usize,
    places: usize,
    start: usize,
    #[comptime] back: bool,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < total {
        let (row, f) = (ABSOLUTE_POS / half, ABSOLUTE_POS % half);
        let (at, angle) = (2 * row * half + f, 2 * (start + row % places) * half + f);
        let (low, high) = (Vector::<f32, N>::cast_from(x[at]), Vector::<f32, N>::cast_from(x[at + half]));
        let cos = angles[angle];
        let mut sin = angles[angle + half];
        if comptime!(back) {
            sin = Vector::<f32, N>::new(0.0) - sin;
        }
        y[at] = Vector::cast_from(low * cos - high * sin);
        y[at + half] = Vector::cast_from(high * cos + low * sin);
    }
}
