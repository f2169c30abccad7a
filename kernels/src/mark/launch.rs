//! validate -> launch.

use std::ops::Range;

use cubecl::prelude::*;

use super::{CONTRACT, Test, cube};
use crate::device::Ids;
use crate::device::grid::{check_room, cube_count, units};
use crate::error::{KernelError, check_len};

/// x, z `[n]` -> flag `[n]`.
///
/// # Errors
/// Unequal lengths, more elements than 32-bit indices or one array hold.
pub fn pairs<R: Runtime>(client: &ComputeClient<R>, x: &Ids<R>, z: &Ids<R>, test: Test) -> Result<Ids<R>, KernelError> {
    check_len("mark", CONTRACT, "z", z.len(), x.len())?;
    flags(client, x.len(), |count, dim, flag| {
        // SAFETY: x, z and flag hold n elements; the kernel guards the element.
        unsafe { cube::pairs::launch_unchecked::<R>(client, count, dim, x.arg(), z.arg(), flag.arg(), x.len(), test) }
    })
}

/// x `[n]` -> flag `[n]`.
///
/// # Errors
/// More elements than 32-bit indices or one array hold.
pub fn within<R: Runtime>(client: &ComputeClient<R>, x: &Ids<R>, range: Range<u32>) -> Result<Ids<R>, KernelError> {
    flags(client, x.len(), |count, dim, flag| {
        // SAFETY: x and flag hold n elements; the kernel guards the element.
        unsafe { cube::within::launch_unchecked::<R>(client, count, dim, x.arg(), flag.arg(), x.len(), range.start, range.end) }
    })
}

/// x `[n]` -> flag `[n]`.
///
/// # Errors
/// More elements than 32-bit indices or one array hold.
pub fn firsts<R: Runtime>(client: &ComputeClient<R>, x: &Ids<R>) -> Result<Ids<R>, KernelError> {
    flags(client, x.len(), |count, dim, flag| {
        // SAFETY: x and flag hold n elements; the kernel guards the element and the one before it.
        unsafe { cube::firsts::launch_unchecked::<R>(client, count, dim, x.arg(), flag.arg(), x.len()) }
    })
}

fn flags<R: Runtime>(client: &ComputeClient<R>, n: usize, launch: impl FnOnce(CubeCount, CubeDim, &Ids<R>)) -> Result<Ids<R>, KernelError> {
    check_room(client, "flags", n, 4)?;
    let (flag, units) = (Ids::empty(client, n), units(client));
    if n > 0 {
        launch(cube_count(client, n.div_ceil(units as usize)), CubeDim::new_1d(units), &flag);
    }
    Ok(flag)
}
