//! config -> launch.

use cubecl::prelude::*;

use super::{CONTRACT, Side, cube};
use crate::device::Ids;
use crate::device::grid::{check_elements, check_room, cube_count, units};
use crate::error::{KernelError, check_len};

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

/// x `[n]`, low, high, needles `[m]` -> y, end `[m]`; what of a range lies past the end of x is not there.
///
/// # Errors
/// Unequal lengths, more elements than 32-bit indices hold.
pub fn search_ranges<R: Runtime>(
    client: &ComputeClient<R>,
    x: &Ids<R>,
    (low, high): (&Ids<R>, &Ids<R>),
    needles: &Ids<R>,
) -> Result<(Ids<R>, Ids<R>), KernelError> {
    check_elements("sorted elements", x.len())?;
    check_len("search_ranges", CONTRACT, "low", low.len(), needles.len())?;
    check_len("search_ranges", CONTRACT, "high", high.len(), needles.len())?;
    check_room(client, "results", needles.len(), 4)?;
    let (y, end, units) = (Ids::empty(client, needles.len()), Ids::empty(client, needles.len()), units(client));
    if y.is_empty() {
        return Ok((y, end));
    }
    // SAFETY: low, high, y and end hold as much as the needles; the kernel guards the needle and keeps the search below n.
    unsafe {
        cube::search_ranges::launch_unchecked::<R>(
            client,
            cube_count(client, y.len().div_ceil(units as usize)),
            CubeDim::new_1d(units),
            x.arg(),
            low.arg(),
            high.arg(),
            needles.arg(),
            y.arg(),
            end.arg(),
            x.len(),
            y.len(),
        );
    }
    Ok((y, end))
}
