//! CubeCL form: the position of the first entry that attains the extremum, per output and feature.

use cubecl::prelude::*;

/// The arrangement of one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct WinnerPlan {
    pub(crate) max: bool,
    /// The weights are the pattern's constant values.
    pub(crate) values: bool,
    /// The weights are an array [nnz].
    pub(crate) entries: bool,
    /// This side is not row-major.
    pub(crate) canonical: bool,
    /// Write (value, position) per item instead of positions per output.
    pub(crate) partial: bool,
    pub(crate) units: usize,
}

/// Whether (v, p) beats (best, at); the earlier entry wins ties and `u32::MAX` stands for none.
#[cube]
fn beats(v: f32, p: u32, best: f32, at: u32) -> bool {
    p != u32::MAX && (at == u32::MAX || v > best || (v == best && p < at))
}

/// One cube per item, a row or a segment of one: groups take every `groups`-th entry, a tree finds the first of the best.
#[cube(launch_unchecked)]
pub(crate) fn winners<F: Float>(
    rows: &Array<u32>,
    starts: &Array<u32>,
    ends: &Array<u32>,
    col: &Array<u32>,
    canonical: &Array<u32>,
    values: &Array<f32>,
    weights: &Array<F>,
    x: &Array<F>,
    winner: &mut Array<u32>,
    best: &mut Array<f32>,
    items: usize,
    width: usize,
    #[comptime] plan: WinnerPlan,
    #[define(F)] _f: StorageType,
) {
    let mut shared_best = SharedMemory::<f32>::new(plan.units);
    let mut shared_at = SharedMemory::<u32>::new(plan.units);
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
        let mut top = 0.0f32;
        let mut at = u32::MAX.runtime();
        if f < width {
            let mut k = start + UNIT_POS_Y;
            while k < end {
                let entry = k as usize;
                let mut position = k;
                if comptime!(plan.canonical) {
                    position = canonical[entry];
                }
                let mut v = f32::cast_from(x[col[entry] as usize * width + f]);
                if comptime!(plan.values) {
                    v *= values[entry];
                }
                if comptime!(plan.entries) {
                    v *= f32::cast_from(weights[position as usize]);
                }
                if comptime!(!plan.max) {
                    v = -v;
                }
                if beats(v, position, top, at) {
                    top = v;
                    at = position;
                }
                k += CUBE_DIM_Y;
            }
        }
        shared_best[unit] = top;
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
                    if comptime!(plan.partial) {
                        winner[item * width + f] = shared_at[unit];
                        best[item * width + f] = shared_best[unit];
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
    best: &Array<f32>,
    winner: &mut Array<u32>,
    hubs: usize,
    width: usize,
) {
    if ABSOLUTE_POS < hubs * width {
        let (hub, f) = (ABSOLUTE_POS / width, ABSOLUTE_POS % width);
        let mut top = 0.0f32;
        let mut at = u32::MAX.runtime();
        for s in bounds[hub]..bounds[hub + 1] {
            let i = s as usize * width + f;
            if beats(best[i], partial[i], top, at) {
                top = best[i];
                at = partial[i];
            }
        }
        let row = rows[hub] as usize;
        winner[row * width + f] = at;
    }
}
