//! config -> launch, block by block until one cube holds the sums.

use cubecl::prelude::*;

use super::cube::{self, ITEMS};
use crate::device::Ids;
use crate::device::grid::{check_room, cube_count, units};
use crate::error::KernelError;

/// Units whose sums are read back for an exact total, at least.
const READ_BACK: usize = 1 << 10;

/// x `[n]` -> y `[n + 1]`; sums wrap at 2^32.
///
/// # Errors
/// More elements than 32-bit indices hold.
pub fn scan<R: Runtime>(client: &ComputeClient<R>, x: &Ids<R>) -> Result<Ids<R>, KernelError> {
    check_room(client, "results of scan", x.len() + 1, 4)?;
    let (n, units) = (x.len(), units(client) as usize);
    let blocks = (n + 1).div_ceil(units * ITEMS);
    let y = Ids::empty(client, n + 1);
    let several = blocks > 1;
    let before = if several { scan(client, &sums(client, x, blocks))? } else { Ids::empty(client, 1) };
    // SAFETY: y holds n + 1 results, `before` one per block where there are several; the kernel guards the block and the item, and all units of a
    // cube reach the scan.
    unsafe {
        cube::block_scan::launch_unchecked::<R>(
            client,
            cube_count(client, blocks),
            CubeDim::new_1d(units as u32),
            x.arg(),
            before.arg(),
            y.arg(),
            n,
            blocks,
            several,
            units,
        );
    }
    Ok(y)
}

fn sums<R: Runtime>(client: &ComputeClient<R>, x: &Ids<R>, blocks: usize) -> Ids<R> {
    let (sums, units) = (Ids::empty(client, blocks), units(client) as usize);
    // SAFETY: `sums` holds a number per block; the kernel guards the block and the item, and all units of a cube reach the scan.
    unsafe {
        cube::block_sums::launch_unchecked::<R>(
            client,
            cube_count(client, blocks),
            CubeDim::new_1d(units as u32),
            x.arg(),
            sums.arg(),
            x.len(),
            blocks,
            units,
        );
    }
    sums
}

/// Σ x, exact; waits for the device.
///
/// # Errors
/// A read that fails.
pub fn total<R: Runtime>(client: &ComputeClient<R>, x: &Ids<R>) -> Result<u64, KernelError> {
    if x.is_empty() {
        return Ok(0);
    }
    let units = units(client) as usize;
    // At most 2^15 items for each.
    let all = x.len().div_ceil(1 << 15).max(READ_BACK.min(x.len())).next_multiple_of(units);
    let sums = Ids::empty(client, 2 * all);
    // SAFETY: `sums` holds two numbers per unit; the kernel guards the unit and the item.
    unsafe {
        cube::halves::launch_unchecked::<R>(
            client,
            cube_count(client, all / units),
            CubeDim::new_1d(units as u32),
            x.arg(),
            sums.arg(),
            x.len(),
            all,
        );
    }
    let sums = sums.read(client)?;
    let of = |part: &[u32]| part.iter().map(|&s| u64::from(s)).sum::<u64>();
    Ok(of(&sums[..all]) + (of(&sums[all..]) << 16))
}
