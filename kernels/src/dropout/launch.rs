//! validate -> config -> launch.

use cubecl::prelude::*;

use super::Mask;
use super::cube::{self, KeysLaunch};
use crate::device::buffer::storage_type;
use crate::device::grid::{check_index_space, cube_count, units, vector_size};
use crate::device::{Buf, capability};
use crate::error::KernelError;

/// x `[n]` -> y `[n]`.
///
/// # Errors
/// A storage type that the device lacks, sizes over 32 bits.
pub fn dropout<R: Runtime>(client: &ComputeClient<R>, x: &Buf<R>, mask: Mask) -> Result<Buf<R>, KernelError> {
    capability::check_storage(client, x.dtype())?;
    check_index_space(&[("elements", x)])?;
    let y = Buf::empty(client, x.len(), x.dtype());
    if y.is_empty() {
        return Ok(y);
    }
    let vector = vector_size(client, x.dtype(), &[x.len()]);
    let units = units(client);
    // SAFETY: x and y hold the same number of elements, which the kernel guards.
    unsafe {
        cube::dropout::launch_unchecked::<R>(
            client,
            cube_count(client, (x.len() / vector).div_ceil(units as usize)),
            CubeDim::new_1d(units),
            vector,
            x.arg(),
            y.arg(),
            KeysLaunch::new(mask.k0, mask.k1, mask.threshold, mask.scale as f32),
            x.len() / vector,
            storage_type(x.dtype()),
        );
    }
    Ok(y)
}
