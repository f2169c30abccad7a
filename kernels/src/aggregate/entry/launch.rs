//! validate -> config -> launch.

use cubecl::prelude::*;

use super::cube::{self, EntryPlan, Winners};
use crate::csr::Direction;
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_index_space, check_room, cube_count, units, vector_size};
use crate::device::{Buf, DevicePattern, Ids, capability};
use crate::error::{KernelError, check_len};

const OP: &str = "entry_dot";
const CONTRACT: &str = "a [rows, F], b [cols, F], out [nnz]";

/// Inner products per entry, `[nnz]` in row-major order; a `[rows, F]`, b `[cols, F]`.
///
/// # Errors
/// Arrays of another length than the contract's, a storage type that the device lacks, sizes over 32 bits.
pub fn entry_dot<R: Runtime>(pattern: &DevicePattern<R>, a: &Buf<R>, b: &Buf<R>, width: usize) -> Result<Buf<R>, KernelError> {
    masked(pattern, a, b, width, None)
}

/// As [`entry_dot`], over the features whose winner is the entry; `winners` are of the outputs of the given direction.
pub(crate) fn masked<R: Runtime>(
    pattern: &DevicePattern<R>,
    a: &Buf<R>,
    b: &Buf<R>,
    width: usize,
    winners: Option<(&Ids<R>, Direction)>,
) -> Result<Buf<R>, KernelError> {
    capability::check_storage(&pattern.client, a.dtype())?;
    check_len(OP, CONTRACT, "a", a.len(), pattern.rows() * width)?;
    check_len(OP, CONTRACT, "b", b.len(), pattern.cols() * width)?;
    check_type(OP, "b", b, a.dtype())?;
    check_index_space(&[("row features", a), ("column features", b)])?;
    check_room(&pattern.client, "entries", pattern.nnz, a.dtype().bytes())?;
    let client = &pattern.client;
    let out = Buf::empty(client, pattern.nnz, a.dtype());
    if out.is_empty() {
        return Ok(out);
    }
    let vector = if winners.is_some() { 1 } else { vector_size(client, a.dtype(), &[width]) };
    let head = width / vector;
    let units = units(client);
    let group = pattern.lanes.group_over(client, head);
    let groups = units / group.lanes;
    let winners_of = winners.map_or(Winners::Off, |w| if w.1 == Direction::ToRows { Winners::OfRows } else { Winners::OfCols });
    // SAFETY: a, b and the winners were checked against (or allocated for) the pattern; out holds nnz elements; the kernel guards the
    // entry and the feature, and all units reach the sum.
    unsafe {
        cube::entry_dot::launch_unchecked::<R>(
            client,
            cube_count(client, pattern.nnz.div_ceil(groups as usize)),
            CubeDim::new_2d(group.lanes, groups),
            vector,
            pattern.row_of.arg(),
            pattern.side(Direction::ToRows).col.arg(),
            pattern.floats(Some(a)),
            pattern.floats(Some(b)),
            pattern.ids(winners.map(|w| w.0)),
            out.arg(),
            pattern.nnz,
            1,
            head,
            EntryPlan { group, units: units as usize, winners: winners_of },
            storage_type(a.dtype()),
        );
    }
    Ok(out)
}
