//! validate -> config -> launch.

use cubecl::prelude::*;

use super::CONTRACT;
use super::cube::{self, Folds, PatternLaunch};
use crate::csr::Direction;
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_index_space, cube_count, lanes_by_groups, vector_size};
use crate::device::{Buf, DevicePattern, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};
use crate::hypergraph_conv::Scales;

const OP: &str = "hypergraph_conv";

/// x `[rows, width]` -> y `[rows, width]`.
///
/// # Errors
/// Arrays of another length than the contract's, a storage type that the device lacks, sizes over 32 bits.
pub fn fused<R: Runtime>(pattern: &DevicePattern<R>, scales: &Scales<&Buf<R>>, x: &Buf<R>, width: usize) -> Result<Buf<R>, KernelError> {
    let (client, rows) = (&pattern.client, pattern.rows());
    capability::check_storage(client, x.dtype())?;
    check_len(OP, CONTRACT, "x", x.len(), rows * width)?;
    for (name, scale, len) in [("S_in", scales.input, rows), ("S_mid", scales.middle, pattern.cols()), ("S_out", scales.output, rows)] {
        let Some(scale) = scale else { continue };
        check_len(OP, CONTRACT, name, scale.len(), len)?;
        check_type(OP, name, scale, DType::F32)?;
    }
    check_index_space(&[("elements of x", x)])?;
    let y = Buf::empty(client, x.len(), x.dtype());
    if y.is_empty() {
        return Ok(y);
    }
    let vector = vector_size(client, x.dtype(), &[width]);
    let (lanes, groups) = lanes_by_groups(client, width / vector);
    // No more groups than a node has hyperedges, on average.
    let groups = groups.min((pattern.nnz / rows).max(1).next_power_of_two() as u32);
    let (to_rows, to_cols) = (pattern.side(Direction::ToRows), pattern.side(Direction::ToCols));
    let folds = Folds {
        values: to_rows.values.is_some(),
        input: scales.input.is_some(),
        middle: scales.middle.is_some(),
        output: scales.output.is_some(),
        units: (lanes * groups) as usize,
    };
    let arrays = PatternLaunch::new(
        to_rows.ptr.arg(),
        pattern.ids(Some(&to_rows.col)),
        pattern.floats(to_rows.values.as_ref()),
        to_cols.ptr.arg(),
        pattern.ids(Some(&to_cols.col)),
        pattern.floats(to_cols.values.as_ref()),
    );
    // SAFETY: the pattern's arrays agree with one another; x and the scales were checked, y was allocated like x; the kernel guards the row and
    // the vector, and all units of a cube reach its barriers.
    unsafe {
        cube::fused::launch_unchecked::<R>(
            client,
            cube_count(client, rows),
            CubeDim::new_2d(lanes, groups),
            vector,
            arrays,
            x.arg(),
            pattern.floats(scales.input),
            pattern.floats(scales.middle),
            pattern.floats(scales.output),
            y.arg(),
            rows,
            width / vector,
            folds,
            storage_type(x.dtype()),
        );
    }
    Ok(y)
}
