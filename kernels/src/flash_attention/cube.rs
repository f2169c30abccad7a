//! CubeCL form: a cube keeps a block of rows of its own (queries; keys for dk and dv) in shared memory and walks over the blocks of the other
//! side. Units stand as rows × lanes: rows share the own block, lanes the other block and the features.

use cubecl::prelude::*;

use crate::aggregate::entry::cube::components;
use crate::device::lanes::{Group, lanes_sum};

/// The arrangement of one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Tile {
    /// Rows of the own block.
    pub(crate) own: usize,
    /// Rows of a block of the other side.
    pub(crate) other: usize,
    /// Units along the other side and along features.
    pub(crate) lanes: usize,
    /// Units along the own rows.
    pub(crate) rows: usize,
    /// D
    pub(crate) width: usize,
    pub(crate) causal: bool,
}

impl Tile {
    /// Features from one row of shared memory to the next: odd, so that lanes that read a column meet no bank twice.
    pub(crate) fn stride(&self) -> usize {
        self.width + 1 - self.width % 2
    }

    /// Bytes of shared memory of the greediest kernel.
    pub(crate) fn bytes(&self) -> usize {
        4 * (2 * (self.own + self.other) * self.stride() + 2 * self.own * self.other)
    }
}

/// Sizes of one attention; see `FlashConfig`.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Sizes {
    heads: usize,
    kv_heads: usize,
    queries: usize,
    keys: usize,
    scale: f32,
}

/// Up to `valid` rows from row `first` on, and zeros after them.
#[cube]
fn load<F: Float, N: Size>(
    from: &Array<Vector<F, N>>,
    to: &mut SharedMemory<f32>,
    first: usize,
    valid: usize,
    #[comptime] rows: usize,
    #[comptime] tile: Tile,
) {
    let vectors = tile.width / N::value();
    let mut i = UNIT_POS as usize;
    while i < rows * vectors {
        let (r, f) = (i / vectors, i % vectors);
        let mut x = Vector::<f32, N>::new(0.0);
        if r < valid {
            x = Vector::cast_from(from[(first + r) * vectors + f]);
        }
        #[unroll]
        for e in 0..N::value() {
            to[r * comptime!(tile.stride()) + f * N::value() + e] = x[e];
        }
        i += comptime!(tile.lanes * tile.rows);
    }
}

/// Inner products of the rows that this unit has in `own` and in `other`, `[own / rows, other / lanes]`.
#[cube]
fn products(own: &SharedMemory<f32>, other: &SharedMemory<f32>, #[comptime] tile: Tile) -> Array<f32> {
    let (owned, others) = comptime!((tile.own / tile.rows, tile.other / tile.lanes));
    let mut sums = Array::<f32>::new(comptime!(owned * others));
    #[unroll]
    for i in 0..comptime!(owned * others) {
        sums[i] = 0.0f32;
    }
    for f in 0..comptime!(tile.width) {
        #[unroll]
        for a in 0..owned {
            let x = own[(UNIT_POS_Y as usize * owned + a) * comptime!(tile.stride()) + f];
            #[unroll]
            for b in 0..others {
                let y = other[(UNIT_POS_X as usize + b * comptime!(tile.lanes)) * comptime!(tile.stride()) + f];
                sums[comptime!(a * others + b)] += x * y;
            }
        }
    }
    sums
}

/// sums `[own / rows, features / lanes]` += weights `[own, other]` · rows `[other, D]`.
#[cube]
fn add_weighted(sums: &mut Array<f32>, weights: &SharedMemory<f32>, rows: &SharedMemory<f32>, #[comptime] tile: Tile) {
    let (owned, features) = comptime!((tile.own / tile.rows, tile.width.div_ceil(tile.lanes)));
    for j in 0..comptime!(tile.other) {
        #[unroll]
        for c in 0..features {
            let f = UNIT_POS_X as usize + comptime!(c * tile.lanes);
            // Past the last feature a lane adds what it never writes.
            let x = rows[j * comptime!(tile.stride()) + min(f, comptime!(tile.width - 1))];
            #[unroll]
            for a in 0..owned {
                let w = weights[(UNIT_POS_Y as usize * owned + a) * comptime!(tile.other) + j];
                sums[comptime!(a * features + c)] += w * x;
            }
        }
    }
}

/// out = factor · sums for the rows of this unit below `valid`, from row `first` on.
#[cube]
fn store<F: Float>(sums: &Array<f32>, out: &mut Array<F>, first: usize, valid: usize, factor: f32, #[comptime] tile: Tile) {
    let (owned, features) = comptime!((tile.own / tile.rows, tile.width.div_ceil(tile.lanes)));
    #[unroll]
    for a in 0..owned {
        let r = UNIT_POS_Y as usize * owned + a;
        if r < valid {
            #[unroll]
            for c in 0..features {
                let f = UNIT_POS_X as usize + comptime!(c * tile.lanes);
                if f < tile.width {
                    out[(first + r) * tile.width + f] = F::cast_from(factor * sums[comptime!(a * features + c)]);
                }
            }
        }
    }
}

#[cube]
fn zeros(#[comptime] n: usize) -> Array<f32> {
    let mut sums = Array::<f32>::new(n);
    #[unroll]
    for i in 0..n {
        sums[i] = 0.0f32;
    }
    sums
}

/// Whether query `i` sees key `j`.
#[cube]
fn sees(s: &Sizes, i: usize, j: usize, #[comptime] tile: Tile) -> bool {
    let mut seen = (i < s.queries) & (j < s.keys);
    if comptime!(tile.causal) {
        seen &= j + s.queries <= i + s.keys;
    }
    seen
}

/// How many keys the queries below `end` see.
#[cube]
fn seen_below(s: &Sizes, end: usize, #[comptime] tile: Tile) -> usize {
    let mut seen = s.keys;
    if comptime!(tile.causal) {
        let reach = min(end, s.queries) + s.keys;
        seen = 0usize;
        if reach > s.queries {
            seen = min(reach - s.queries, s.keys);
        }
    }
    seen
}

#[cube]
fn rows_from(first: usize, len: usize) -> usize {
    let mut left = 0usize;
    if first < len {
        left = len - first;
    }
    left
}

/// o and N of a block of queries; `blocks` of them per head.
#[cube(launch_unchecked)]
pub(crate) fn flash_forward<F: Float, N: Size>(
    q: &Array<Vector<F, N>>,
    k: &Array<Vector<F, N>>,
    v: &Array<Vector<F, N>>,
    out: &mut Array<F>,
    normaliser: &mut Array<f32>,
    s: &Sizes,
    blocks: usize,
    total: usize,
    #[comptime] tile: Tile,
    #[define(F)] _f: StorageType,
) {
    let (owned, others) = comptime!((tile.own / tile.rows, tile.other / tile.lanes));
    let features = comptime!(tile.width.div_ceil(tile.lanes));
    let mut qs = SharedMemory::<f32>::new(comptime!(tile.own * tile.stride()));
    let mut ks = SharedMemory::<f32>::new(comptime!(tile.other * tile.stride()));
    let mut vs = SharedMemory::<f32>::new(comptime!(tile.other * tile.stride()));
    let mut ps = SharedMemory::<f32>::new(comptime!(tile.own * tile.other));
    if CUBE_POS < total {
        let (head, first) = (CUBE_POS / blocks, CUBE_POS % blocks * comptime!(tile.own));
        let first_row = head * s.queries + first;
        let valid = rows_from(first, s.queries);
        let first_key = (head / s.heads * s.kv_heads + head % s.heads / (s.heads / s.kv_heads)) * s.keys;
        load::<F, N>(q, &mut qs, first_row, valid, comptime!(tile.own), tile);
        let mut sums = zeros(comptime!(owned * features));
        let mut largest = Array::<f32>::new(owned);
        let mut part = zeros(owned);
        #[unroll]
        for a in 0..owned {
            largest[a] = f32::MIN.runtime();
        }
        let seen = seen_below(s, first + comptime!(tile.own), tile);
        let mut start = 0usize;
        while start < seen {
            let left = rows_from(start, s.keys);
            load::<F, N>(k, &mut ks, first_key + start, left, comptime!(tile.other), tile);
            load::<F, N>(v, &mut vs, first_key + start, left, comptime!(tile.other), tile);
            sync_cube();
            let scores = products(&qs, &ks, tile);
            #[unroll]
            for a in 0..owned {
                let r = UNIT_POS_Y as usize * owned + a;
                #[unroll]
                for b in 0..others {
                    let j = UNIT_POS_X as usize + comptime!(b * tile.lanes);
                    let mut score = f32::MIN.runtime();
                    if sees(s, first + r, start + j, tile) {
                        score = s.scale * scores[comptime!(a * others + b)];
                    }
                    ps[r * comptime!(tile.other) + j] = score;
                }
            }
            sync_cube();
            let mut fade = Array::<f32>::new(owned);
            #[unroll]
            for a in 0..owned {
                let r = UNIT_POS_Y as usize * owned + a;
                let mut m = largest[a];
                for j in 0..comptime!(tile.other) {
                    m = max(m, ps[r * comptime!(tile.other) + j]);
                }
                fade[a] = (largest[a] - m).exp();
                largest[a] = m;
            }
            sync_cube();
            #[unroll]
            for a in 0..owned {
                let r = UNIT_POS_Y as usize * owned + a;
                part[a] *= fade[a];
                #[unroll]
                for c in 0..features {
                    sums[comptime!(a * features + c)] *= fade[a];
                }
                #[unroll]
                for b in 0..others {
                    let j = UNIT_POS_X as usize + comptime!(b * tile.lanes);
                    let mut p = 0.0f32;
                    if sees(s, first + r, start + j, tile) {
                        p = (s.scale * scores[comptime!(a * others + b)] - largest[a]).exp();
                    }
                    part[a] += p;
                    ps[r * comptime!(tile.other) + j] = p;
                }
            }
            sync_cube();
            add_weighted(&mut sums, &ps, &vs, tile);
            sync_cube();
            start += comptime!(tile.other);
        }
        #[unroll]
        for a in 0..owned {
            let r = UNIT_POS_Y as usize * owned + a;
            let sum = lanes_sum(part[a], &mut ps, comptime!(Group { lanes: tile.lanes as u32, planes: false }));
            let mut inverse = 0.0f32;
            let mut m = 0.0f32;
            // NaN is not 0, and stays.
            if sum != 0.0f32 {
                inverse = 1.0f32 / sum;
                m = largest[a];
            }
            #[unroll]
            for c in 0..features {
                sums[comptime!(a * features + c)] *= inverse;
            }
            if r < valid {
                if UNIT_POS_X == 0 {
                    normaliser[2 * (first_row + r)] = m;
                    normaliser[2 * (first_row + r) + 1] = inverse;
                }
            }
        }
        store::<F>(&sums, out, first_row, valid, 1.0f32, tile);
    }
}

/// ⟨dO, o⟩ of each query, one unit per row; `width` counts vectors.
#[cube(launch_unchecked)]
pub(crate) fn row_means<F: Float, N: Size>(
    dout: &Array<Vector<F, N>>,
    out: &Array<Vector<F, N>>,
    mean: &mut Array<f32>,
    rows: usize,
    width: usize,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < rows {
        let mut sum = 0.0f32;
        for f in 0..width {
            let at = ABSOLUTE_POS * width + f;
            sum += components::<N>(Vector::<f32, N>::cast_from(dout[at]) * Vector::<f32, N>::cast_from(out[at]));
        }
        mean[ABSOLUTE_POS] = sum;
    }
}

/// p of the score s of query row `at` (which counts from the first head), and ds where its dp is `dp`.
#[cube]
fn coefficient(score: f32, dp: f32, at: usize, normaliser: &Array<f32>, mean: &Array<f32>) -> (f32, f32) {
    let p = (score - normaliser[2 * at]).exp() * normaliser[2 * at + 1];
    (p, p * (dp - mean[at]))
}

/// dq of a block of queries; `blocks` of them per head.
#[cube(launch_unchecked)]
pub(crate) fn query_gradient<F: Float, N: Size>(
    q: &Array<Vector<F, N>>,
    k: &Array<Vector<F, N>>,
    v: &Array<Vector<F, N>>,
    dout: &Array<Vector<F, N>>,
    normaliser: &Array<f32>,
    mean: &Array<f32>,
    dq: &mut Array<F>,
    s: &Sizes,
    blocks: usize,
    total: usize,
    #[comptime] tile: Tile,
    #[define(F)] _f: StorageType,
) {
    let (owned, others) = comptime!((tile.own / tile.rows, tile.other / tile.lanes));
    let mut qs = SharedMemory::<f32>::new(comptime!(tile.own * tile.stride()));
    let mut os = SharedMemory::<f32>::new(comptime!(tile.own * tile.stride()));
    let mut ks = SharedMemory::<f32>::new(comptime!(tile.other * tile.stride()));
    let mut vs = SharedMemory::<f32>::new(comptime!(tile.other * tile.stride()));
    let mut ps = SharedMemory::<f32>::new(comptime!(tile.own * tile.other));
    if CUBE_POS < total {
        let (head, first) = (CUBE_POS / blocks, CUBE_POS % blocks * comptime!(tile.own));
        let first_row = head * s.queries + first;
        let valid = rows_from(first, s.queries);
        let first_key = (head / s.heads * s.kv_heads + head % s.heads / (s.heads / s.kv_heads)) * s.keys;
        load::<F, N>(q, &mut qs, first_row, valid, comptime!(tile.own), tile);
        load::<F, N>(dout, &mut os, first_row, valid, comptime!(tile.own), tile);
        let mut sums = zeros(comptime!(owned * tile.width.div_ceil(tile.lanes)));
        let seen = seen_below(s, first + comptime!(tile.own), tile);
        let mut start = 0usize;
        while start < seen {
            let left = rows_from(start, s.keys);
            load::<F, N>(k, &mut ks, first_key + start, left, comptime!(tile.other), tile);
            load::<F, N>(v, &mut vs, first_key + start, left, comptime!(tile.other), tile);
            sync_cube();
            let scores = products(&qs, &ks, tile);
            let dps = products(&os, &vs, tile);
            #[unroll]
            for a in 0..owned {
                let r = UNIT_POS_Y as usize * owned + a;
                #[unroll]
                for b in 0..others {
                    let j = UNIT_POS_X as usize + comptime!(b * tile.lanes);
                    let mut ds = 0.0f32;
                    if sees(s, first + r, start + j, tile) {
                        let at = comptime!(a * others + b);
                        ds = coefficient(s.scale * scores[at], dps[at], first_row + r, normaliser, mean).1;
                    }
                    ps[r * comptime!(tile.other) + j] = ds;
                }
            }
            sync_cube();
            add_weighted(&mut sums, &ps, &ks, tile);
            sync_cube();
            start += comptime!(tile.other);
        }
        store::<F>(&sums, dq, first_row, valid, s.scale, tile);
    }
}

/// dk and dv of a block of keys; `blocks` of them per head of keys.
#[cube(launch_unchecked)]
pub(crate) fn key_gradients<F: Float, N: Size>(
    q: &Array<Vector<F, N>>,
    k: &Array<Vector<F, N>>,
    v: &Array<Vector<F, N>>,
    dout: &Array<Vector<F, N>>,
    normaliser: &Array<f32>,
    mean: &Array<f32>,
    dk: &mut Array<F>,
    dv: &mut Array<F>,
    s: &Sizes,
    blocks: usize,
    total: usize,
    #[comptime] tile: Tile,
    #[define(F)] _f: StorageType,
) {
    let (owned, others) = comptime!((tile.own / tile.rows, tile.other / tile.lanes));
    let mut ks = SharedMemory::<f32>::new(comptime!(tile.own * tile.stride()));
    let mut vs = SharedMemory::<f32>::new(comptime!(tile.own * tile.stride()));
    let mut qs = SharedMemory::<f32>::new(comptime!(tile.other * tile.stride()));
    let mut os = SharedMemory::<f32>::new(comptime!(tile.other * tile.stride()));
    let mut ps = SharedMemory::<f32>::new(comptime!(tile.own * tile.other));
    let mut gs = SharedMemory::<f32>::new(comptime!(tile.own * tile.other));
    if CUBE_POS < total {
        let (head, first) = (CUBE_POS / blocks, CUBE_POS % blocks * comptime!(tile.own));
        let first_key = head * s.keys + first;
        let valid = rows_from(first, s.keys);
        load::<F, N>(k, &mut ks, first_key, valid, comptime!(tile.own), tile);
        load::<F, N>(v, &mut vs, first_key, valid, comptime!(tile.own), tile);
        let mut of_keys = zeros(comptime!(owned * tile.width.div_ceil(tile.lanes)));
        let mut of_values = zeros(comptime!(owned * tile.width.div_ceil(tile.lanes)));
        let group = s.heads / s.kv_heads;
        let first_head = head / s.kv_heads * s.heads + head % s.kv_heads * group;
        let mut from = 0usize;
        if comptime!(tile.causal) {
            from = rows_from(s.keys, first + s.queries);
        }
        for h in 0..group {
            let mut start = from;
            while start < s.queries {
                let first_row = (first_head + h) * s.queries + start;
                let left = rows_from(start, s.queries);
                load::<F, N>(q, &mut qs, first_row, left, comptime!(tile.other), tile);
                load::<F, N>(dout, &mut os, first_row, left, comptime!(tile.other), tile);
                sync_cube();
                let scores = products(&ks, &qs, tile);
                let dps = products(&vs, &os, tile);
                #[unroll]
                for a in 0..owned {
                    let r = UNIT_POS_Y as usize * owned + a;
                    #[unroll]
                    for b in 0..others {
                        let i = UNIT_POS_X as usize + comptime!(b * tile.lanes);
                        let mut p = 0.0f32;
                        let mut ds = 0.0f32;
                        if sees(s, start + i, first + r, tile) {
                            let at = comptime!(a * others + b);
                            let both = coefficient(s.scale * scores[at], dps[at], first_row + i, normaliser, mean);
                            p = both.0;
                            ds = both.1;
                        }
                        ps[r * comptime!(tile.other) + i] = p;
                        gs[r * comptime!(tile.other) + i] = ds;
                    }
                }
                sync_cube();
                add_weighted(&mut of_values, &ps, &os, tile);
                add_weighted(&mut of_keys, &gs, &qs, tile);
                sync_cube();
                start += comptime!(tile.other);
            }
        }
        store::<F>(&of_keys, dk, first_key, valid, s.scale, tile);
        store::<F>(&of_values, dv, first_key, valid, 1.0f32, tile);
    }
}
