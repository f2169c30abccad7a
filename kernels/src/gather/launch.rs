//! validate -> config -> launch.

use cubecl::prelude::*;

use super::{CONTRACT, cube};
use crate::csr::Direction;
use crate::device::buffer::storage_type;
use crate::device::grid::{check_index_space, check_room, cube_count, lanes_by_groups, vector_size};
use crate::device::{Buf, DevicePattern, capability};
use crate::error::{KernelError, check_len};

/// index pattern `[I, N]` with one entry per row, x `[N, F]` -> y `[I, F]`.
///
/// # Errors
/// Arrays of another length than the contract's, a storage type that the device lacks, sizes over 32 bits.
pub fn gather<R: Runtime>(index: &DevicePattern<R>, x: &Buf<R>, width: usize) -> Result<Buf<R>, KernelError> {
    let client = &index.client;
    capability::check_storage(client, x.dtype())?;
    check_len("gather", CONTRACT, "index", index.nnz, index.rows())?;
    check_len("gather", CONTRACT, "x", x.len(), index.cols() * width)?;
    check_index_space(&[("input elements", x)])?;
    check_room(client, "output elements", index.rows() * width, x.dtype().bytes())?;
    let y = Buf::empty(client, index.rows() * width, x.dtype());
    if y.is_empty() {
        return Ok(y);
    }
    let vector = vector_size(client, x.dtype(), &[width]);
    let (lanes, groups) = lanes_by_groups(client, width / vector);
    // SAFETY: x holds cols · width elements and the columns are below cols; y was allocated for rows · width; one entry per row was
    // checked by count; the kernel guards the row and the feature.
    unsafe {
        cube::gather::launch_unchecked::<R>(
            client,
            cube_count(client, index.rows().div_ceil(groups as usize)),
            CubeDim::new_2d(lanes, groups),
            vector,
            index.side(Direction::ToRows).col.arg(),
            x.arg(),
            y.arg(),
            index.rows(),
            width / vector,
            storage_type(x.dtype()),
        );
    }
    Ok(y)
}
