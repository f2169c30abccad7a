//! CubeCL form: segment statistics (softmax normalisers and sums per head) with lanes over the entries of a segment, then one unit per
//! entry and head.

use cubecl::prelude::*;

use crate::device::lanes::{Group, lanes_max, lanes_sum};
use crate::edge_score::cube::{leaky_relu, leaky_slope};

/// What is computed of each segment and head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Statistic {
    /// m = max s and 1 / Σ exp(s − m)
    Normaliser,
    /// The same of s = leaky_relu(a + b), without the array s
    ScoreNormaliser,
    /// The same of s that every input has, `[inputs, Hd]`, in the place of t
    InputNormaliser,
    /// Σ s·t
    Dot,
    /// Σ s·leaky'(a + b)
    LeakySum,
    /// Σ s
    Sum,
}

impl Statistic {
    pub(crate) fn is_normaliser(self) -> bool {
        matches!(self, Self::Normaliser | Self::ScoreNormaliser | Self::InputNormaliser)
    }

    /// Values per segment and head.
    pub(crate) fn values(self) -> usize {
        if self.is_normaliser() { 2 } else { 1 }
    }
}

/// The arrangement of one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StatisticPlan {
    pub(crate) statistic: Statistic,
    pub(crate) group: Group,
    pub(crate) units: usize,
    /// This side is not row-major.
    pub(crate) canonical: bool,
    /// Write (largest, sum) per item and head instead of the statistic.
    pub(crate) partial: bool,
}

/// Item of entry `k` for head `h`.
#[cube]
fn item<S: Float>(
    k: usize,
    row: usize,
    h: usize,
    heads: usize,
    col: &Array<u32>,
    canonical: &Array<u32>,
    s: &Array<S>,
    t: &Array<S>,
    slope: f32,
    #[comptime] plan: StatisticPlan,
) -> f32 {
    let mut position = k;
    if comptime!(plan.canonical) {
        position = canonical[k] as usize;
    }
    let at = position * heads + h;
    if comptime!(plan.statistic == Statistic::ScoreNormaliser) {
        leaky_relu(f32::cast_from(s[row * heads + h]) + f32::cast_from(t[col[k] as usize * heads + h]), slope)
    } else if comptime!(plan.statistic == Statistic::InputNormaliser) {
        f32::cast_from(t[col[k] as usize * heads + h])
    } else if comptime!(plan.statistic == Statistic::Dot) {
        f32::cast_from(s[at]) * f32::cast_from(t[at])
    } else {
        f32::cast_from(s[at])
    }
}

/// out [segments, 2, Hd]: the largest score, and 1 over the sum. Apart, as m + ln Σ would round away what sets large scores apart.
#[cube]
fn write_normaliser<O: Float>(out: &mut Array<O>, row: usize, h: usize, heads: usize, largest: f32, sum: f32) {
    let at = 2 * row * heads + h;
    out[at] = O::cast_from(largest);
    out[at + heads] = O::cast_from(1.0f32 / sum);
}

/// softmax of score s, whose segment has the normaliser at `[segment, ·, h]`.
#[cube]
pub(crate) fn normalised(s: f32, normaliser: &Array<f32>, segment: usize, h: usize, heads: usize) -> f32 {
    let at = 2 * segment * heads + h;
    (s - normaliser[at]).exp() * normaliser[at + heads]
}

/// One group of lanes per item and head; an item is a segment or a piece of one.
/// s, t: the arrays `[nnz, Hd]` of the statistic, or the score parts of the outputs and of the inputs.
/// a, b: the score parts of the outputs and of the inputs for `LeakySum`.
#[cube(launch_unchecked)]
pub(crate) fn statistics<S: Float, O: Float>(
    rows: &Array<u32>,
    starts: &Array<u32>,
    ends: &Array<u32>,
    col: &Array<u32>,
    canonical: &Array<u32>,
    s: &Array<S>,
    t: &Array<S>,
    a: &Array<S>,
    b: &Array<S>,
    out: &mut Array<O>,
    largest: &mut Array<f32>,
    items: usize,
    heads: usize,
    slope: f32,
    #[comptime] plan: StatisticPlan,
    #[define(S, O)] _types: [StorageType; 2],
) {
    let mut shared = SharedMemory::<f32>::new(plan.units);
    let pair = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    let (piece, h) = (pair / heads, pair % heads);
    let mut row = 0usize;
    let mut start = 0u32;
    let mut end = 0u32;
    if piece < items {
        row = rows[piece] as usize;
        start = starts[piece];
        end = ends[piece];
    }
    let mut m = f32::MIN.runtime();
    let mut l = 0.0f32;
    let mut k = start + UNIT_POS_X;
    while k < end {
        let v = item::<S>(k as usize, row, h, heads, col, canonical, s, t, slope, plan);
        if comptime!(plan.statistic.is_normaliser()) {
            let n = max(m, v);
            l = l * (m - n).exp() + (v - n).exp();
            m = n;
        } else if comptime!(plan.statistic == Statistic::LeakySum) {
            let z = f32::cast_from(a[row * heads + h]) + f32::cast_from(b[col[k as usize] as usize * heads + h]);
            l += v * leaky_slope(z, slope);
        } else {
            l += v;
        }
        k += CUBE_DIM_X;
    }
    if comptime!(plan.statistic.is_normaliser()) {
        let n = lanes_max(m, &mut shared, plan.group);
        l *= (m - n).exp();
        m = n;
    }
    let total = lanes_sum(l, &mut shared, plan.group);
    if piece < items {
        if UNIT_POS_X == 0 {
            if comptime!(plan.partial) {
                out[pair] = O::cast_from(total);
                largest[pair] = m;
            } else if comptime!(plan.statistic.is_normaliser()) {
                write_normaliser::<O>(out, row, h, heads, m, total);
            } else {
                out[row * heads + h] = O::cast_from(total);
            }
        }
    }
}

/// The second phase of hub rows: one unit per hub and head adds the pieces in order.
#[cube(launch_unchecked)]
pub(crate) fn statistics_combine<O: Float>(
    rows: &Array<u32>,
    bounds: &Array<u32>,
    sums: &Array<f32>,
    largest: &Array<f32>,
    out: &mut Array<O>,
    hubs: usize,
    heads: usize,
    #[comptime] normaliser: bool,
    #[define(O)] _o: StorageType,
) {
    if ABSOLUTE_POS < hubs * heads {
        let (hub, h) = (ABSOLUTE_POS / heads, ABSOLUTE_POS % heads);
        let mut m = f32::MIN.runtime();
        let mut l = 0.0f32;
        for piece in bounds[hub]..bounds[hub + 1] {
            let at = piece as usize * heads + h;
            if comptime!(normaliser) {
                let n = max(m, largest[at]);
                l = l * (m - n).exp() + sums[at] * (largest[at] - n).exp();
                m = n;
            } else {
                l += sums[at];
            }
        }
        let row = rows[hub] as usize;
        if comptime!(normaliser) {
            write_normaliser::<O>(out, row, h, heads, m, l);
        } else {
            out[row * heads + h] = O::cast_from(l);
        }
    }
}

/// p = exp(s − m) / Σ per entry and head; `segment` is the segment of each entry, in row-major order.
#[cube(launch_unchecked)]
pub(crate) fn normalise<F: Float>(
    segment: &Array<u32>,
    s: &Array<F>,
    normaliser: &Array<f32>,
    p: &mut Array<F>,
    total: usize,
    heads: usize,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < total {
        let (k, h) = (ABSOLUTE_POS / heads, ABSOLUTE_POS % heads);
        let v = normalised(f32::cast_from(s[ABSOLUTE_POS]), normaliser, segment[k] as usize, h, heads);
        p[ABSOLUTE_POS] = F::cast_from(v);
    }
}

/// ds = p (dp − dot) per entry and head, with dot = Σ p·dp of the entry's segment.
#[cube(launch_unchecked)]
pub(crate) fn normalise_backward<F: Float>(
    segment: &Array<u32>,
    p: &Array<F>,
    dp: &Array<F>,
    dot: &Array<f32>,
    ds: &mut Array<F>,
    total: usize,
    heads: usize,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < total {
        let (k, h) = (ABSOLUTE_POS / heads, ABSOLUTE_POS % heads);
        let rest = f32::cast_from(dp[ABSOLUTE_POS]) - dot[segment[k] as usize * heads + h];
        ds[ABSOLUTE_POS] = F::cast_from(f32::cast_from(p[ABSOLUTE_POS]) * rest);
    }
}
