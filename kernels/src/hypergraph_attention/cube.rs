//! CubeCL form of what the passes of `aggregate` do not cover: the gradient of every logit.

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
    /// The pattern has constant values.
    pub(crate) values: bool,
    /// u is given.
    pub(crate) row_scale: bool,
    /// t is given.
    pub(crate) col_scale: bool,
}

/// The scalars of one attention.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Logits {
    row_of: Array<u32>,
    col: Array<u32>,
    /// Segment of each entry.
    segment: Array<u32>,
    /// Constant values, in row-major order.
    values: Array<f32>,
    /// m and 1 / Σ exp(s − m) `[segments, 2, Hd]`
    normaliser: Array<f32>,
    /// u `[rows]`, t `[cols]`
    row_scale: Array<f32>,
    col_scale: Array<f32>,
    slope: f32,
}

/// softmax and value · dp of every entry and head, `[nnz, Hd]`, with dp = u ⟨dO, Y⟩ + t ⟨x, G⟩.
#[cube(launch_unchecked)]
pub(crate) fn logit_products<F: Float, N: Size>(
    l: &Logits,
    a: &Array<F>,
    b: &Array<F>,
    dout: &Array<Vector<F, N>>,
    edge: &Array<Vector<F, N>>,
    x: &Array<Vector<F, N>>,
    g: &Array<Vector<F, N>>,
    softmax: &mut Array<f32>,
    products: &mut Array<f32>,
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
            let z = f32::cast_from(a[i]) + f32::cast_from(b[j]);
            softmax[pair] = normalised(leaky_relu(z, l.slope), &l.normaliser, l.segment[k] as usize, h, heads);
            products[pair] = dp;
        }
    }
}

/// dz_(k,h) = softmax · (product − T) · leaky'(a + b), written over the product; T `[segments, Hd]` is Σ softmax · product of the segment.
/// It is made of the very products it is taken from, in f32: made of stored features it would carry their rounding.
#[cube(launch_unchecked)]
pub(crate) fn logit_gradient<F: Float>(
    row_of: &Array<u32>,
    col: &Array<u32>,
    segment: &Array<u32>,
    a: &Array<F>,
    b: &Array<F>,
    softmax: &Array<f32>,
    total: &Array<f32>,
    products: &mut Array<f32>,
    pairs: usize,
    heads: usize,
    slope: f32,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < pairs {
        let (k, h) = (ABSOLUTE_POS / heads, ABSOLUTE_POS % heads);
        let z = f32::cast_from(a[row_of[k] as usize * heads + h]) + f32::cast_from(b[col[k] as usize * heads + h]);
        let rest = products[ABSOLUTE_POS] - total[segment[k] as usize * heads + h];
        products[ABSOLUTE_POS] = softmax[ABSOLUTE_POS] * rest * leaky_slope(z, slope);
    }
}
