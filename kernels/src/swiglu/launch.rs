//! validate -> config -> launch.

use cubecl::prelude::*;

use super::cube;
use super::{CONTRACT, Wanted};
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_index_space, cube_count, units, vector_size};
use crate::device::{Buf, capability};
use crate::error::{KernelError, check_len};

const OP: &str = "swiglu";

/// a, b `[n]` -> y `[n]`.
///
/// # Errors
/// Arrays of unequal lengths or types, a storage type that the device lacks, sizes over 32 bits.
pub fn swiglu<R: Runtime>(client: &ComputeClient<R>, a: &Buf<R>, b: &Buf<R>) -> Result<Buf<R>, KernelError> {
    validate(client, a, &[("b", b)])?;
    let y = Buf::empty(client, a.len(), a.dtype());
    if y.is_empty() {
        return Ok(y);
    }
    let (vector, units) = (vector_size(client, a.dtype(), &[a.len()]), units(client));
    // SAFETY: `validate` checked that a and b hold as many elements as y; the kernel guards the vector.
    unsafe {
        cube::swiglu::launch_unchecked::<R>(
            client,
            cube_count(client, (a.len() / vector).div_ceil(units as usize)),
            CubeDim::new_1d(units),
            vector,
            a.arg(),
            b.arg(),
            y.arg(),
            a.len() / vector,
            storage_type(a.dtype()),
        );
    }
    Ok(y)
}

/// dy `[n]` -> da `[n]` and db `[n]`, as far as they are wanted.
///
/// # Errors
/// As [`swiglu`].
pub fn swiglu_backward<R: Runtime>(
    client: &ComputeClient<R>,
    a: &Buf<R>,
    b: &Buf<R>,
    dy: &Buf<R>,
    wanted: Wanted,
) -> Result<(Option<Buf<R>>, Option<Buf<R>>), KernelError> {
    validate(client, a, &[("b", b), ("dy", dy)])?;
    let gradient = |wanted: bool| Buf::empty(client, if wanted { a.len() } else { 0 }, a.dtype());
    let (da, db) = (gradient(wanted.gate), gradient(wanted.up));
    if !a.is_empty() {
        let (vector, units) = (vector_size(client, a.dtype(), &[a.len()]), units(client));
        // SAFETY: `validate` checked that b and dy hold as many elements as a; so do da and db where they are written; the kernel guards
        // the vector.
        unsafe {
            cube::swiglu_backward::launch_unchecked::<R>(
                client,
                cube_count(client, (a.len() / vector).div_ceil(units as usize)),
                CubeDim::new_1d(units),
                vector,
                a.arg(),
                b.arg(),
                dy.arg(),
                da.arg(),
                db.arg(),
                a.len() / vector,
                wanted,
                storage_type(a.dtype()),
            );
        }
    }
    Ok((wanted.gate.then_some(da), wanted.up.then_some(db)))
}

fn validate<R: Runtime>(client: &ComputeClient<R>, a: &Buf<R>, others: &[(&'static str, &Buf<R>)]) -> Result<(), KernelError> {
    capability::check_storage(client, a.dtype())?;
    check_index_space(&[("elements", a)])?;
    for (argument, array) in others {
        check_len(OP, CONTRACT, argument, array.len(), a.len())?;
        check_type(OP, argument, array, a.dtype())?;
    }
    Ok(())
}
