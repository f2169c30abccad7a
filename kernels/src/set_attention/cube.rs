//! CubeCL form of what the passes of `aggregate` do not cover: products per row and part (a seed and a head), and the gradients made of them.

use cubecl::prelude::*;

use crate::aggregate::entry::cube::components;
use crate::device::lanes::{Group, lanes_sum};
use crate::edge_score::cube::{leaky_relu, leaky_slope};

/// What is made of the product of a row and a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Product {
    /// leaky_relu(scale · ⟨Q, K_v⟩): a has one row, b the features of a head.
    Score,
    /// ⟨dO, O⟩: both have a row and a part.
    Total,
    /// scale · leaky'(s) (⟨G_v, V_v⟩ − mean): a has a row and a part, b the features of a head.
    Gradient,
}

/// The arrangement of one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct DotPlan {
    pub(crate) product: Product,
    pub(crate) group: Group,
    pub(crate) units: usize,
}

/// out `[rows, parts]`; `head` counts the vectors of one head.
#[cube(launch_unchecked)]
pub(crate) fn part_products<F: Float, N: Size>(
    a: &Array<Vector<F, N>>,
    b: &Array<Vector<F, N>>,
    scores: &Array<f32>,
    mean: &Array<f32>,
    out: &mut Array<f32>,
    total: usize,
    parts: usize,
    heads: usize,
    head: usize,
    scale: f32,
    slope: f32,
    #[comptime] plan: DotPlan,
    #[define(F)] _f: StorageType,
) {
    let mut shared = SharedMemory::<f32>::new(plan.units);
    let pair = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    let (row, part) = (pair / parts, pair % parts);
    let mut first = pair;
    if comptime!(plan.product == Product::Score) {
        first = part;
    }
    let mut second = pair;
    if comptime!(plan.product != Product::Total) {
        second = row * heads + part % heads;
    }
    let mut sum = 0.0f32;
    if pair < total {
        let mut f = UNIT_POS_X as usize;
        while f < head {
            sum += components::<N>(Vector::<f32, N>::cast_from(a[first * head + f]) * Vector::<f32, N>::cast_from(b[second * head + f]));
            f += CUBE_DIM_X as usize;
        }
    }
    let mut dot = lanes_sum(sum, &mut shared, plan.group);
    if pair < total {
        if UNIT_POS_X == 0 {
            if comptime!(plan.product == Product::Score) {
                dot = leaky_relu(scale * dot, slope);
            } else if comptime!(plan.product == Product::Gradient) {
                dot = scale * leaky_slope(scores[pair], slope) * (dot - mean[pair]);
            }
            out[pair] = dot;
        }
    }
}

/// dK_(v,h) = Σ_s dz_(v,s,h) Q_(s,h) in place of x = Q, or dV_(v,h) = Σ_s G_(v,s,h) of x = G, one unit per vector of a member.
#[cube(launch_unchecked)]
pub(crate) fn sum_seeds<F: Float, N: Size>(
    x: &Array<Vector<F, N>>,
    dz: &Array<f32>,
    out: &mut Array<Vector<F, N>>,
    total: usize,
    seeds: usize,
    heads: usize,
    head: usize,
    #[comptime] of_keys: bool,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < total {
        let width = heads * head;
        let (v, f) = (ABSOLUTE_POS / width, ABSOLUTE_POS % width);
        let mut sum = Vector::<f32, N>::new(0.0f32);
        for s in 0..seeds {
            if comptime!(of_keys) {
                let weight = dz[(v * seeds + s) * heads + f / head];
                sum += Vector::<f32, N>::cast_from(x[s * width + f]) * Vector::new(weight);
            } else {
                sum += Vector::<f32, N>::cast_from(x[(v * seeds + s) * width + f]);
            }
        }
        out[ABSOLUTE_POS] = Vector::cast_from(sum);
    }
}

/// Σ dz_(v,s,h) K_(v,h) over a chunk of members, `[chunks, S·Hd·C]`, one unit per vector of a seed; `width` counts those of all heads.
#[cube(launch_unchecked)]
pub(crate) fn seed_gradient<F: Float, N: Size>(
    k: &Array<Vector<F, N>>,
    dz: &Array<f32>,
    partial: &mut Array<Vector<f32, N>>,
    members: usize,
    chunk: usize,
    chunks: usize,
    seeds: usize,
    heads: usize,
    head: usize,
    #[define(F)] _f: StorageType,
) {
    let width = heads * head;
    if ABSOLUTE_POS < chunks * seeds * width {
        let (own, at) = (ABSOLUTE_POS / (seeds * width), ABSOLUTE_POS % (seeds * width));
        let (s, f) = (at / width, at % width);
        let mut sum = Vector::<f32, N>::new(0.0f32);
        let first = own * chunk;
        for v in first..min(first + chunk, members) {
            let weight = dz[(v * seeds + s) * heads + f / head];
            sum += Vector::<f32, N>::cast_from(k[v * width + f]) * Vector::new(weight);
        }
        partial[ABSOLUTE_POS] = sum;
    }
}
