//! CubeCL form: a unit per weight or per vector of a row; a cube per slot for the gradients of slots, whose lists may be of any length.

use cubecl::prelude::*;

use crate::aggregate::entry::cube::components;

/// Sizes of one attention; `width` counts vectors.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Sizes {
    rows: usize,
    kept: usize,
    /// Rows of q that read the same head of slots.
    sharing: usize,
    slots: usize,
    kv_heads: usize,
    width: usize,
}

/// ⟨x_i, y_j⟩ of two rows of `width` vectors.
#[cube]
fn row_dot<F: Float, N: Size>(x: &Array<Vector<F, N>>, i: usize, y: &Array<Vector<F, N>>, j: usize, width: usize) -> f32 {
    let mut sum = Vector::<f32, N>::new(0.0);
    for f in 0..width {
        sum += Vector::<f32, N>::cast_from(x[i * width + f]) * Vector::<f32, N>::cast_from(y[j * width + f]);
    }
    components::<N>(sum)
}

/// Row of k and v of kept slot `j` of row `r`.
#[cube]
fn slot_row(t: &Array<u32>, s: &Sizes, r: usize, j: usize) -> usize {
    r / s.sharing * s.slots + t[r * s.kept + j] as usize
}

/// Row of n of row `r`.
#[cube]
fn null_row(s: &Sizes, r: usize) -> usize {
    r / s.sharing % s.kv_heads
}

/// out `[R, K + 1]`: factor ⟨x, y⟩ + bias of each kept slot; of the null slot factor ⟨x, n⟩, or 0 where it takes no part.
#[cube(launch_unchecked)]
pub(crate) fn entry_dots<F: Float, O: Float, N: Size>(
    x: &Array<Vector<F, N>>,
    y: &Array<Vector<F, N>>,
    null: &Array<Vector<F, N>>,
    t: &Array<u32>,
    out: &mut Array<O>,
    s: &Sizes,
    factor: f32,
    bias: f32,
    #[comptime] with_null: bool,
    #[define(F, O)] _types: [StorageType; 2],
) {
    let entries = s.kept + 1;
    if ABSOLUTE_POS < s.rows * entries {
        let (r, j) = (ABSOLUTE_POS / entries, ABSOLUTE_POS % entries);
        let mut score = 0.0f32;
        if j > 0 {
            score = factor * row_dot::<F, N>(x, r, y, slot_row(t, s, r, j - 1), s.width) + bias;
        } else if comptime!(with_null) {
            score = factor * row_dot::<F, N>(x, r, null, null_row(s, r), s.width);
        }
        out[ABSOLUTE_POS] = O::cast_from(score);
    }
}

/// Softmax of each row of `entries` scores, a unit per row.
#[cube(launch_unchecked)]
pub(crate) fn softmax_rows<F: Float>(scores: &Array<f32>, a: &mut Array<F>, rows: usize, entries: usize, #[define(F)] _f: StorageType) {
    if ABSOLUTE_POS < rows {
        let first = ABSOLUTE_POS * entries;
        let mut most = scores[first];
        for j in 1..entries {
            most = max(most, scores[first + j]);
        }
        let mut sum = 0.0f32;
        for j in 0..entries {
            sum += (scores[first + j] - most).exp();
        }
        for j in 0..entries {
            a[first + j] = F::cast_from((scores[first + j] - most).exp() / sum);
        }
    }
}

/// ds = A (dA − ⟨A, dA⟩), a unit per row.
#[cube(launch_unchecked)]
pub(crate) fn softmax_gradient<F: Float>(
    a: &Array<F>,
    da: &Array<F>,
    ds: &mut Array<f32>,
    rows: usize,
    entries: usize,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < rows {
        let first = ABSOLUTE_POS * entries;
        let mut mean = 0.0f32;
        for j in 0..entries {
            mean += f32::cast_from(a[first + j]) * f32::cast_from(da[first + j]);
        }
        for j in 0..entries {
            ds[first + j] = f32::cast_from(a[first + j]) * (f32::cast_from(da[first + j]) - mean);
        }
    }
}

/// y_r = factor · Σ_j w_(r,j) y_(slot j), and the null slot's share where it takes part; a unit per vector of a row.
#[cube(launch_unchecked)]
pub(crate) fn row_sums<F: Float, W: Float, N: Size>(
    weights: &Array<W>,
    y: &Array<Vector<F, N>>,
    null: &Array<Vector<F, N>>,
    t: &Array<u32>,
    out: &mut Array<Vector<F, N>>,
    s: &Sizes,
    factor: f32,
    #[comptime] with_null: bool,
    #[define(F, W)] _types: [StorageType; 2],
) {
    if ABSOLUTE_POS < s.rows * s.width {
        let (r, f) = (ABSOLUTE_POS / s.width, ABSOLUTE_POS % s.width);
        let first = r * (s.kept + 1);
        let mut sum = Vector::<f32, N>::new(0.0);
        if comptime!(with_null) {
            sum = Vector::<f32, N>::cast_from(null[null_row(s, r) * s.width + f]) * Vector::new(f32::cast_from(weights[first]));
        }
        for j in 0..s.kept {
            let row = Vector::<f32, N>::cast_from(y[slot_row(t, s, r, j) * s.width + f]);
            sum += row * Vector::new(f32::cast_from(weights[first + 1 + j]));
        }
        out[ABSOLUTE_POS] = Vector::cast_from(sum * Vector::new(factor));
    }
}

/// The sums of the groups of a cube, group 0 having the result; all units must call it.
#[cube]
fn add_groups<N: Size>(value: Vector<f32, N>, shared: &mut SharedMemory<Vector<f32, N>>) -> Vector<f32, N> {
    let unit = UNIT_POS as usize;
    shared[unit] = value;
    sync_cube();
    let mut stride = CUBE_DIM_Y / 2;
    while stride > 0 {
        if UNIT_POS_Y < stride {
            let other = shared[unit + (stride * CUBE_DIM_X) as usize];
            shared[unit] += other;
        }
        sync_cube();
        stride /= 2;
    }
    let total = shared[unit];
    sync_cube();
    total
}

/// out_m = factor · Σ w_e x_(row of e) over the entries of each slot, a cube per slot: groups take every so many entries, a tree adds the groups.
#[cube(launch_unchecked)]
pub(crate) fn slot_sums<F: Float, W: Float, N: Size>(
    ptr: &Array<u32>,
    entries: &Array<u32>,
    weights: &Array<W>,
    x: &Array<Vector<F, N>>,
    out: &mut Array<Vector<F, N>>,
    slots: usize,
    kept: usize,
    width: usize,
    factor: f32,
    #[comptime] units: usize,
    #[define(F, W)] _types: [StorageType; 2],
) {
    let mut shared = SharedMemory::<Vector<f32, N>>::new(units);
    let slot = CUBE_POS;
    let lanes = CUBE_DIM_X as usize;
    let mut start = 0usize;
    let mut end = 0usize;
    if slot < slots {
        start = ptr[slot] as usize;
        end = ptr[slot + 1] as usize;
    }
    for tile in 0..(width + lanes - 1) / lanes {
        let f = tile * lanes + UNIT_POS_X as usize;
        let mut sum = Vector::<f32, N>::new(0.0);
        if f < width {
            let mut i = start + UNIT_POS_Y as usize;
            while i < end {
                let e = entries[i] as usize;
                let r = e / kept;
                let w = f32::cast_from(weights[r * (kept + 1) + 1 + e % kept]);
                sum += Vector::<f32, N>::cast_from(x[r * width + f]) * Vector::new(w);
                i += CUBE_DIM_Y as usize;
            }
        }
        let total = add_groups::<N>(sum, &mut shared);
        if UNIT_POS_Y == 0 {
            if f < width {
                if slot < slots {
                    out[slot * width + f] = Vector::cast_from(total * Vector::new(factor));
                }
            }
        }
    }
}

/// dn_h = factor · Σ ds_(r,∅) q_r over the rows that read head h in any of `batches`, a cube per head.
#[cube(launch_unchecked)]
pub(crate) fn null_sums<F: Float, N: Size>(
    ds: &Array<f32>,
    q: &Array<Vector<F, N>>,
    out: &mut Array<Vector<F, N>>,
    s: &Sizes,
    batches: usize,
    factor: f32,
    #[comptime] units: usize,
    #[define(F)] _f: StorageType,
) {
    let mut shared = SharedMemory::<Vector<f32, N>>::new(units);
    let head = CUBE_POS;
    let lanes = CUBE_DIM_X as usize;
    let mut rows = 0usize;
    if head < s.kv_heads {
        rows = batches * s.sharing;
    }
    for tile in 0..(s.width + lanes - 1) / lanes {
        let f = tile * lanes + UNIT_POS_X as usize;
        let mut sum = Vector::<f32, N>::new(0.0);
        if f < s.width {
            let mut i = UNIT_POS_Y as usize;
            while i < rows {
                let r = (i / s.sharing * s.kv_heads + head) * s.sharing + i % s.sharing;
                sum += Vector::<f32, N>::cast_from(q[r * s.width + f]) * Vector::new(ds[r * (s.kept + 1)]);
                i += CUBE_DIM_Y as usize;
            }
        }
        let total = add_groups::<N>(sum, &mut shared);
        if UNIT_POS_Y == 0 {
            if f < s.width {
                if head < s.kv_heads {
                    out[head * s.width + f] = Vector::cast_from(total * Vector::new(factor));
                }
            }
        }
    }
}

/// Row of k of each entry of t, and the entry itself; `per_head` entries read the same head of slots.
#[cube(launch_unchecked)]
pub(crate) fn slot_keys(t: &Array<u32>, keys: &mut Array<u32>, entries: &mut Array<u32>, n: usize, per_head: usize, slots: usize) {
    if ABSOLUTE_POS < n {
        keys[ABSOLUTE_POS] = (ABSOLUTE_POS / per_head * slots) as u32 + t[ABSOLUTE_POS];
        entries[ABSOLUTE_POS] = ABSOLUTE_POS as u32;
    }
}

/// 0, 1, …, n − 1.
#[cube(launch_unchecked)]
pub(crate) fn numbered(out: &mut Array<u32>, n: usize) {
    if ABSOLUTE_POS < n {
        out[ABSOLUTE_POS] = ABSOLUTE_POS as u32;
    }
}
