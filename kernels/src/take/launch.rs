//! config -> launch.

use cubecl::prelude::*;

use super::cube;
use crate::device::Ids;
use crate::device::grid::{check_elements, check_room, cube_count, units};
use crate::error::KernelError;

/// x `[n]`, index `[m]` -> y `[m]`.
///
/// # Errors
/// More elements than 32-bit indices or one array hold.
pub fn take<R: Runtime>(client: &ComputeClient<R>, x: &Ids<R>, index: &Ids<R>) -> Result<Ids<R>, KernelError> {
    check_elements("elements", x.len())?;
    check_room(client, "elements taken", index.len(), 4)?;
    let (y, units) = (Ids::empty(client, index.len()), units(client));
    if y.is_empty() {
        return Ok(y);
    }
    // SAFETY: y holds as much as the index; the kernel guards the place in the index and the place in x.
    unsafe {
        cube::take::launch_unchecked::<R>(
            client,
            cube_count(client, y.len().div_ceil(units as usize)),
            CubeDim::new_1d(units),
            x.arg(),
            index.arg(),
            y.arg(),
            x.len(),
            y.len(),
        );
    }
    Ok(y)
}
