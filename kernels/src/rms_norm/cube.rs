//! CubeCL form: a group of lanes per row. dw is the sum of rows that `hypergraph_conv` has for its bias.

use cubecl::prelude::*;

use crate::aggregate::entry::cube::components;
use crate::device::lanes::{Group, lanes_sum};

/// The arrangement of one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RowPlan {
    pub(crate) group: Group,
    pub(crate) units: usize,
    /// Write dx as well as s.
    pub(crate) dx: bool,
}

/// s = 1 / sqrt(mean x² + ε) from the sum over a row; `share` = 1 / F.
#[cube]
fn inverse_rms(squares: f32, share: f32, epsilon: f32) -> f32 {
    1.0f32 / (squares * share + epsilon).sqrt()
}

/// y = w · x · s; `width` counts vectors.
#[cube(launch_unchecked)]
pub(crate) fn rms_norm<F: Float, N: Size>(
    x: &Array<Vector<F, N>>,
    w: &Array<Vector<F, N>>,
    y: &mut Array<Vector<F, N>>,
    rows: usize,
    width: usize,
    share: f32,
    epsilon: f32,
    #[comptime] plan: RowPlan,
    #[define(F)] _f: StorageType,
) {
    let mut shared = SharedMemory::<f32>::new(plan.units);
    let row = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    let mut part = 0.0f32;
    if row < rows {
        let mut f = UNIT_POS_X as usize;
        while f < width {
            let v = Vector::<f32, N>::cast_from(x[row * width + f]);
            part += components::<N>(v * v);
            f += CUBE_DIM_X as usize;
        }
    }
    let squares = lanes_sum(part, &mut shared, plan.group);
    if row < rows {
        let s = Vector::<f32, N>::new(inverse_rms(squares, share, epsilon));
        let mut f = UNIT_POS_X as usize;
        while f < width {
            let at = row * width + f;
            y[at] = Vector::cast_from(Vector::<f32, N>::cast_from(w[f]) * Vector::<f32, N>::cast_from(x[at]) * s);
            f += CUBE_DIM_X as usize;
        }
    }
}

/// s `[rows]`, and dx = s · (w · dy − x · s² · mean(w · dy · x)) where it is wanted.
#[cube(launch_unchecked)]
pub(crate) fn rows_backward<F: Float, N: Size>(
    x: &Array<Vector<F, N>>,
    w: &Array<Vector<F, N>>,
    dy: &Array<Vector<F, N>>,
    s_of: &mut Array<f32>,
    dx: &mut Array<Vector<F, N>>,
    rows: usize,
    width: usize,
    share: f32,
    epsilon: f32,
    #[comptime] plan: RowPlan,
    #[define(F)] _f: StorageType,
) {
    let mut shared = SharedMemory::<f32>::new(plan.units);
    let row = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    let mut square = 0.0f32;
    let mut dot = 0.0f32;
    if row < rows {
        let mut f = UNIT_POS_X as usize;
        while f < width {
            let v = Vector::<f32, N>::cast_from(x[row * width + f]);
            square += components::<N>(v * v);
            if comptime!(plan.dx) {
                let g = Vector::<f32, N>::cast_from(w[f]) * Vector::<f32, N>::cast_from(dy[row * width + f]);
                dot += components::<N>(g * v);
            }
            f += CUBE_DIM_X as usize;
        }
    }
    let squares = lanes_sum(square, &mut shared, plan.group);
    let s = inverse_rms(squares, share, epsilon);
    if comptime!(plan.dx) {
        let dots = lanes_sum(dot, &mut shared, plan.group);
        if row < rows {
            let mean = Vector::<f32, N>::new(dots * share * s * s);
            let s = Vector::<f32, N>::new(s);
            let mut f = UNIT_POS_X as usize;
            while f < width {
                let at = row * width + f;
                let g = Vector::<f32, N>::cast_from(w[f]) * Vector::<f32, N>::cast_from(dy[at]);
                dx[at] = Vector::cast_from(s * (g - Vector::<f32, N>::cast_from(x[at]) * mean));
                f += CUBE_DIM_X as usize;
            }
        }
    }
    if row < rows {
        if UNIT_POS_X == 0 {
            s_of[row] = s;
        }
    }
}
