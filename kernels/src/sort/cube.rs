//! CubeCL form: four bits at a time, from the lowest up. Each cube ranks the keys of a block; the counts of all blocks are scanned; then keys
//! and payload go to their places.

use cubecl::prelude::*;

use crate::device::prefix::units_scan;

/// Neighbouring keys of a unit.
pub(crate) const ITEMS: usize = 8;

/// Bits sorted by at once.
pub(crate) const DIGIT: u32 = 4;

/// Values of a digit.
pub(crate) const BINS: usize = 1 << DIGIT;

/// What travels together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Parts {
    /// Keys have a second word.
    pub(crate) high: bool,
    pub(crate) payload: bool,
    /// The digit is one of the second word.
    pub(crate) by_high: bool,
    pub(crate) units: usize,
}

#[cube]
fn digit_of(key: u32, shift: u32) -> usize {
    ((key >> shift) & comptime!(BINS as u32 - 1)) as usize
}

/// places `[16, units]`: how many keys of the block come before the first key of this digit in this unit.
#[cube]
fn rank(
    keys: &Array<u32>,
    places: &mut SharedMemory<u32>,
    shared: &mut SharedMemory<u32>,
    start: usize,
    n: usize,
    shift: u32,
    #[comptime] units: usize,
) {
    let unit = UNIT_POS as usize;
    #[unroll]
    for d in 0..BINS {
        places[d * units + unit] = 0u32;
    }
    #[unroll]
    for i in 0..ITEMS {
        if start + i < n {
            let d = digit_of(keys[start + i], shift);
            places[d * units + unit] += 1u32;
        }
    }
    sync_cube();
    let mut sum = 0u32;
    #[unroll]
    for i in 0..BINS {
        sum += places[unit * BINS + i];
    }
    let mut at = units_scan(sum, shared).0;
    #[unroll]
    for i in 0..BINS {
        let count = places[unit * BINS + i];
        places[unit * BINS + i] = at;
        at += count;
    }
    sync_cube();
}

/// counts `[16, blocks]`: keys of each digit in each block.
#[cube(launch_unchecked)]
pub(crate) fn count(keys: &Array<u32>, counts: &mut Array<u32>, n: usize, blocks: usize, shift: u32, #[comptime] units: usize) {
    let mut shared = SharedMemory::<u32>::new(units);
    let mut places = SharedMemory::<u32>::new(comptime!(BINS * units));
    if CUBE_POS < blocks {
        let first = CUBE_POS * comptime!(units * ITEMS);
        rank(keys, &mut places, &mut shared, first + UNIT_POS as usize * ITEMS, n, shift, units);
        let d = UNIT_POS as usize;
        if d < BINS {
            let mut end = min(n - first, comptime!(units * ITEMS)) as u32;
            if d + 1 < BINS {
                end = places[(d + 1) * units];
            }
            counts[d * blocks + CUBE_POS] = end - places[d * units];
        }
    }
}

/// Keys and payload to their places; `starts` is the scan of the counts.
#[cube(launch_unchecked)]
pub(crate) fn scatter(
    low: &Array<u32>,
    high: &Array<u32>,
    payload: &Array<u32>,
    starts: &Array<u32>,
    to_low: &mut Array<u32>,
    to_high: &mut Array<u32>,
    to_payload: &mut Array<u32>,
    n: usize,
    blocks: usize,
    shift: u32,
    #[comptime] parts: Parts,
) {
    let units = comptime!(parts.units);
    let mut shared = SharedMemory::<u32>::new(units);
    let mut places = SharedMemory::<u32>::new(comptime!(BINS * units));
    if CUBE_POS < blocks {
        let start = CUBE_POS * comptime!(units * ITEMS) + UNIT_POS as usize * ITEMS;
        if comptime!(parts.by_high) {
            rank(high, &mut places, &mut shared, start, n, shift, units);
        } else {
            rank(low, &mut places, &mut shared, start, n, shift, units);
        }
        // Where each digit of this block begins, before units move on in theirs.
        let mut first = Array::<u32>::new(BINS);
        #[unroll]
        for d in 0..BINS {
            first[d] = starts[d * blocks + CUBE_POS] - places[d * units];
        }
        sync_cube();
        #[unroll]
        for i in 0..ITEMS {
            if start + i < n {
                let key = low[start + i];
                let mut word = key;
                if comptime!(parts.by_high) {
                    word = high[start + i];
                }
                let d = digit_of(word, shift);
                let own = d * units + UNIT_POS as usize;
                let place = (first[d] + places[own]) as usize;
                places[own] += 1u32;
                to_low[place] = key;
                if comptime!(parts.high) {
                    to_high[place] = high[start + i];
                }
                if comptime!(parts.payload) {
                    to_payload[place] = payload[start + i];
                }
            }
        }
    }
}

/// Each its own number.
#[cube(launch_unchecked)]
pub(crate) fn positions(position: &mut Array<u32>, n: usize) {
    if ABSOLUTE_POS < n {
        position[ABSOLUTE_POS] = ABSOLUTE_POS as u32;
    }
}
