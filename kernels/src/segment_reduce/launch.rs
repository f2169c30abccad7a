//! config -> launch.

use cubecl::prelude::*;

use super::{Fold, cube};
use crate::device::Ids;
use crate::device::grid::{check_elements, cube_count, units};
use crate::error::KernelError;
use crate::scan::launch::scan;

/// ptr `[s + 1]`, ascending from 0 to n, x `[n]` -> y `[s]`; elements past the end of x count for nothing.
///
/// # Errors
/// No pointers, or more elements than 32-bit indices hold.
pub fn segment_reduce<R: Runtime>(client: &ComputeClient<R>, ptr: &Ids<R>, x: &Ids<R>, fold: Fold) -> Result<Ids<R>, KernelError> {
    if ptr.is_empty() {
        super::host::check_ptr(&[], x.len())?;
    }
    check_elements("elements", x.len())?;
    let (segments, units) = (ptr.len() - 1, units(client));
    let y = Ids::empty(client, segments);
    if y.is_empty() {
        return Ok(y);
    }
    let lanes = (x.len() / segments).clamp(1, units as usize).next_power_of_two() as u32;
    let groups = units / lanes;
    // SAFETY: y holds a number per segment; the kernel guards the segment and the element, and all units of a cube reach the barriers.
    unsafe {
        cube::segment_reduce::launch_unchecked::<R>(
            client,
            cube_count(client, segments.div_ceil(groups as usize)),
            CubeDim::new_2d(lanes, groups),
            ptr.arg(),
            x.arg(),
            y.arg(),
            segments,
            x.len(),
            fold,
            units as usize,
        );
    }
    Ok(y)
}

/// As [`segment_reduce`] with [`Fold::Sum`], by a scan of x: one segment may have all elements while the others are short.
///
/// # Errors
/// As [`segment_reduce`].
pub fn segment_sums<R: Runtime>(client: &ComputeClient<R>, ptr: &Ids<R>, x: &Ids<R>) -> Result<Ids<R>, KernelError> {
    if ptr.is_empty() {
        super::host::check_ptr(&[], x.len())?;
    }
    let (sums, segments, units) = (scan(client, x)?, ptr.len() - 1, units(client));
    let y = Ids::empty(client, segments);
    if y.is_empty() {
        return Ok(y);
    }
    // SAFETY: y holds a number per segment, ptr one more, and the scan one more than x; the kernel guards the segment and keeps pointers at n or below.
    unsafe {
        cube::differences::launch_unchecked::<R>(
            client,
            cube_count(client, segments.div_ceil(units as usize)),
            CubeDim::new_1d(units),
            ptr.arg(),
            sums.arg(),
            y.arg(),
            segments,
            x.len(),
        );
    }
    Ok(y)
}
