//! validate -> quantise x -> tile -> launch.

use cubecl::prelude::*;

use super::cube::{self, Tile};
use super::{CONTRACT, check};
use crate::device::buffer::storage_type;
use crate::device::grid::{check_elements, check_room, cube_count, units};
use crate::device::{Buf, capability};
use crate::error::{KernelError, check_len};
use crate::quantize::launch::{Int8Rows, quantize};

/// x `[T, K]`, w `[O, K]` -> y `[T, O]`.
///
/// # Errors
/// Arrays of another length than the contract's, a K over 131,072, a storage type that the device lacks, sizes over 32 bits.
pub fn int8_matmul<R: Runtime>(client: &ComputeClient<R>, x: &Buf<R>, rows: usize, w: &Int8Rows<R>) -> Result<Buf<R>, KernelError> {
    capability::check_storage(client, x.dtype())?;
    check(rows, w.width(), x.len(), w.rows(), w.rows().saturating_mul(w.width()))?;
    check_len("int8_matmul", CONTRACT, "w", w.codes().len(), w.rows() * w.words())?;
    check_room(client, "outputs", rows.saturating_mul(w.rows()), x.dtype().bytes())?;
    check_elements("integers", w.rows().saturating_mul(w.width()))?;
    // An x without features still has its rows.
    let q = if w.width() == 0 { Int8Rows::upload(client, &[], &vec![0.0; rows], 0)? } else { quantize(client, x, rows)? };
    let y = Buf::empty(client, rows * w.rows(), x.dtype());
    if y.is_empty() {
        return Ok(y);
    }
    let tile = tile_of(rows, units(client) as usize);
    let across = w.rows().div_ceil(tile.other);
    let total = rows.div_ceil(tile.own) * across;
    // SAFETY: `check` and `Int8Rows` give x and w the words of their rows and a scale for each, y holds T·O; the kernel guards every row and
    // word, and all units of a cube reach every barrier.
    unsafe {
        cube::int8_matmul::launch_unchecked::<R>(
            client,
            cube_count(client, total),
            CubeDim::new_2d(tile.lanes as u32, tile.rows as u32),
            q.codes().arg(),
            q.scales().arg(),
            w.codes().arg(),
            w.scales().arg(),
            y.arg(),
            rows,
            w.rows(),
            w.words(),
            across,
            total,
            tile,
            storage_type(x.dtype()),
        );
    }
    Ok(y)
}

/// Square blocks for many rows of x, flat ones for few.
fn tile_of(rows: usize, units: usize) -> Tile {
    let tile = match rows {
        0..=4 => Tile { own: 4, other: 64, lanes: 64, rows: 4 },
        5..=16 => Tile { own: 16, other: 64, lanes: 32, rows: 8 },
        _ => Tile { own: 64, other: 64, lanes: 16, rows: 16 },
    };
    if tile.lanes * tile.rows <= units { tile } else { Tile { own: 16, other: 16, lanes: 8, rows: 8 } }
}
