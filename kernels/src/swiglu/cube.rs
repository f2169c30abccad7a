//! CubeCL form: one unit per vector of elements.

use cubecl::prelude::*;

use super::Wanted;

#[cube]
fn sigmoid(a: f32) -> f32 {
    1.0f32 / (1.0f32 + (0.0f32 - a).exp())
}

/// y = silu(a) · b; `total` counts vectors.
#[cube(launch_unchecked)]
pub(crate) fn swiglu<F: Float, N: Size>(
    a: &Array<Vector<F, N>>,
    b: &Array<Vector<F, N>>,
    y: &mut Array<Vector<F, N>>,
    total: usize,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < total {
        let gate = Vector::<f32, N>::cast_from(a[ABSOLUTE_POS]);
        let up = Vector::<f32, N>::cast_from(b[ABSOLUTE_POS]);
        let mut out = Vector::<f32, N>::new(0.0);
        #[unroll]
        for i in 0..N::value() {
            out[i] = gate[i] * sigmoid(gate[i]) * up[i];
        }
        y[ABSOLUTE_POS] = Vector::cast_from(out);
    }
}

/// da = dy · b · σ · (1 + a (1 − σ)) and db = dy · a · σ, as far as they are wanted; `total` counts vectors.
#[cube(launch_unchecked)]
pub(crate) fn swiglu_backward<F: Float, N: Size>(
    a: &Array<Vector<F, N>>,
    b: &Array<Vector<F, N>>,
    dy: &Array<Vector<F, N>>,
    da: &mut Array<Vector<F, N>>,
    db: &mut Array<Vector<F, N>>,
    total: usize,
    #[comptime] wanted: Wanted,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < total {
        let gate = Vector::<f32, N>::cast_from(a[ABSOLUTE_POS]);
        let up = Vector::<f32, N>::cast_from(b[ABSOLUTE_POS]);
        let d = Vector::<f32, N>::cast_from(dy[ABSOLUTE_POS]);
        let mut of_gate = Vector::<f32, N>::new(0.0);
        let mut of_up = Vector::<f32, N>::new(0.0);
        #[unroll]
        for i in 0..N::value() {
            let s = sigmoid(gate[i]);
            of_gate[i] = d[i] * up[i] * s * (1.0f32 + gate[i] * (1.0f32 - s));
            of_up[i] = d[i] * gate[i] * s;
        }
        if comptime!(wanted.gate) {
            da[ABSOLUTE_POS] = Vector::cast_from(of_gate);
        }
        if comptime!(wanted.up) {
            db[ABSOLUTE_POS] = Vector::cast_from(of_up);
        }
    }
}
