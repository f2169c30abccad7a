//! validate -> strategy -> launch.

use cubecl::prelude::*;

use super::{CONTRACT, Scatter, cube};
use crate::aggregate::launch::aggregate;
use crate::aggregate::{Fold, Reduce, Weights};
use crate::csr::Direction;
use crate::device::buffer::storage_type;
use crate::device::grid::{check_index_space, check_room, cube_count, units};
use crate::device::{Buf, DevicePattern, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};

/// index pattern `[I, N]` with one entry per row, x `[I, F]` -> y `[N, F]`.
///
/// # Errors
/// `Unsupported`, naming the deterministic variant, when the atomic one is asked for and the device does not add f32 atomically; arrays
/// of another length than the contract's, a storage type that the device lacks, sizes over 32 bits.
pub fn scatter_add<R: Runtime>(index: &DevicePattern<R>, x: &Buf<R>, width: usize, scatter: Scatter) -> Result<Buf<R>, KernelError> {
    check_len("scatter_add", CONTRACT, "index", index.nnz, index.rows())?;
    match scatter {
        Scatter::Deterministic => aggregate(index, Direction::ToCols, Reduce::Sum, x, width, Weights::Ones, Fold::default()),
        Scatter::Atomic => atomic(index, x, width),
    }
}

fn atomic<R: Runtime>(index: &DevicePattern<R>, x: &Buf<R>, width: usize) -> Result<Buf<R>, KernelError> {
    let client = &index.client;
    capability::check_atomic_add(client)?;
    capability::check_storage(client, x.dtype())?;
    check_len("scatter_add", CONTRACT, "x", x.len(), index.rows() * width)?;
    check_index_space(&[("input elements", x)])?;
    check_room(client, "sums", index.cols() * width, 4)?;
    let sum = Buf::empty(client, index.cols() * width, DType::F32);
    if sum.is_empty() {
        return Buf::wrap(sum.into_handle(), 0, x.dtype());
    }
    let units = units(client);
    let cubes = |len: usize| cube_count(client, len.div_ceil(units as usize));
    // SAFETY: sum holds cols · width values, x rows · width elements, and the index rows values below cols; the kernels guard the element.
    unsafe {
        cube::zero::launch_unchecked::<R>(client, cubes(sum.len()), CubeDim::new_1d(units), sum.arg(), sum.len());
        if !x.is_empty() {
            cube::add::launch_unchecked::<R>(
                client,
                cubes(x.len()),
                CubeDim::new_1d(units),
                index.side(Direction::ToRows).col.arg(),
                x.arg(),
                sum.arg(),
                x.len(),
                width,
                storage_type(x.dtype()),
            );
        }
    }
    if x.dtype() == DType::F32 {
        return Ok(sum);
    }
    let y = Buf::empty(client, sum.len(), x.dtype());
    // SAFETY: sum and y hold the same number of elements, which the kernel guards.
    unsafe {
        cube::round::launch_unchecked::<R>(
            client,
            cubes(y.len()),
            CubeDim::new_1d(units),
            sum.arg(),
            y.arg(),
            y.len(),
            storage_type(y.dtype()),
        );
    }
    Ok(y)
}
