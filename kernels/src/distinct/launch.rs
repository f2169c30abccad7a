//! flags -> scan -> copy.

use cubecl::prelude::*;

use super::cube;
use crate::compact::launch::Kept;
use crate::device::Ids;
use crate::device::grid::{check_room, cube_count, units};
use crate::error::KernelError;

/// x `[n]` ascending -> (y `[t]`, ptr `[t + 1]`); waits for the device, as t must be known.
///
/// # Errors
/// More elements than 32-bit indices hold, a read that fails.
pub fn distinct<R: Runtime>(client: &ComputeClient<R>, x: &Ids<R>) -> Result<(Ids<R>, Ids<R>), KernelError> {
    check_room(client, "elements", x.len() + 1, 4)?;
    let (n, units) = (x.len(), units(client));
    if n == 0 {
        return Ok((Ids::empty(client, 0), Ids::upload(client, &[0])));
    }
    let ones = Ids::empty(client, n + 1);
    // SAFETY: ones hold a flag per element and one for the end; the kernel guards both.
    unsafe {
        cube::firsts::launch_unchecked::<R>(
            client,
            cube_count(client, (n + 1).div_ceil(units as usize)),
            CubeDim::new_1d(units),
            x.arg(),
            ones.arg(),
            n,
        );
    }
    let kept = Kept::of(client, &ones)?;
    // The end is the last of those that are kept, and no element.
    Ok((kept.take(client, Some(x), kept.len - 1), kept.take(client, None, kept.len)))
}
