//! CubeCL form: a group of lanes per row, a lane per word of four integers.

use cubecl::prelude::*;

use super::{LARGEST, PACKED, ROUNDER, SMALLEST};

const MAGNITUDE: u32 = 0x7fff_ffff;
const INFINITE: u32 = 0x7f80_0000;
const QUIET_NAN: u32 = 0x7fc0_0000;

/// x `[rows, F]` -> q `[rows, words]`, scale `[rows]`.
#[cube(launch_unchecked)]
pub(crate) fn quantize<F: Float>(
    x: &Array<F>,
    q: &mut Array<u32>,
    scales: &mut Array<f32>,
    rows: usize,
    width: usize,
    #[comptime] units: usize,
    #[define(F)] _f: StorageType,
) {
    let mut shared = SharedMemory::<u32>::new(units);
    let (lane, unit) = (UNIT_POS_X as usize, UNIT_POS as usize);
    let row = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    // NaN and infinities stand above all numbers.
    let mut part = 0u32;
    if row < rows {
        let mut f = lane;
        while f < width {
            part = max(part, u32::reinterpret(f32::cast_from(x[row * width + f])) & MAGNITUDE);
            f += CUBE_DIM_X as usize;
        }
    }
    shared[unit] = part;
    sync_cube();
    let mut stride = CUBE_DIM_X / 2;
    while stride > 0 {
        if UNIT_POS_X < stride {
            let other = shared[unit + stride as usize];
            shared[unit] = max(shared[unit], other);
        }
        sync_cube();
        stride /= 2;
    }
    if row < rows {
        let largest = shared[unit - lane];
        let mut factor = 0.0f32;
        let mut scale = 0.0f32;
        if largest >= INFINITE {
            // Not from the constant alone, whose address CUDA C++ could not take.
            scale = f32::reinterpret(largest | QUIET_NAN);
        } else if largest >= comptime!(SMALLEST.to_bits()) {
            scale = f32::reinterpret(largest) / LARGEST;
            factor = LARGEST / f32::reinterpret(largest);
        }
        if lane == 0 {
            scales[row] = scale;
        }
        let words = (width + comptime!(PACKED - 1)) / PACKED;
        let mut w = lane;
        while w < words {
            let mut word = 0u32;
            if factor > 0.0f32 {
                #[unroll]
                for b in 0..PACKED {
                    let f = w * PACKED + b;
                    if f < width {
                        let rounded = u32::reinterpret(f32::cast_from(x[row * width + f]) * factor + ROUNDER);
                        word |= (rounded & 0xffu32) << comptime!(8 * b as u32);
                    }
                }
            }
            q[row * words + w] = word;
            w += CUBE_DIM_X as usize;
        }
    }
}

/// q `[rows, words]`, scale `[rows]` -> x' `[rows, F]`, `total` elements.
#[cube(launch_unchecked)]
pub(crate) fn dequantize<F: Float>(
    q: &Array<u32>,
    scales: &Array<f32>,
    x: &mut Array<F>,
    width: usize,
    total: usize,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < total {
        let (row, f) = (ABSOLUTE_POS / width, ABSOLUTE_POS % width);
        let words = (width + comptime!(PACKED - 1)) / PACKED;
        let word = biased(q[row * words + f / PACKED]);
        x[ABSOLUTE_POS] = F::cast_from(f32::cast_from(integer(word, (f % PACKED) as u32 * 8u32)) * scales[row]);
    }
}

/// Each of the four integers plus 128, so that it has no sign.
#[cube]
pub(crate) fn biased(word: u32) -> u32 {
    word ^ 0x8080_8080u32
}

/// The integer at a bit of a biased word.
#[cube]
pub(crate) fn integer(biased: u32, bit: u32) -> i32 {
    i32::cast_from((biased >> bit) & 0xffu32) - 128i32
}
