//! validate -> count, scan, fill.

use cubecl::prelude::*;

use super::{CONTRACT, cube};
use crate::device::Ids;
use crate::device::grid::{check_room, cube_count, units};
use crate::error::{KernelError, check_len};
use crate::scan::launch::{scan, total};

/// low, high `[n]` -> (row `[T]`, position `[T]`); waits for the device, as T must be known.
///
/// # Errors
/// Unequal lengths, more outputs than 32-bit indices hold, a read that fails.
pub fn extend<R: Runtime>(client: &ComputeClient<R>, low: &Ids<R>, high: &Ids<R>) -> Result<(Ids<R>, Ids<R>), KernelError> {
    check_len("extend", CONTRACT, "high", high.len(), low.len())?;
    check_room(client, "counts of ranges", low.len(), 4)?;
    let (n, units, counts) = (low.len(), units(client), Ids::empty(client, low.len()));
    if n == 0 {
        return Ok((Ids::empty(client, 0), Ids::empty(client, 0)));
    }
    // SAFETY: counts hold as much as low and high; the kernel guards the range.
    unsafe {
        cube::counts::launch_unchecked::<R>(
            client,
            cube_count(client, n.div_ceil(units as usize)),
            CubeDim::new_1d(units),
            low.arg(),
            high.arg(),
            counts.arg(),
            n,
        );
    }
    let outputs = usize::try_from(total(client, &counts)?).unwrap_or(usize::MAX);
    check_room(client, "outputs of extend", outputs, 4)?;
    let (row, position) = (Ids::empty(client, outputs), Ids::empty(client, outputs));
    if outputs == 0 {
        return Ok((row, position));
    }
    let ptr = scan(client, &counts)?;
    // SAFETY: row and position hold the total of the counts, whose scan ptr is; the kernel guards the output and stays among the n rows.
    unsafe {
        cube::fill::launch_unchecked::<R>(
            client,
            cube_count(client, outputs.div_ceil(units as usize)),
            CubeDim::new_1d(units),
            low.arg(),
            ptr.arg(),
            row.arg(),
            position.arg(),
            n,
            outputs,
        );
    }
    Ok((row, position))
}
