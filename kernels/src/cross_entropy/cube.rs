//! CubeCL form: a group of lanes per row forward, one unit per vector backward.

use cubecl::prelude::*;

use crate::aggregate::entry::cube::components;
use crate::device::lanes::{Group, lanes_max, lanes_sum};

/// The arrangement of one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RowPlan {
    pub(crate) group: Group,
    pub(crate) units: usize,
}

#[cube]
fn exp_of<N: Size>(x: Vector<f32, N>, largest: f32) -> Vector<f32, N> {
    (x - Vector::<f32, N>::new(largest)).exp()
}

/// y = m + ln Σ exp(x − m) − x_target and N = (m, 1 / Σ); `width` counts vectors. No target: y = 0 and N = (0, 0).
#[cube(launch_unchecked)]
pub(crate) fn cross_entropy<F: Float, N: Size>(
    x: &Array<Vector<F, N>>,
    target: &Array<u32>,
    y: &mut Array<F>,
    normaliser: &mut Array<f32>,
    rows: usize,
    width: usize,
    #[comptime] plan: RowPlan,
    #[define(F)] _f: StorageType,
) {
    let mut shared = SharedMemory::<f32>::new(plan.units);
    let row = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    let mut m = f32::MIN.runtime();
    if row < rows {
        let mut f = UNIT_POS_X as usize;
        while f < width {
            let v = Vector::<f32, N>::cast_from(x[row * width + f]);
            #[unroll]
            for i in 0..N::value() {
                m = max(m, v[i]);
            }
            f += CUBE_DIM_X as usize;
        }
    }
    let largest = lanes_max(m, &mut shared, plan.group);
    let mut part = 0.0f32;
    if row < rows {
        let mut f = UNIT_POS_X as usize;
        while f < width {
            part += components::<N>(exp_of::<N>(Vector::<f32, N>::cast_from(x[row * width + f]), largest));
            f += CUBE_DIM_X as usize;
        }
    }
    let sum = lanes_sum(part, &mut shared, plan.group);
    if row < rows {
        if UNIT_POS_X == 0 {
            let class = target[row] as usize;
            let mut loss = 0.0f32;
            let mut kept = 0.0f32;
            let mut inverse = 0.0f32;
            if class < width * N::value() {
                let v = Vector::<f32, N>::cast_from(x[row * width + class / N::value()]);
                loss = largest - v[class % N::value()] + sum.ln();
                kept = largest;
                inverse = 1.0f32 / sum;
            }
            y[row] = F::cast_from(loss);
            normaliser[2 * row] = kept;
            normaliser[2 * row + 1] = inverse;
        }
    }
}

/// dx = dy (exp(x − m) / Σ − [target]); `width` and `total` count vectors.
#[cube(launch_unchecked)]
pub(crate) fn cross_entropy_backward<F: Float, N: Size>(
    x: &Array<Vector<F, N>>,
    target: &Array<u32>,
    normaliser: &Array<f32>,
    dy: &Array<F>,
    dx: &mut Array<Vector<F, N>>,
    total: usize,
    width: usize,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < total {
        let (row, f) = (ABSOLUTE_POS / width, ABSOLUTE_POS % width);
        let (class, d) = (target[row] as usize, f32::cast_from(dy[row]));
        let mut out = Vector::<f32, N>::new(0.0);
        if class < width * N::value() {
            let p = exp_of::<N>(Vector::<f32, N>::cast_from(x[ABSOLUTE_POS]), normaliser[2 * row]);
            #[unroll]
            for i in 0..N::value() {
                let mut rest = p[i] * normaliser[2 * row + 1];
                if f * N::value() + i == class {
                    rest -= 1.0f32;
                }
                out[i] = d * rest;
            }
        }
        dx[ABSOLUTE_POS] = Vector::cast_from(out);
    }
}
