//! validate -> config -> launch.

use cubecl::prelude::*;

use super::{Turn, cube};
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_index_space, cube_count, units, vector_size};
use crate::device::{Buf, capability};
use crate::element::DType;
use crate::error::KernelError;

/// x `[O, T, D]`, angles `[P, D]` in f32 -> y `[O, T, D]`.
///
/// # Errors
/// Arrays of another length or type than the contract's, a width that is odd, places past the end of the angles, a storage type that the
/// device lacks, sizes over 32 bits.
pub fn rope<R: Runtime>(client: &ComputeClient<R>, turn: Turn, x: &Buf<R>, angles: &Buf<R>) -> Result<Buf<R>, KernelError> {
    capability::check_storage(client, x.dtype())?;
    turn.check(x.len(), angles.len())?;
    check_type("rope", "angles", angles, DType::F32)?;
    check_index_space(&[("elements", x), ("angles", angles)])?;
    let y = Buf::empty(client, x.len(), x.dtype());
    if y.is_empty() {
        return Ok(y);
    }
    let half = turn.width / 2;
    // A vector of angles is twice as wide as one of f16.
    let (vector, units) = (vector_size(client, DType::F32, &[half]).min(vector_size(client, x.dtype(), &[half])), units(client));
    let total = x.len() / 2 / vector;
    // SAFETY: `check` and `check_type` saw that x holds whole rows, y as much, and the angles a row for every place; the kernel guards the
    // vector.
    unsafe {
        cube::rope::launch_unchecked::<R>(
            client,
            cube_count(client, total.div_ceil(units as usize)),
            CubeDim::new_1d(units),
            vector,
            x.arg(),
            angles.arg(),
            y.arg(),
            total,
            half / vector,
            turn.places,
            turn.start,
            turn.back,
            storage_type(x.dtype()),
        );
    }
    Ok(y)
}
