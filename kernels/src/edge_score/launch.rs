//! validate -> config -> launch.

use cubecl::prelude::*;

use super::CONTRACT;
use super::cube;
use crate::csr::Direction;
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_room, cube_count, units};
use crate::device::{Buf, DevicePattern, capability};
use crate::error::{KernelError, check_len};
use crate::segment_softmax::cube::Statistic;
use crate::segment_softmax::launch::{Arrays, statistic};

const OP: &str = "edge_score";

/// a `[rows, Hd]`, b `[cols, Hd]` -> s `[nnz, Hd]` in row-major order.
///
/// # Errors
/// Arrays of another length than the contract's, a storage type that the device lacks, sizes over 32 bits.
pub fn edge_score<R: Runtime>(pattern: &DevicePattern<R>, a: &Buf<R>, b: &Buf<R>, heads: usize, slope: f64) -> Result<Buf<R>, KernelError> {
    validate(pattern, a, b, heads)?;
    let client = &pattern.client;
    let s = Buf::empty(client, pattern.nnz * heads, a.dtype());
    if s.is_empty() {
        return Ok(s);
    }
    let units = units(client);
    // SAFETY: `validate` checked a and b; s was allocated for nnz · heads elements; the kernel guards the element.
    unsafe {
        cube::edge_score::launch_unchecked::<R>(
            client,
            cube_count(client, s.len().div_ceil(units as usize)),
            CubeDim::new_1d(units),
            pattern.row_of.arg(),
            pattern.side(Direction::ToRows).col.arg(),
            a.arg(),
            b.arg(),
            s.arg(),
            s.len(),
            heads,
            slope as f32,
            storage_type(a.dtype()),
        );
    }
    Ok(s)
}

/// ds `[nnz, Hd]` -> (da `[rows, Hd]`, db `[cols, Hd]`).
///
/// # Errors
/// As [`edge_score`].
pub fn edge_score_backward<R: Runtime>(
    pattern: &DevicePattern<R>,
    a: &Buf<R>,
    b: &Buf<R>,
    heads: usize,
    slope: f64,
    ds: &Buf<R>,
) -> Result<(Buf<R>, Buf<R>), KernelError> {
    let of = |direction| edge_score_gradient(pattern, direction, a, b, heads, slope, ds);
    Ok((of(Direction::ToRows)?, of(Direction::ToCols)?))
}

/// One of the two gradients: da (`ToRows`) or db (`ToCols`).
///
/// # Errors
/// As [`edge_score`].
pub fn edge_score_gradient<R: Runtime>(
    pattern: &DevicePattern<R>,
    direction: Direction,
    a: &Buf<R>,
    b: &Buf<R>,
    heads: usize,
    slope: f64,
    ds: &Buf<R>,
) -> Result<Buf<R>, KernelError> {
    validate(pattern, a, b, heads)?;
    check_len(OP, CONTRACT, "ds", ds.len(), pattern.nnz * heads)?;
    check_type(OP, "ds", ds, a.dtype())?;
    let (own, other) = if direction == Direction::ToRows { (a, b) } else { (b, a) };
    let arrays = Arrays { s: ds, t: None, a: Some(own), b: Some(other), slope: slope as f32 };
    Ok(statistic(pattern, direction, Statistic::LeakySum, &arrays, heads, a.dtype()))
}

fn validate<R: Runtime>(pattern: &DevicePattern<R>, a: &Buf<R>, b: &Buf<R>, heads: usize) -> Result<(), KernelError> {
    capability::check_storage(&pattern.client, a.dtype())?;
    check_len(OP, CONTRACT, "a", a.len(), pattern.rows() * heads)?;
    check_len(OP, CONTRACT, "b", b.len(), pattern.cols() * heads)?;
    check_type(OP, "b", b, a.dtype())?;
    check_room(&pattern.client, "entries times heads", pattern.nnz * heads, a.dtype().bytes())
}
