//! validate -> flags, scan, copy.

use cubecl::prelude::*;

use super::{CONTRACT, cube};
use crate::device::Ids;
use crate::device::grid::{check_room, cube_count, units};
use crate::error::{KernelError, check_len};
use crate::scan::launch::scan;

/// flag `[n]` -> the positions `[t]` of those that are not 0; waits for the device, as t must be known.
///
/// # Errors
/// More elements than 32-bit indices or one array hold, a read that fails.
pub fn positions<R: Runtime>(client: &ComputeClient<R>, flag: &Ids<R>) -> Result<Ids<R>, KernelError> {
    match kept(client, flag)? {
        Some(kept) => Ok(kept.take(client, None, kept.len)),
        None => Ok(Ids::empty(client, 0)),
    }
}

/// x, flag `[n]` -> y `[t]`; waits for the device, as t must be known.
///
/// # Errors
/// Unequal lengths, more elements than 32-bit indices hold, a read that fails.
pub fn compact<R: Runtime>(client: &ComputeClient<R>, x: &Ids<R>, flag: &Ids<R>) -> Result<Ids<R>, KernelError> {
    check_len("compact", CONTRACT, "flag", flag.len(), x.len())?;
    match kept(client, flag)? {
        Some(kept) => Ok(kept.take(client, Some(x), kept.len)),
        None => Ok(Ids::empty(client, 0)),
    }
}

fn kept<R: Runtime>(client: &ComputeClient<R>, flag: &Ids<R>) -> Result<Option<Kept<R>>, KernelError> {
    check_room(client, "elements", flag.len(), 4)?;
    let (n, units, ones) = (flag.len(), units(client), Ids::empty(client, flag.len()));
    if n == 0 {
        return Ok(None);
    }
    // SAFETY: ones hold as much as the flags; the kernel guards the element.
    unsafe {
        cube::ones::launch_unchecked::<R>(
            client,
            cube_count(client, n.div_ceil(units as usize)),
            CubeDim::new_1d(units),
            flag.arg(),
            ones.arg(),
            n,
        );
    }
    Kept::of(client, &ones).map(Some)
}

/// Which elements are kept, and where they go.
pub(crate) struct Kept<R: Runtime> {
    ptr: Ids<R>,
    pub(crate) len: usize,
}

impl<R: Runtime> Kept<R> {
    /// By flags `[n]` that are 0 or 1, n at least 1; waits for the device.
    pub(crate) fn of(client: &ComputeClient<R>, ones: &Ids<R>) -> Result<Self, KernelError> {
        let ptr = scan(client, ones)?;
        let len = ptr.last(client)?.unwrap_or(0) as usize;
        Ok(Self { ptr, len })
    }

    /// x of those that are kept, or their positions: `len` of them, as many as the flags of the elements of x say.
    pub(crate) fn take(&self, client: &ComputeClient<R>, x: Option<&Ids<R>>, len: usize) -> Ids<R> {
        let (n, units, y) = (x.map_or(self.ptr.len() - 1, Ids::len), units(client), Ids::empty(client, len));
        if len == 0 {
            return y;
        }
        // SAFETY: ptr is the scan of at least n flags, of which y holds the total; the kernel guards the element.
        unsafe {
            cube::keep::launch_unchecked::<R>(
                client,
                cube_count(client, n.div_ceil(units as usize)),
                CubeDim::new_1d(units),
                x.unwrap_or(&self.ptr).arg(),
                self.ptr.arg(),
                y.arg(),
                n,
                x.is_none(),
            );
        }
        y
    }
}
