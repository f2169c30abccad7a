//! config -> launch.

use cubecl::prelude::*;

use super::{Side, cube};
use crate::device::Ids;
use crate::device::grid::{check_elements, check_room, cube_count, units};
use crate::error::KernelError;

/// x `[n]` ascending, needles `[m]` -> y `[m]`.
///
/// # Errors
/// More elements than 32-bit indices hold.
pub fn search_sorted<R: Runtime>(client: &ComputeClient<R>, x: &Ids<R>, needles: &Ids<R>, side: Side) -> Result<Ids<R>, KernelError> {
    check_elements("sorted elements", x.len())?;
    check_room(client, "results", needles.len(), 4)?;
    let (y, units) = (Ids::empty(client, needles.len()), units(client));
    if y.is_empty() {
        return Ok(y);
    }
    // SAFETY: y holds a place per needle; the kernel guards the needle and keeps the search within n.
    unsafe {
        cube::search_sorted::launch_unchecked::<R>(
            client,
            cube_count(client, y.len().div_ceil(units as usize)),
            CubeDim::new_1d(units),
            x.arg(),
            needles.arg(),
            y.arg(),
            x.len(),
            y.len(),
            side == Side::Right,
        );
    }
    Ok(y)
}
