//! CubeCL form: a cube multiplies a block of rows of x with a block of rows of w, both as words of four integers in shared memory.

use cubecl::prelude::*;

use crate::quantize::PACKED;
use crate::quantize::cube::{biased, integer};

/// Words that are in shared memory at a time.
pub(crate) const CHUNK: usize = 16;

/// The arrangement of one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Tile {
    /// Rows of x in a block.
    pub(crate) own: usize,
    /// Rows of w in a block.
    pub(crate) other: usize,
    /// Units along the rows of w.
    pub(crate) lanes: usize,
    /// Units along the rows of x.
    pub(crate) rows: usize,
}

/// Biased words from `start` on of up to `valid` rows from row `first` on, and zeros around them.
#[cube]
fn load(
    from: &Array<u32>,
    to: &mut SharedMemory<u32>,
    first: usize,
    valid: usize,
    start: usize,
    words: usize,
    #[comptime] rows: usize,
    #[comptime] units: usize,
) {
    #[unroll]
    for i in 0..comptime!((rows * CHUNK).div_ceil(units)) {
        let at = UNIT_POS as usize + comptime!(i * units);
        let (r, w) = (at / CHUNK, at % CHUNK);
        if r < rows {
            let mut word = 0u32;
            if r < valid {
                if start + w < words {
                    word = from[(first + r) * words + start + w];
                }
            }
            to[r * comptime!(CHUNK + 1) + w] = biased(word);
        }
    }
}

/// y `[T, O]`; `across` blocks of w to a block of x.
#[cube(launch_unchecked)]
pub(crate) fn int8_matmul<F: Float>(
    x: &Array<u32>,
    of_x: &Array<f32>,
    w: &Array<u32>,
    of_w: &Array<f32>,
    y: &mut Array<F>,
    rows: usize,
    outputs: usize,
    words: usize,
    across: usize,
    total: usize,
    #[comptime] tile: Tile,
    #[define(F)] _f: StorageType,
) {
    let (owned, others, units) = comptime!((tile.own / tile.rows, tile.other / tile.lanes, tile.lanes * tile.rows));
    let mut xs = SharedMemory::<u32>::new(comptime!(tile.own * (CHUNK + 1)));
    let mut ws = SharedMemory::<u32>::new(comptime!(tile.other * (CHUNK + 1)));
    if CUBE_POS < total {
        let (first_x, first_w) = (CUBE_POS / across * comptime!(tile.own), CUBE_POS % across * comptime!(tile.other));
        let mut sums = Array::<i32>::new(comptime!(owned * others));
        #[unroll]
        for i in 0..comptime!(owned * others) {
            sums[i] = 0i32;
        }
        let mut start = 0usize;
        while start < words {
            load(x, &mut xs, first_x, rows - first_x, start, words, comptime!(tile.own), units);
            load(w, &mut ws, first_w, outputs - first_w, start, words, comptime!(tile.other), units);
            sync_cube();
            for k in 0..CHUNK {
                #[unroll]
                for b in 0..PACKED {
                    let mut of_w = Array::<i32>::new(others);
                    #[unroll]
                    for j in 0..others {
                        let at = (UNIT_POS_X as usize + comptime!(j * tile.lanes)) * comptime!(CHUNK + 1) + k;
                        of_w[j] = integer(ws[at], comptime!(8 * b as u32).runtime());
                    }
                    #[unroll]
                    for i in 0..owned {
                        let at = (UNIT_POS_Y as usize * owned + i) * comptime!(CHUNK + 1) + k;
                        let q = integer(xs[at], comptime!(8 * b as u32).runtime());
                        #[unroll]
                        for j in 0..others {
                            sums[comptime!(i * others + j)] += q * of_w[j];
                        }
                    }
                }
            }
            sync_cube();
            start += CHUNK;
        }
        #[unroll]
        for i in 0..owned {
            let t = first_x + UNIT_POS_Y as usize * owned + i;
            #[unroll]
            for j in 0..others {
                let o = first_w + UNIT_POS_X as usize + comptime!(j * tile.lanes);
                if t < rows {
                    if o < outputs {
                        y[t * outputs + o] = F::cast_from(f32::cast_from(sums[comptime!(i * others + j)]) * of_x[t] * of_w[o]);
                    }
                }
            }
        }
    }
}
