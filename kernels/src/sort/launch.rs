//! validate -> passes of count, scan and scatter.

use cubecl::prelude::*;

use super::CONTRACT;
use super::cube::{self, BINS, DIGIT, ITEMS, Parts};
use crate::device::Ids;
use crate::device::grid::{check_room, cube_count, units};
use crate::error::{KernelError, check_len};
use crate::scan::launch::scan;

/// Arrays that are sorted together.
#[derive(Debug, Clone)]
pub struct Sorted<R: Runtime> {
    /// The lower 32 bits of the keys, `[n]`.
    pub low: Ids<R>,
    /// The higher 32 bits, where keys have 64.
    pub high: Option<Ids<R>>,
    /// What belongs to each key.
    pub payload: Option<Ids<R>>,
}

/// The arrays in ascending order of the keys; equal keys stay in order.
///
/// # Errors
/// Unequal lengths, or more elements than 32-bit indices hold.
pub fn sort<R: Runtime>(client: &ComputeClient<R>, arrays: &Sorted<R>) -> Result<Sorted<R>, KernelError> {
    let n = arrays.low.len();
    for (argument, array) in [("high", &arrays.high), ("payload", &arrays.payload)] {
        array.as_ref().map_or(Ok(()), |a| check_len("sort", CONTRACT, argument, a.len(), n))?;
    }
    check_room(client, "keys", n, 4)?;
    if n < 2 {
        return Ok(arrays.clone());
    }
    let empty = |array: &Option<Ids<R>>| array.as_ref().map(|a| Ids::empty(client, a.len()));
    let fresh = || Sorted { low: Ids::empty(client, n), high: empty(&arrays.high), payload: empty(&arrays.payload) };
    let (mut from, mut to) = (arrays.clone(), fresh());
    let words = if arrays.high.is_some() { 2 } else { 1 };
    for pass in 0..words * 32 / DIGIT {
        let (by_high, shift) = (pass * DIGIT >= 32, pass * DIGIT % 32);
        step(client, &from, &to, by_high, shift)?;
        // The caller's arrays are read alone, and two of our own take turns.
        let next = if pass == 0 { fresh() } else { from };
        (from, to) = (to, next);
    }
    Ok(from)
}

/// The permutation π that sorts keys, whose higher words are `high` where they have 64 bits: sorted key i is key π(i). Equal keys stay in order.
///
/// # Errors
/// As [`sort`].
pub fn order<R: Runtime>(client: &ComputeClient<R>, low: &Ids<R>, high: Option<&Ids<R>>) -> Result<Ids<R>, KernelError> {
    check_room(client, "positions", low.len(), 4)?;
    let (position, units) = (Ids::empty(client, low.len()), units(client));
    if position.is_empty() {
        return Ok(position);
    }
    // SAFETY: there are as many positions as keys; the kernel guards the position.
    unsafe {
        cube::positions::launch_unchecked::<R>(
            client,
            cube_count(client, position.len().div_ceil(units as usize)),
            CubeDim::new_1d(units),
            position.arg(),
            position.len(),
        );
    }
    let sorted = sort(client, &Sorted { low: low.clone(), high: high.cloned(), payload: Some(position) })?;
    Ok(sorted.payload.unwrap_or_else(|| Ids::empty(client, 0)))
}

fn step<R: Runtime>(client: &ComputeClient<R>, from: &Sorted<R>, to: &Sorted<R>, by_high: bool, shift: u32) -> Result<(), KernelError> {
    let (n, units) = (from.low.len(), units(client) as usize);
    let blocks = n.div_ceil(units * ITEMS);
    check_room(client, "counts of digits", BINS * blocks, 4)?;
    let word = from.high.as_ref().filter(|_| by_high).unwrap_or(&from.low);
    let (counts, unused) = (Ids::empty(client, BINS * blocks), [(); 2].map(|()| Ids::empty(client, 1)));
    // SAFETY: counts hold 16 numbers per block; the kernel guards the block and the key, and all units of a cube reach the scan.
    unsafe {
        cube::count::launch_unchecked::<R>(
            client,
            cube_count(client, blocks),
            CubeDim::new_1d(units as u32),
            word.arg(),
            counts.arg(),
            n,
            blocks,
            shift,
            units,
        );
    }
    let starts = scan(client, &counts)?;
    let parts = Parts { high: from.high.is_some(), payload: from.payload.is_some(), by_high, units };
    let or = |array: &Option<Ids<R>>, i: usize| array.as_ref().unwrap_or(&unused[i]).arg();
    // SAFETY: `sort` checked the lengths; the places are a permutation of 0..n, as the counts are those of the same keys; the kernel guards the
    // block and the key, and all units of a cube reach the scan and the barrier.
    unsafe {
        cube::scatter::launch_unchecked::<R>(
            client,
            cube_count(client, blocks),
            CubeDim::new_1d(units as u32),
            from.low.arg(),
            or(&from.high, 0),
            or(&from.payload, 0),
            starts.arg(),
            to.low.arg(),
            or(&to.high, 0),
            or(&to.payload, 1),
            n,
            blocks,
            shift,
            parts,
        );
    }
    Ok(())
}
