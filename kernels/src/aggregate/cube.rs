//! CubeCL form: lanes over features (vectorised), groups over rows or over the entries of one row.

use cubecl::prelude::*;

use super::Reduce;
use crate::edge_score::cube::leaky_relu;
use crate::segment_softmax::cube::normalised;

/// What a pass folds in; each combination is a kernel of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Plan {
    pub(crate) reduce: Reduce,
    /// The weights include the pattern's constant values.
    pub(crate) values: bool,
    /// The weights include an array `[nnz]`.
    pub(crate) entries: bool,
    /// The weights include an attention coefficient.
    pub(crate) attention: Attention,
    /// Only entries that won their output's extremum count (the gradient of max and min; scalar features).
    pub(crate) winners: bool,
    /// This side is not row-major.
    pub(crate) canonical: bool,
    pub(crate) input_scale: bool,
    pub(crate) output_scale: bool,
    pub(crate) bias: bool,
    pub(crate) bias_scale: bool,
    /// Write unfolded partial results per item instead of outputs.
    pub(crate) partial: bool,
}

/// Attention coefficients of a pass: softmaxes of leaky_relu(out + in), or of the scores of the one side that has no segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Attention {
    /// None.
    Off,
    /// The segments are the outputs.
    OfOutputs,
    /// The segments are the inputs.
    OfInputs,
    /// The segments are the outputs, and each input has its scores.
    InputScores,
    /// The segments are the inputs, and each output has its scores.
    OutputScores,
}

impl Attention {
    fn is_of_parts(self) -> bool {
        matches!(self, Self::OfOutputs | Self::OfInputs)
    }

    fn is_of_scores(self) -> bool {
        matches!(self, Self::InputScores | Self::OutputScores)
    }
}

/// Everything that the weight of an entry may come from, but for the arrays of floats of the storage type.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Entries {
    /// Input of each entry.
    col: Array<u32>,
    /// Row-major position of each entry.
    canonical: Array<u32>,
    /// Constant values, in this side's order.
    values: Array<f32>,
    /// m and 1 / Σ exp(s − m) `[segments, 2, Hd]`.
    normaliser: Array<f32>,
    /// Winning positions `[inputs, F]`.
    winner: Array<u32>,
    /// t `[inputs]`
    input_scale: Array<f32>,
    /// Scores `[inputs or outputs, Hd]`, where the coefficients are made of scores.
    scores: Array<f32>,
    slope: f32,
    /// Vectors of an input row there; an output has the same of it for every so many of its own.
    input_width: usize,
}

/// What the outputs are multiplied by.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Finish {
    /// s `[outputs]`
    output_scale: Array<f32>,
    /// c `[outputs]`
    bias_scale: Array<f32>,
}

/// Where x is NaN, by its bits: compilers for devices may take comparisons of floats to be free of NaN.
#[cube]
pub(crate) fn is_nan<N: Size>(x: Vector<f32, N>) -> Vector<bool, N> {
    let magnitude = Vector::<u32, N>::reinterpret(x) & Vector::new(0x7fff_ffffu32);
    magnitude.greater_than(Vector::new(0x7f80_0000u32))
}

/// a ⊕ b of the reduction; NaN is both the largest and the smallest.
#[cube]
fn fold<N: Size>(a: Vector<f32, N>, b: Vector<f32, N>, #[comptime] reduce: Reduce) -> Vector<f32, N> {
    let mut out = a;
    if comptime!(reduce == Reduce::Max) {
        out = select_many(a.greater_equal(b), a, b);
    } else if comptime!(reduce == Reduce::Min) {
        out = select_many(a.less_equal(b), a, b);
    } else {
        out += b;
    }
    if comptime!(reduce == Reduce::Max || reduce == Reduce::Min) {
        out = select_many(is_nan::<N>(a), a, out);
        out = select_many(is_nan::<N>(b), b, out);
    }
    out
}

/// Weight times input of entry `k` of `row`, features `f`. `own` holds the weights `[nnz]`, or the attention parts `[outputs, Hd]`
/// with `other` those of `[inputs, Hd]`.
#[cube]
fn term<F: Float, N: Size>(
    k: usize,
    row: usize,
    f: usize,
    width: usize,
    head: usize,
    e: &Entries,
    own: &Array<F>,
    other: &Array<F>,
    x: &Array<Vector<F, N>>,
    #[comptime] plan: Plan,
) -> Vector<f32, N> {
    let c = e.col[k] as usize;
    let mut at = c * width + f;
    if comptime!(plan.attention.is_of_scores()) {
        at = c * e.input_width + f % e.input_width;
    }
    let mut y = Vector::<f32, N>::cast_from(x[at]);
    if comptime!(plan.values) {
        y *= Vector::new(e.values[k]);
    }
    if comptime!(plan.entries) {
        let mut position = k;
        if comptime!(plan.canonical) {
            position = e.canonical[k] as usize;
        }
        y *= Vector::new(f32::cast_from(own[position]));
    }
    if comptime!(plan.attention.is_of_scores()) {
        let (heads, h) = (width / head, f / head);
        let mut scored = c;
        let mut segment = row;
        if comptime!(plan.attention == Attention::OutputScores) {
            scored = row;
            segment = c;
        }
        y *= Vector::new(normalised(e.scores[scored * heads + h], &e.normaliser, segment, h, heads));
    }
    if comptime!(plan.attention.is_of_parts()) {
        let (heads, h) = (width / head, f / head);
        let (i, j) = (row * heads + h, c * heads + h);
        let s = leaky_relu(f32::cast_from(own[i]) + f32::cast_from(other[j]), e.slope);
        let mut segment = row;
        if comptime!(plan.attention == Attention::OfInputs) {
            segment = c;
        }
        y *= Vector::new(normalised(s, &e.normaliser, segment, h, heads));
    }
    if comptime!(plan.winners) {
        let mut position = k as u32;
        if comptime!(plan.canonical) {
            position = e.canonical[k];
        }
        // Not a factor of 0, which an infinite dy would make NaN.
        if e.winner[c * width + f] != position {
            y = Vector::new(0.0f32);
        }
    }
    if comptime!(plan.input_scale) {
        y *= Vector::new(e.input_scale[c]);
    }
    y
}

/// ⊕ over the entries start, start + step, … below end; four loads are in flight at once.
#[cube]
fn accumulate<F: Float, N: Size>(
    start: usize,
    end: usize,
    step: usize,
    row: usize,
    f: usize,
    width: usize,
    head: usize,
    e: &Entries,
    own: &Array<F>,
    other: &Array<F>,
    x: &Array<Vector<F, N>>,
    neutral: f32,
    #[comptime] plan: Plan,
) -> Vector<f32, N> {
    let mut acc = Vector::<f32, N>::new(neutral);
    let mut k = start;
    while k + 3 * step < end {
        let a = term::<F, N>(k, row, f, width, head, e, own, other, x, plan);
        let b = term::<F, N>(k + step, row, f, width, head, e, own, other, x, plan);
        let c = term::<F, N>(k + 2 * step, row, f, width, head, e, own, other, x, plan);
        let d = term::<F, N>(k + 3 * step, row, f, width, head, e, own, other, x, plan);
        acc = fold::<N>(acc, a, plan.reduce);
        acc = fold::<N>(acc, b, plan.reduce);
        acc = fold::<N>(acc, c, plan.reduce);
        acc = fold::<N>(acc, d, plan.reduce);
        k += 4 * step;
    }
    while k < end {
        let a = term::<F, N>(k, row, f, width, head, e, own, other, x, plan);
        acc = fold::<N>(acc, a, plan.reduce);
        k += step;
    }
    acc
}

/// Output of a row of `length` entries.
#[cube]
fn finish<F: Float, N: Size>(
    acc: Vector<f32, N>,
    row: usize,
    f: usize,
    length: u32,
    o: &Finish,
    bias: &Array<Vector<F, N>>,
    #[comptime] plan: Plan,
) -> Vector<F, N> {
    let mut y = acc;
    if comptime!(plan.reduce == Reduce::Mean) {
        y /= Vector::new(f32::cast_from(max(length, 1u32)));
    }
    if comptime!(plan.reduce == Reduce::Max || plan.reduce == Reduce::Min) {
        if length == 0 {
            y = Vector::new(0.0);
        }
    }
    if comptime!(plan.output_scale) {
        y *= Vector::new(o.output_scale[row]);
    }
    if comptime!(plan.bias) {
        let mut b = Vector::<f32, N>::cast_from(bias[f]);
        if comptime!(plan.bias_scale) {
            b *= Vector::new(o.bias_scale[row]);
        }
        y += b;
    }
    Vector::cast_from(y)
}

/// One group of lanes per row. `neutral` is that of the reduction: an argument, as infinities have no literal in CUDA C++.
#[cube(launch_unchecked)]
pub(crate) fn pass_short<F: Float, N: Size>(
    rows: &Array<u32>,
    starts: &Array<u32>,
    ends: &Array<u32>,
    e: &Entries,
    own: &Array<F>,
    other: &Array<F>,
    x: &Array<Vector<F, N>>,
    o: &Finish,
    bias: &Array<Vector<F, N>>,
    y: &mut Array<Vector<F, N>>,
    items: usize,
    width: usize,
    head: usize,
    neutral: f32,
    #[comptime] plan: Plan,
    #[define(F)] _f: StorageType,
) {
    let item = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    if item < items {
        let row = rows[item] as usize;
        let (start, end) = (starts[item], ends[item]);
        let mut f = UNIT_POS_X as usize;
        while f < width {
            let acc = accumulate::<F, N>(start as usize, end as usize, 1, row, f, width, head, e, own, other, x, neutral, plan);
            y[row * width + f] = finish::<F, N>(acc, row, f, end - start, o, bias, plan);
            f += CUBE_DIM_X as usize;
        }
    }
}

/// One cube per item, a row or a segment of one: groups take every `groups`-th entry, a tree adds the groups.
#[cube(launch_unchecked)]
pub(crate) fn pass_long<F: Float, N: Size>(
    rows: &Array<u32>,
    starts: &Array<u32>,
    ends: &Array<u32>,
    e: &Entries,
    own: &Array<F>,
    other: &Array<F>,
    x: &Array<Vector<F, N>>,
    o: &Finish,
    bias: &Array<Vector<F, N>>,
    y: &mut Array<Vector<F, N>>,
    partial: &mut Array<Vector<f32, N>>,
    items: usize,
    width: usize,
    head: usize,
    neutral: f32,
    #[comptime] units: usize,
    #[comptime] plan: Plan,
    #[define(F)] _f: StorageType,
) {
    let mut shared = SharedMemory::<Vector<f32, N>>::new(units);
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
        let mut acc = Vector::<f32, N>::new(neutral);
        if f < width {
            let first = start as usize + UNIT_POS_Y as usize;
            acc = accumulate::<F, N>(first, end as usize, CUBE_DIM_Y as usize, row, f, width, head, e, own, other, x, neutral, plan);
        }
        shared[unit] = acc;
        sync_cube();
        let mut stride = CUBE_DIM_Y / 2;
        while stride > 0 {
            if UNIT_POS_Y < stride {
                let other = shared[unit + (stride * CUBE_DIM_X) as usize];
                shared[unit] = fold::<N>(shared[unit], other, plan.reduce);
            }
            sync_cube();
            stride /= 2;
        }
        if UNIT_POS_Y == 0 {
            if item < items {
                if f < width {
                    let total = shared[unit];
                    if comptime!(plan.partial) {
                        partial[item * width + f] = total;
                    } else {
                        y[row * width + f] = finish::<F, N>(total, row, f, end - start, o, bias, plan);
                    }
                }
            }
        }
        sync_cube();
    }
}

/// The second phase of hub rows: the partial results of each, in order.
#[cube(launch_unchecked)]
pub(crate) fn pass_combine<F: Float, N: Size>(
    rows: &Array<u32>,
    bounds: &Array<u32>,
    lengths: &Array<u32>,
    partial: &Array<Vector<f32, N>>,
    o: &Finish,
    bias: &Array<Vector<F, N>>,
    y: &mut Array<Vector<F, N>>,
    hubs: usize,
    width: usize,
    neutral: f32,
    #[comptime] plan: Plan,
    #[define(F)] _f: StorageType,
) {
    let hub = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    if hub < hubs {
        let row = rows[hub] as usize;
        let mut f = UNIT_POS_X as usize;
        while f < width {
            let mut acc = Vector::<f32, N>::new(neutral);
            for s in bounds[hub]..bounds[hub + 1] {
                acc = fold::<N>(acc, partial[s as usize * width + f], plan.reduce);
            }
            y[row * width + f] = finish::<F, N>(acc, row, f, lengths[hub], o, bias, plan);
            f += CUBE_DIM_X as usize;
        }
    }
}
