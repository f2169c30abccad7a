//! turn over -> sort -> the first k.

use cubecl::prelude::*;

use super::cube;
use crate::device::Ids;
use crate::device::grid::{check_room, cube_count, units};
use crate::error::KernelError;
use crate::sort::launch::{Sorted, sort};

/// keys `[n]` -> positions `[min(k, n)]`.
///
/// # Errors
/// More elements than 32-bit indices hold.
pub fn top_k<R: Runtime>(client: &ComputeClient<R>, keys: &Ids<R>, k: usize) -> Result<Ids<R>, KernelError> {
    check_room(client, "keys", keys.len(), 4)?;
    let (n, units) = (keys.len(), units(client));
    if n.min(k) == 0 {
        return Ok(Ids::empty(client, 0));
    }
    let (over, position) = (Ids::empty(client, n), Ids::empty(client, n));
    // SAFETY: both outputs hold as much as the keys; the kernel guards the key.
    unsafe {
        cube::turn_over::launch_unchecked::<R>(
            client,
            cube_count(client, n.div_ceil(units as usize)),
            CubeDim::new_1d(units),
            keys.arg(),
            over.arg(),
            position.arg(),
            n,
        );
    }
    let sorted = sort(client, &Sorted { low: over, high: None, payload: Some(position) })?;
    Ok(sorted.payload.map_or_else(|| Ids::empty(client, 0), |p| p.first(k)))
}
