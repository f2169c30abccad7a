//! search -> flags -> copy.

use cubecl::prelude::*;

use super::cube;
use crate::compact::launch::Kept;
use crate::device::Ids;
use crate::device::grid::{cube_count, units};
use crate::error::KernelError;
use crate::search_sorted::{Side, launch::search_sorted};

/// a `[n]`, b `[m]`, both strictly ascending -> the positions of what both have, in a and in b; waits for the device, as their number must be
/// known.
///
/// # Errors
/// More elements than 32-bit indices hold, a read that fails.
pub fn intersect<R: Runtime>(client: &ComputeClient<R>, a: &Ids<R>, b: &Ids<R>) -> Result<(Ids<R>, Ids<R>), KernelError> {
    if a.len() > b.len() {
        let (of_b, of_a) = intersect(client, b, a)?;
        return Ok((of_a, of_b));
    }
    let place = search_sorted(client, b, a, Side::Left)?;
    if a.is_empty() {
        return Ok((place.clone(), place));
    }
    let (ones, units) = (Ids::empty(client, a.len()), units(client));
    // SAFETY: place and ones hold as much as a; the kernel guards the element and the place.
    unsafe {
        cube::members::launch_unchecked::<R>(
            client,
            cube_count(client, a.len().div_ceil(units as usize)),
            CubeDim::new_1d(units),
            a.arg(),
            b.arg(),
            place.arg(),
            ones.arg(),
            a.len(),
            b.len(),
        );
    }
    let kept = Kept::of(client, &ones)?;
    Ok((kept.take(client, None, kept.len), kept.take(client, Some(&place), kept.len)))
}
