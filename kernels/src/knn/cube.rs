//! CubeCL form: a cube keeps the best so far of a block of queries, sorted, in shared memory and walks over the tiles of a span of items. Scores
//! are ranked as u32 keys: larger is better, [`NOTHING`] below [`NAN`] below the keys of numbers, so that no comparison meets a NaN.

use cubecl::prelude::*;

/// The key of a place that holds no item.
pub(crate) const NOTHING: u32 = 0;

/// The key of NaN; −∞ has a larger one.
pub(crate) const NAN: u32 = 1;

/// Features that are in shared memory at a time.
pub(crate) const CHUNK: usize = 16;

const SIGN: u32 = 0x8000_0000;
const MAGNITUDE: u32 = 0x7fff_ffff;
const INFINITE: u32 = 0x7f80_0000;

/// The arrangement of one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Tile {
    /// Queries of a block.
    pub(crate) own: usize,
    /// Items of a tile.
    pub(crate) other: usize,
    /// Units along the items.
    pub(crate) lanes: usize,
    /// Units along the queries.
    pub(crate) rows: usize,
    /// Places of a list: a multiple of `lanes`, a power of two.
    pub(crate) capacity: usize,
    /// Distances, and not products.
    pub(crate) squared: bool,
}

impl Tile {
    /// Bytes of shared memory.
    pub(crate) fn bytes(&self) -> usize {
        4 * ((self.own + self.other) * (CHUNK + 1) + self.own * self.other + 2 * self.own * self.capacity + self.own)
    }
}

/// Sizes of one search.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Sizes {
    queries: usize,
    items: usize,
    width: usize,
    /// Items of a span, a multiple of a tile.
    span: usize,
    /// Blocks of queries that search the same items; queries and items above are those of such a group.
    blocks_of_group: usize,
}

#[cube]
fn key_of(score: f32) -> u32 {
    let bits = u32::reinterpret(score);
    let mut key = bits | SIGN;
    // A negative number; −0 keeps the key of 0.
    if bits > SIGN {
        key = 0xffff_ffffu32 - bits;
    }
    if (bits & MAGNITUDE) > INFINITE {
        key = NAN.runtime();
    }
    key
}

#[cube]
fn score_of(key: u32, #[comptime] squared: bool) -> f32 {
    let mut bits = 0xffff_ffffu32 - key;
    if key >= SIGN {
        bits = key ^ SIGN;
    }
    // Distances were ranked by their negatives.
    if comptime!(squared) {
        bits &= MAGNITUDE;
    }
    if key <= NAN {
        bits = comptime!(INFINITE | 0x0040_0000).runtime();
    }
    f32::reinterpret(bits)
}

/// Features from `start` on of up to `valid` rows from row `first` on, and zeros around them.
#[cube]
fn load<F: Float>(
    from: &Array<F>,
    to: &mut SharedMemory<f32>,
    first: usize,
    valid: usize,
    start: usize,
    width: usize,
    #[comptime] rows: usize,
    #[comptime] units: usize,
) {
    #[unroll]
    for i in 0..comptime!((rows * CHUNK).div_ceil(units)) {
        let at = UNIT_POS as usize + comptime!(i * units);
        let (r, f) = (at / CHUNK, at % CHUNK);
        if r < rows {
            let mut x = 0.0f32;
            if r < valid {
                if start + f < width {
                    x = f32::cast_from(from[(first + r) * width + start + f]);
                }
            }
            to[r * comptime!(CHUNK + 1) + f] = x;
        }
    }
}

/// Adds the features of a chunk to the scores `[own / rows, other / lanes]` of this unit.
#[cube]
fn add_chunk(sums: &mut Array<f32>, own: &SharedMemory<f32>, other: &SharedMemory<f32>, #[comptime] tile: Tile) {
    let (owned, others) = comptime!((tile.own / tile.rows, tile.other / tile.lanes));
    for f in 0..CHUNK {
        #[unroll]
        for a in 0..owned {
            let q = own[(UNIT_POS_Y as usize * owned + a) * comptime!(CHUNK + 1) + f];
            #[unroll]
            for b in 0..others {
                let x = other[(UNIT_POS_X as usize + comptime!(b * tile.lanes)) * comptime!(CHUNK + 1) + f];
                if comptime!(tile.squared) {
                    sums[comptime!(a * others + b)] += (q - x) * (q - x);
                } else {
                    sums[comptime!(a * others + b)] += q * x;
                }
            }
        }
    }
}

/// How many of the `n` keys from `first` on, which fall, are above `key`, or not below it where `or_equal`.
#[cube]
fn above(keys: &SharedMemory<u32>, first: usize, n: usize, key: u32, #[comptime] or_equal: bool) -> usize {
    let mut low = 0usize;
    let mut high = n;
    while low < high {
        let middle = (low + high) / 2;
        let there = keys[first + middle];
        let mut holds = there > key;
        if comptime!(or_equal) {
            holds = there >= key;
        }
        if holds {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The best `capacity` items of a span for each query of a block: keys and ids `[spans, Q, capacity]`, `blocks` blocks to a span.
#[cube(launch_unchecked)]
pub(crate) fn candidates<F: Float>(
    queries: &Array<F>,
    items: &Array<F>,
    keys: &mut Array<u32>,
    ids: &mut Array<u32>,
    s: &Sizes,
    blocks: usize,
    total: usize,
    #[comptime] tile: Tile,
    #[define(F)] _f: StorageType,
) {
    let (owned, others, places) = comptime!((tile.own / tile.rows, tile.other / tile.lanes, tile.capacity / tile.lanes));
    let units = comptime!(tile.lanes * tile.rows);
    let mut qs = SharedMemory::<f32>::new(comptime!(tile.own * (CHUNK + 1)));
    let mut xs = SharedMemory::<f32>::new(comptime!(tile.other * (CHUNK + 1)));
    let mut scored = SharedMemory::<u32>::new(comptime!(tile.own * tile.other));
    let mut list_keys = SharedMemory::<u32>::new(comptime!(tile.own * tile.capacity));
    let mut list_ids = SharedMemory::<u32>::new(comptime!(tile.own * tile.capacity));
    // Which queries a tile has something better for.
    let mut better = SharedMemory::<u32>::new(comptime!(tile.own));
    if CUBE_POS < total {
        let (span, block) = (CUBE_POS / blocks, CUBE_POS % blocks);
        let (group, within) = (block / s.blocks_of_group, block % s.blocks_of_group * comptime!(tile.own));
        let (first, first_item) = (group * s.queries + within, group * s.items);
        let valid = s.queries - within;
        let lane = UNIT_POS_X as usize;
        #[unroll]
        for a in 0..owned {
            let r = UNIT_POS_Y as usize * owned + a;
            #[unroll]
            for c in 0..places {
                list_keys[r * comptime!(tile.capacity) + lane + comptime!(c * tile.lanes)] = NOTHING.runtime();
                list_ids[r * comptime!(tile.capacity) + lane + comptime!(c * tile.lanes)] = 0u32;
            }
            if lane == 0 {
                better[r] = 0u32;
            }
        }
        sync_cube();
        let mut start = span * s.span;
        let end = min(start + s.span, s.items);
        while start < end {
            let left = s.items - start;
            let mut sums = Array::<f32>::new(comptime!(owned * others));
            #[unroll]
            for i in 0..comptime!(owned * others) {
                sums[i] = 0.0f32;
            }
            let mut f = 0usize;
            while f < s.width {
                load::<F>(queries, &mut qs, first, valid, f, s.width, comptime!(tile.own), units);
                load::<F>(items, &mut xs, first_item + start, left, f, s.width, comptime!(tile.other), units);
                sync_cube();
                add_chunk(&mut sums, &qs, &xs, tile);
                sync_cube();
                f += CHUNK;
            }
            #[unroll]
            for a in 0..owned {
                let r = UNIT_POS_Y as usize * owned + a;
                let worst = list_keys[r * comptime!(tile.capacity) + comptime!(tile.capacity - 1)];
                #[unroll]
                for b in 0..others {
                    let j = lane + comptime!(b * tile.lanes);
                    let mut key = NOTHING.runtime();
                    if j < left {
                        let score = sums[comptime!(a * others + b)];
                        if comptime!(tile.squared) {
                            key = key_of(-score);
                        } else {
                            key = key_of(score);
                        }
                    }
                    scored[r * comptime!(tile.other) + j] = key;
                    if key > worst {
                        better[r] = 1u32;
                    }
                }
            }
            sync_cube();
            // Both sides learn their places in the merged list before anything moves.
            let mut new_at = Array::<u32>::new(comptime!(owned * others));
            let mut old_at = Array::<u32>::new(comptime!(owned * places));
            let mut old_key = Array::<u32>::new(comptime!(owned * places));
            let mut old_id = Array::<u32>::new(comptime!(owned * places));
            #[unroll]
            for a in 0..owned {
                let r = UNIT_POS_Y as usize * owned + a;
                if better[r] != 0 {
                    let list = r * comptime!(tile.capacity);
                    let worst = list_keys[list + comptime!(tile.capacity - 1)];
                    #[unroll]
                    for b in 0..others {
                        let j = lane + comptime!(b * tile.lanes);
                        let key = scored[r * comptime!(tile.other) + j];
                        let mut at = comptime!(tile.capacity as u32).runtime();
                        if key > worst {
                            // The items of the list are earlier, so that they come first where keys are equal.
                            at = above(&list_keys, list, comptime!(tile.capacity).runtime(), key, true) as u32;
                            for u in 0..comptime!(tile.other) {
                                let other = scored[r * comptime!(tile.other) + u];
                                let mut first = u32::cast_from(other > key);
                                if u < j {
                                    first = u32::cast_from(other >= key);
                                }
                                at += first;
                            }
                        }
                        new_at[comptime!(a * others + b)] = at;
                    }
                    #[unroll]
                    for c in 0..places {
                        let i = lane + comptime!(c * tile.lanes);
                        let key = list_keys[list + i];
                        let mut at = i as u32;
                        for u in 0..comptime!(tile.other) {
                            at += u32::cast_from(scored[r * comptime!(tile.other) + u] > key);
                        }
                        old_at[comptime!(a * places + c)] = at;
                        old_key[comptime!(a * places + c)] = key;
                        old_id[comptime!(a * places + c)] = list_ids[list + i];
                    }
                }
            }
            sync_cube();
            #[unroll]
            for a in 0..owned {
                let r = UNIT_POS_Y as usize * owned + a;
                if better[r] != 0 {
                    let list = r * comptime!(tile.capacity);
                    #[unroll]
                    for c in 0..places {
                        let at = old_at[comptime!(a * places + c)] as usize;
                        if at < tile.capacity {
                            list_keys[list + at] = old_key[comptime!(a * places + c)];
                            list_ids[list + at] = old_id[comptime!(a * places + c)];
                        }
                    }
                    #[unroll]
                    for b in 0..others {
                        let j = lane + comptime!(b * tile.lanes);
                        let at = new_at[comptime!(a * others + b)] as usize;
                        if at < tile.capacity {
                            list_keys[list + at] = scored[r * comptime!(tile.other) + j];
                            list_ids[list + at] = (start + j) as u32;
                        }
                    }
                }
            }
            sync_cube();
            if lane == 0 {
                #[unroll]
                for a in 0..owned {
                    better[UNIT_POS_Y as usize * owned + a] = 0u32;
                }
            }
            sync_cube();
            start += comptime!(tile.other);
        }
        #[unroll]
        for a in 0..owned {
            let r = UNIT_POS_Y as usize * owned + a;
            if r < valid {
                let to = (span * (blocks / s.blocks_of_group) * s.queries + first + r) * comptime!(tile.capacity);
                #[unroll]
                for c in 0..places {
                    let i = lane + comptime!(c * tile.lanes);
                    keys[to + i] = list_keys[r * comptime!(tile.capacity) + i];
                    ids[to + i] = list_ids[r * comptime!(tile.capacity) + i];
                }
            }
        }
    }
}

/// How many of the `n` keys from `first` on, which fall, are above `key`, or not below it where `or_equal`.
#[cube]
fn above_in(keys: &Array<u32>, first: usize, n: usize, key: u32, or_equal: bool) -> usize {
    let mut low = 0usize;
    let mut high = n;
    while low < high {
        let middle = (low + high) / 2;
        let there = keys[first + middle];
        if there > key || (or_equal && there == key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The best `capacity` of each two neighbouring spans: keys and ids `[spans, Q, capacity]` -> `[ceil(spans / 2), Q, capacity]`; `total` places
/// are read.
#[cube(launch_unchecked)]
pub(crate) fn merge(
    keys: &Array<u32>,
    ids: &Array<u32>,
    to_keys: &mut Array<u32>,
    to_ids: &mut Array<u32>,
    queries: usize,
    spans: usize,
    capacity: usize,
    total: usize,
) {
    if ABSOLUTE_POS < total {
        let (list, i) = (ABSOLUTE_POS / capacity, ABSOLUTE_POS % capacity);
        let (span, query) = (list / queries, list % queries);
        let key = keys[ABSOLUTE_POS];
        let left = span % 2 == 0;
        let mut at = i;
        if left {
            if span + 1 < spans {
                at += above_in(keys, (list + queries) * capacity, capacity, key, false);
            }
        } else {
            at += above_in(keys, (list - queries) * capacity, capacity, key, true);
        }
        if at < capacity {
            let to = (span / 2 * queries + query) * capacity + at;
            to_keys[to] = key;
            to_ids[to] = ids[ABSOLUTE_POS];
        }
    }
}

/// The first k of each list: keys and ids `[Q, capacity]` -> items and scores `[Q, k]`.
#[cube(launch_unchecked)]
pub(crate) fn finish(
    keys: &Array<u32>,
    ids: &Array<u32>,
    items: &mut Array<u32>,
    scores: &mut Array<f32>,
    capacity: usize,
    k: usize,
    total: usize,
    #[comptime] squared: bool,
) {
    if ABSOLUTE_POS < total {
        let from = ABSOLUTE_POS / k * capacity + ABSOLUTE_POS % k;
        items[ABSOLUTE_POS] = ids[from];
        scores[ABSOLUTE_POS] = score_of(keys[from], squared);
    }
}
