//! config -> launch.

use cubecl::prelude::*;

use super::cube;
use crate::device::Ids;
use crate::device::grid::{check_room, cube_count, units};
use crate::error::KernelError;

/// x `[n]`, y `[m]` -> z `[n + m]`.
///
/// # Errors
/// More elements than 32-bit indices or one array hold.
pub fn concat<R: Runtime>(client: &ComputeClient<R>, x: &Ids<R>, y: &Ids<R>) -> Result<Ids<R>, KernelError> {
    let all = x.len() + y.len();
    check_room(client, "elements of both", all, 4)?;
    let (z, units) = (Ids::empty(client, all), units(client));
    if all == 0 {
        return Ok(z);
    }
    // SAFETY: z holds the elements of both; the kernel guards the element and takes the first n from x, the others from y.
    unsafe {
        cube::concat::launch_unchecked::<R>(
            client,
            cube_count(client, all.div_ceil(units as usize)),
            CubeDim::new_1d(units),
            x.arg(),
            y.arg(),
            z.arg(),
            x.len(),
            all,
        );
    }
    Ok(z)
}
