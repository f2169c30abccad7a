//! CubeCL form: the position of the first entry that attains the extremum, per output and feature.

use cubecl::prelude::*;

/// The arrangement of one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct WinnerPlan {
    pub(crate) max: bool,
    /// The weights are the pattern's constant values.
    pub(crate) values: bool,
    /// The weights are an array `[nnz]`.
    pub(crate) entries: bool,
    /// This side is not row-major.
    pub(crate) canonical: bool,
}

/// What the terms of a pass are made of.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Terms {
    /// Input of each entry.
    col: Array<u32>,
    /// Row-major position of each entry.
    canonical: Array<u32>,
    /// Constant values, in this side's order.
    values: Array<f32>,
}

/// A number that orders as v does; both zeros are equal and NaN is above all. No v gives 0, which stands for no entry.
///
/// Integers, as compilers for devices may take comparisons of floats to be free of NaN.
#[cube]
fn key(v: f32) -> u32 {
    let bits = u32::reinterpret(v);
    let magnitude = bits & 0x7fff_ffffu32;
    let ordered = select(bits == magnitude, 0x8000_0000u32 + magnitude, 0x8000_0000u32 - magnitude);
    select(magnitude > 0x7f80_0000u32, 0xffff_ffffu32, ordered)
}

/// Whether (v, p) beats (best, at); the earlier entry wins ties.
#[cube]
fn beats(v: u32, p: u32, best: u32, at: u32) -> bool {
    v > best || (v == best && p < at)
}

/// Key and position of the best of the entries start, start + step, … below end; (0, `u32::MAX`) where there are none.
#[cube]
fn search<F: Float>(
    start: u32,
    end: u32,
    step: u32,
    f: usize,
    width: usize,
    t: &Terms,
    weights: &Array<F>,
    x: &Array<F>,
    #[comptime] plan: WinnerPlan,
) -> (u32, u32) {
    let mut best = 0u32.runtime();
    let mut at = u32::MAX.runtime();
    let mut k = start;
    while k < end {
        let entry = k as usize;
        let mut position = k;
        if comptime!(plan.canonical) {
            position = t.canonical[entry];
        }
        let mut v = f32::cast_from(x[t.col[entry] as usize * width + f]);
        if comptime!(plan.values) {
            v *= t.values[entry];
        }
        if comptime!(plan.entries) {
            v *= f32::cast_from(weights[position as usize]);
        }
        if comptime!(!plan.max) {
            v = -v;
        }
        let rank = key(v);
        if beats(rank, position, best, at) {
            best = rank;
            at = position;
        }
        k += step;
    }
    (best, at)
}

/// One group of lanes per row.
#[cube(launch_unchecked)]
pub(crate) fn winners_short<F: Float>(
    rows: &Array<u32>,
    starts: &Array<u32>,
    ends: &Array<u32>,
    t: &Terms,
    weights: &Array<F>,
    x: &Array<F>,
    winner: &mut Array<u32>,
    items: usize,
    width: usize,
    #[comptime] plan: WinnerPlan,
    #[define(F)] _f: StorageType,
) {
    let item = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    if item < items {
        let row = rows[item] as usize;
        let mut f = UNIT_POS_X as usize;
        while f < width {
            let (_best, at) = search::<F>(starts[item], ends[item], 1u32, f, width, t, weights, x, plan);
            winner[row * width + f] = at;
            f += CUBE_DIM_X as usize;
        }
    }
}

/// One cube per item, a row or a segment of one: groups take every `groups`-th entry, a tree finds the first of the best.
#[cube(launch_unchecked)]
pub(crate) fn winners_long<F: Float>(
    rows: &Array<u32>,
    starts: &Array<u32>,
    ends: &Array<u32>,
    t: &Terms,
    weights: &Array<F>,
    x: &Array<F>,
    winner: &mut Array<u32>,
    keys: &mut Array<u32>,
    items: usize,
    width: usize,
    #[comptime] units: usize,
    #[comptime] plan: WinnerPlan,
    #[comptime] partial: bool,
    #[define(F)] _f: StorageType,
) {
    let mut shared_best = SharedMemory::<u32>::new(units);
    let mut shared_at = SharedMemory::<u32>::new(units);
    let unit = UNIT_POS as usize;
    let item = CUBE_POS;
    let lanes = CUBE_DIM_X as usize;
    let tiles = (width + lanes - 1) / lanes;
    let mut row = 0usize;
    let mut start = 0u32;
    let mut end = 0u32;
    if item < items {
        row = rows[item] as usize;
        start = starts[item];
        end = ends[item];
    }
    for tile in 0..tiles {
        let f = tile * lanes + UNIT_POS_X as usize;
        let mut stop = end;
        if f >= width {
            stop = start;
        }
        let (best, at) = search::<F>(start + UNIT_POS_Y, stop, CUBE_DIM_Y, f, width, t, weights, x, plan);
        shared_best[unit] = best;
        shared_at[unit] = at;
        sync_cube();
        let mut stride = CUBE_DIM_Y / 2;
        while stride > 0 {
            if UNIT_POS_Y < stride {
                let other = unit + (stride * CUBE_DIM_X) as usize;
                let (v, p) = (shared_best[other], shared_at[other]);
                if beats(v, p, shared_best[unit], shared_at[unit]) {
                    shared_best[unit] = v;
                    shared_at[unit] = p;
                }
            }
            sync_cube();
            stride /= 2;
        }
        if UNIT_POS_Y == 0 {
            if item < items {
                if f < width {
                    if comptime!(partial) {
                        winner[item * width + f] = shared_at[unit];
                        keys[item * width + f] = shared_best[unit];
                    } else {
                        winner[row * width + f] = shared_at[unit];
                    }
                }
            }
        }
        sync_cube();
    }
}

/// The second phase of hub rows: the first of the best of the pieces.
#[cube(launch_unchecked)]
pub(crate) fn winners_combine(
    rows: &Array<u32>,
    bounds: &Array<u32>,
    partial: &Array<u32>,
    keys: &Array<u32>,
    winner: &mut Array<u32>,
    hubs: usize,
    width: usize,
) {
    if ABSOLUTE_POS < hubs * width {
        let (hub, f) = (ABSOLUTE_POS / width, ABSOLUTE_POS % width);
        let mut best = 0u32.runtime();
        let mut at = u32::MAX.runtime();
        for s in bounds[hub]..bounds[hub + 1] {
            let i = s as usize * width + f;
            if beats(keys[i], partial[i], best, at) {
                best = keys[i];
                at = partial[i];
            }
        }
        let row = rows[hub] as usize;
        winner[row * width + f] = at;
    }
}
