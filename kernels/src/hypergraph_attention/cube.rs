//! CubeCL form of what the passes of `aggregate` do not cover: the products per row and head, and the gradient of every logit.

use cubecl::prelude::*;

use crate::aggregate::entry::cube::components;
use crate::device::lanes::{Group, lanes_sum};
use crate::edge_score::cube::{leaky_relu, leaky_slope};
use crate::segment_softmax::cube::normalised;

/// The arrangement of one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LogitPlan {
    pub(crate) group: Group,
    pub(crate) units: usize,
    /// Softmax over the entries of each row; else of each column.
    pub(crate) of_rows: bool,
    /// The pattern has constant values.
    pub(crate) values: bool,
    /// u is given.
    pub(crate) row_scale: bool,
    /// t is given.
    pub(crate) col_scale: bool,
}

/// T_(r,h) = ⟨p, q⟩ + ⟨x, y⟩ over the features of row r and head h; `head` counts the vectors of one head.
#[cube(launch_unchecked)]
pub(crate) fn row_dots<F: Float, N: Size>(
    p: &Array<Vector<F, N>>,
    q: &Array<Vector<F, N>>,
    x: &Array<Vector<F, N>>,
    y: &Array<Vector<F, N>>,
    out: &mut Array<f32>,
    total: usize,
    head: usize,
    #[comptime] group: Group,
    #[comptime] units: usize,
    #[define(F)] _f: StorageType,
) {
    let mut shared = SharedMemory::<f32>::new(units);
    let pair = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    let mut part = 0.0f32;
    if pair < total {
        let mut f = UNIT_POS_X as usize;
        while f < head {
            let i = pair * head + f;
            let first = Vector::<f32, N>::cast_from(p[i]) * Vector::<f32, N>::cast_from(q[i]);
            let second = Vector::<f32, N>::cast_from(x[i]) * Vector::<f32, N>::cast_from(y[i]);
            part += components::<N>(first + second);
            f += CUBE_DIM_X as usize;
        }
    }
    let sum = lanes_sum(part, &mut shared, group);
    if pair < total {
        if UNIT_POS_X == 0 {
            out[pair] = sum;
        }
    }
}

/// The scalars of one attention.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Logits {
    row_of: Array<u32>,
    col: Array<u32>,
    /// Constant values, in row-major order.
    values: Array<f32>,
    /// m and 1 / Σ exp(s − m) `[segments, 2, Hd]`
    normaliser: Array<f32>,
    /// T `[segments, Hd]`
    total: Array<f32>,
    /// u `[rows]`, t `[cols]`
    row_scale: Array<f32>,
    col_scale: Array<f32>,
    slope: f32,
}

/// dz_(k,h) = softmax · (value · dp − T) · leaky', with dp = u ⟨dO, Y⟩ + t ⟨x, G⟩: the gradient of a + b, `[nnz, Hd]`.
#[cube(launch_unchecked)]
pub(crate) fn logit_gradient<F: Float, N: Size>(
    l: &Logits,
    a: &Array<F>,
    b: &Array<F>,
    dout: &Array<Vector<F, N>>,
    edge: &Array<Vector<F, N>>,
    x: &Array<Vector<F, N>>,
    g: &Array<Vector<F, N>>,
    out: &mut Array<f32>,
    pairs: usize,
    heads: usize,
    head: usize,
    #[comptime] plan: LogitPlan,
    #[define(F)] _f: StorageType,
) {
    let mut shared = SharedMemory::<f32>::new(plan.units);
    let pair = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    let (k, h) = (pair / heads, pair % heads);
    let mut part = 0.0f32;
    let mut i = 0usize;
    let mut j = 0usize;
    if pair < pairs {
        let (r, c) = (l.row_of[k] as usize, l.col[k] as usize);
        i = r * heads + h;
        j = c * heads + h;
        let mut u = 1.0f32;
        let mut t = 1.0f32;
        if comptime!(plan.row_scale) {
            u = l.row_scale[r];
        }
        if comptime!(plan.col_scale) {
            t = l.col_scale[c];
        }
        let mut f = UNIT_POS_X as usize;
        while f < head {
            let (row, col) = (i * head + f, j * head + f);
            let first = Vector::<f32, N>::cast_from(dout[row]) * Vector::<f32, N>::cast_from(edge[col]);
            let second = Vector::<f32, N>::cast_from(x[row]) * Vector::<f32, N>::cast_from(g[col]);
            part += u * components::<N>(first) + t * components::<N>(second);
            f += CUBE_DIM_X as usize;
        }
    }
    let mut dp = lanes_sum(part, &mut shared, plan.group);
    if pair < pairs {
        if UNIT_POS_X == 0 {
            if comptime!(plan.values) {
                dp *= l.values[k];
            }
            let mut segment = l.col[k] as usize;
            if comptime!(plan.of_rows) {
                segment = l.row_of[k] as usize;
            }
            let z = f32::cast_from(a[i]) + f32::cast_from(b[j]);
            let softmax = normalised(leaky_relu(z, l.slope), &l.normaliser, segment, h, heads);
            out[pair] = softmax * (dp - l.total[segment * heads + h]) * leaky_slope(z, l.slope);
        }
    }
}
