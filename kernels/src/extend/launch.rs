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
    let counts = counts(client, low, high)?;
    let outputs = total(client, &counts)?;
    expand(client, low, &counts, outputs)
}

/// low, high `[n]` -> how many outputs each range has, `[n]`.
///
/// # Errors
/// Unequal lengths, more ranges than 32-bit indices or one array hold.
pub fn counts<R: Runtime>(client: &ComputeClient<R>, low: &Ids<R>, high: &Ids<R>) -> Result<Ids<R>, KernelError> {
    check_len("extend", CONTRACT, "high", high.len(), low.len())?;
    check_room(client, "counts of ranges", low.len(), 4)?;
    let (n, units, counts) = (low.len(), units(client), Ids::empty(client, low.len()));
    if n == 0 {
        return Ok(counts);
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
    Ok(counts)
}

/// low and counts `[n]`, `outputs` the exact sum of the counts -> (row, position) of each output.
///
/// # Errors
/// Unequal lengths, more outputs than 32-bit indices or one array hold.
pub fn expand<R: Runtime>(client: &ComputeClient<R>, low: &Ids<R>, counts: &Ids<R>, outputs: u64) -> Result<(Ids<R>, Ids<R>), KernelError> {
    check_len("extend", CONTRACT, "counts", counts.len(), low.len())?;
    let outputs = usize::try_from(outputs).unwrap_or(usize::MAX);
    check_room(client, "outputs of extend", outputs, 4)?;
    let (n, units) = (low.len(), units(client));
    let (row, position) = (Ids::empty(client, outputs), Ids::empty(client, outputs));
    if outputs == 0 || n == 0 {
        return Ok((Ids::empty(client, 0), Ids::empty(client, 0)));
    }
    let ptr = scan(client, counts)?;
    // SAFETY: row and position hold `outputs`, each of which the kernel guards; it stays among the n rows, whose scan ptr is.
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
