//! Launch sizes: units per cube, lanes over features, vector widths, cube counts beyond 65,535.

use cubecl::prelude::*;

use super::buffer::Buf;
use crate::element::DType;
use crate::error::KernelError;

/// Units of a cube, a power of two that every known device allows.
const UNITS: u32 = 256;

/// Units per cube on this device, a power of two.
pub fn units<R: Runtime>(client: &ComputeClient<R>) -> u32 {
    let most = client.properties().hardware.max_units_per_cube.max(1);
    UNITS.min(1 << most.ilog2())
}

/// Units along one side of a square cube, a power of two.
pub fn side<R: Runtime>(client: &ComputeClient<R>) -> usize {
    1 << (units(client).ilog2() / 2)
}

/// A cube of `units` as lanes × groups; the lanes are the smallest power of two that covers `width`, at most 32.
pub fn lanes_by_groups<R: Runtime>(client: &ComputeClient<R>, width: usize) -> (u32, u32) {
    let units = units(client);
    let lanes = width.clamp(1, 32).next_power_of_two() as u32;
    let lanes = lanes.min(units);
    (lanes, units / lanes)
}

/// `cubes` cubes, spread over two dimensions where one does not hold them; kernels index by `CUBE_POS` and guard the surplus.
pub fn cube_count<R: Runtime>(client: &ComputeClient<R>, cubes: usize) -> CubeCount {
    let most = client.properties().hardware.max_cube_count.0.max(1) as usize;
    if cubes <= most {
        return CubeCount::Static(cubes as u32, 1, 1);
    }
    let rows = cubes.div_ceil(most);
    CubeCount::Static(cubes.div_ceil(rows) as u32, rows as u32, 1)
}

/// The widest vector load of `dtype` that divides every one of `widths`.
pub fn vector_size<R: Runtime>(client: &ComputeClient<R>, dtype: DType, widths: &[usize]) -> usize {
    client.io_optimized_vector_sizes(dtype.bytes()).find(|&v| widths.iter().all(|w| w % v == 0)).unwrap_or(1)
}

/// `Ok` when every element of the arrays has a 32-bit index.
///
/// # Errors
/// Names the first array that is too long.
pub fn check_index_space<R: Runtime>(arrays: &[(&'static str, &Buf<R>)]) -> Result<(), KernelError> {
    for (what, array) in arrays {
        check_elements(what, array.len())?;
    }
    Ok(())
}

/// `Ok` when `elements` of `bytes` each have 32-bit indices and one allocation can hold them. CubeCL 0.10 itself would panic in a thread of the device
/// and leave stale memory for a result.
///
/// # Errors
/// Names `what`, with the bytes asked for and the most that there can be: CubeCL does not tell how many are free.
pub fn check_room<R: Runtime>(client: &ComputeClient<R>, what: &'static str, elements: usize, bytes: usize) -> Result<(), KernelError> {
    check_elements(what, elements)?;
    let (asked, limit) = (elements as u64 * bytes as u64, client.properties().memory.max_page_size);
    if asked <= limit {
        return Ok(());
    }
    let in_use = client.memory_usage().map_or(0, |usage| usage.bytes_in_use);
    Err(KernelError::OutOfMemory { device: R::name(client).into(), what, asked, limit, in_use })
}

/// `Ok` when `elements` have 32-bit indices.
///
/// # Errors
/// Names `what`.
pub fn check_elements(what: &'static str, elements: usize) -> Result<(), KernelError> {
    let limit = u32::MAX as usize;
    if elements > limit { Err(KernelError::TooLarge { what, got: elements, limit }) } else { Ok(()) }
}
