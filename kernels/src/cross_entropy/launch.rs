//! validate -> config -> launch.

use cubecl::prelude::*;

use super::cube::{self, RowPlan};
use super::{CONTRACT, check};
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_index_space, cube_count, units, vector_size};
use crate::device::lanes::Group;
use crate::device::{Buf, Ids, Lanes, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};

const OP: &str = "cross_entropy";

/// Vectors of a row from which on all units of a cube share it.
const LONG: usize = 1024;

/// x `[T, V]`, targets `[T]` that `check_targets` has seen -> y `[T]` and N `[T, 2]` in f32.
///
/// # Errors
/// Arrays of another length than the contract's, a storage type that the device lacks, sizes over 32 bits.
pub fn cross_entropy<R: Runtime>(
    client: &ComputeClient<R>,
    x: &Buf<R>,
    targets: &Ids<R>,
    classes: usize,
    lanes: Lanes,
) -> Result<(Buf<R>, Buf<R>), KernelError> {
    validate(client, x, targets, classes)?;
    let rows = targets.len();
    let (y, normaliser) = (Buf::empty(client, rows, x.dtype()), Buf::empty(client, 2 * rows, DType::F32));
    if y.is_empty() {
        return Ok((y, normaliser));
    }
    let (vector, units) = (vector_size(client, x.dtype(), &[classes]), units(client));
    let width = classes / vector;
    let group = match lanes {
        Lanes::Auto if width >= LONG => Group { lanes: units, planes: false },
        _ => lanes.group_over(client, width),
    };
    let groups = units / group.lanes;
    // SAFETY: `validate` checked that x holds a row of classes per target; y and the normaliser hold one and two values per row; the kernel
    // guards the row, the feature and the target, and all units reach the maximum and the sum.
    unsafe {
        cube::cross_entropy::launch_unchecked::<R>(
            client,
            cube_count(client, rows.div_ceil(groups as usize)),
            CubeDim::new_2d(group.lanes, groups),
            vector,
            x.arg(),
            targets.arg(),
            y.arg(),
            normaliser.arg(),
            rows,
            width,
            RowPlan { group, units: units as usize },
            storage_type(x.dtype()),
        );
    }
    Ok((y, normaliser))
}

/// dy `[T]` -> dx `[T, V]`.
///
/// # Errors
/// As [`cross_entropy`].
pub fn cross_entropy_backward<R: Runtime>(
    client: &ComputeClient<R>,
    x: &Buf<R>,
    targets: &Ids<R>,
    classes: usize,
    normaliser: &Buf<R>,
    dy: &Buf<R>,
) -> Result<Buf<R>, KernelError> {
    validate(client, x, targets, classes)?;
    check_len(OP, CONTRACT, "N", normaliser.len(), 2 * targets.len())?;
    check_type(OP, "N", normaliser, DType::F32)?;
    check_len(OP, CONTRACT, "dy", dy.len(), targets.len())?;
    check_type(OP, "dy", dy, x.dtype())?;
    let dx = Buf::empty(client, x.len(), x.dtype());
    if dx.is_empty() {
        return Ok(dx);
    }
    let (vector, units) = (vector_size(client, x.dtype(), &[classes]), units(client));
    let total = x.len() / vector;
    // SAFETY: as in `cross_entropy`; dx holds as much as x, dy and the normaliser one and two values per row.
    unsafe {
        cube::cross_entropy_backward::launch_unchecked::<R>(
            client,
            cube_count(client, total.div_ceil(units as usize)),
            CubeDim::new_1d(units),
            vector,
            x.arg(),
            targets.arg(),
            normaliser.arg(),
            dy.arg(),
            dx.arg(),
            total,
            classes / vector,
            storage_type(x.dtype()),
        );
    }
    Ok(dx)
}

fn validate<R: Runtime>(client: &ComputeClient<R>, x: &Buf<R>, targets: &Ids<R>, classes: usize) -> Result<(), KernelError> {
    capability::check_storage(client, x.dtype())?;
    check(x.len(), targets.len(), classes)?;
    check_index_space(&[("logits", x)])
}
