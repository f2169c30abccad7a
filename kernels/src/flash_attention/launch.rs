//! validate -> tile -> launch.

use cubecl::prelude::*;

use super::cube::{self, SizesLaunch, Tile};
use super::{CONTRACT, FlashConfig, Wanted};
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_index_space, cube_count, units, vector_size};
use crate::device::{Buf, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};

const OP: &str = "flash_attention";

/// Blocks of own and other rows, from the most to the least shared memory.
const TILES: [(usize, usize); 6] = [(64, 32), (32, 32), (32, 16), (16, 16), (16, 8), (8, 8)];

/// More shared memory than this in a cube leaves a multiprocessor too few cubes.
const SHARED: usize = 48 << 10;

/// Units along one axis of a cube, at most.
const SIDE: usize = 16;

/// q, k and v of the contract.
#[derive(Debug)]
pub struct Inputs<'a, R: Runtime> {
    /// `[B, H, Tq, D]`
    pub q: &'a Buf<R>,
    /// `[B, Hk, Tk, D]`
    pub k: &'a Buf<R>,
    /// `[B, Hk, Tk, D]`
    pub v: &'a Buf<R>,
}

/// Results of the forward pass.
#[derive(Debug, Clone)]
pub struct Output<R: Runtime> {
    /// o `[B, H, Tq, D]`
    pub out: Buf<R>,
    /// N `[B, H, Tq, 2]`, f32
    pub normaliser: Buf<R>,
}

/// The forward pass.
///
/// # Errors
/// What [`FlashConfig::check`] refuses, a width whose blocks do not fit the shared memory of the device, arrays of unequal types, a storage
/// type that the device lacks, sizes over 32 bits.
pub fn flash_attention<R: Runtime>(client: &ComputeClient<R>, c: FlashConfig, i: &Inputs<R>) -> Result<Output<R>, KernelError> {
    let tile = validate(client, c, i)?;
    let output = Output { out: Buf::empty(client, i.q.len(), i.q.dtype()), normaliser: Buf::empty(client, 2 * c.query_rows(), DType::F32) };
    if output.out.is_empty() {
        return Ok(output);
    }
    let blocks = c.queries.div_ceil(tile.own);
    let total = c.batch * c.heads * blocks;
    // SAFETY: `validate` checked the three inputs against the config; out holds as much as q, the normaliser two values per query; the kernel
    // guards every row and feature, and all units of a cube reach every barrier.
    unsafe {
        cube::flash_forward::launch_unchecked::<R>(
            client,
            cube_count(client, total),
            dim(tile),
            vector_size(client, i.q.dtype(), &[c.width]),
            i.q.arg(),
            i.k.arg(),
            i.v.arg(),
            output.out.arg(),
            output.normaliser.arg(),
            sizes(c),
            blocks,
            total,
            tile,
            storage_type(i.q.dtype()),
        );
    }
    Ok(output)
}

/// dO `[B, H, Tq, D]` -> dq, dk and dv, as far as they are wanted.
///
/// # Errors
/// As [`flash_attention`].
pub fn flash_attention_backward<R: Runtime>(
    client: &ComputeClient<R>,
    c: FlashConfig,
    i: &Inputs<R>,
    saved: &Output<R>,
    dout: &Buf<R>,
    wanted: Wanted,
) -> Result<[Option<Buf<R>>; 3], KernelError> {
    let tile = validate(client, c, i)?;
    check("o", &saved.out, i.q.len(), i.q.dtype())?;
    check("N", &saved.normaliser, 2 * c.query_rows(), DType::F32)?;
    check("dO", dout, i.q.len(), i.q.dtype())?;
    let gradient = |like: &Buf<R>| Buf::empty(client, like.len(), like.dtype());
    let (dq, dk, dv) = (gradient(i.q), gradient(i.k), gradient(i.v));
    let mean = Buf::empty(client, c.query_rows(), DType::F32);
    let (vector, units) = (vector_size(client, i.q.dtype(), &[c.width]), units(client));
    if !i.q.is_empty() {
        // SAFETY: dO and o hold as much as q, the mean a value per query; the kernel guards the row.
        unsafe {
            cube::row_means::launch_unchecked::<R>(
                client,
                cube_count(client, c.query_rows().div_ceil(units as usize)),
                CubeDim::new_1d(units),
                vector,
                dout.arg(),
                saved.out.arg(),
                mean.arg(),
                c.query_rows(),
                c.width / vector,
                storage_type(i.q.dtype()),
            );
        }
    }
    if wanted.q && !dq.is_empty() {
        let blocks = c.queries.div_ceil(tile.own);
        let total = c.batch * c.heads * blocks;
        // SAFETY: as in `flash_attention`; dO and dq hold as much as q.
        unsafe {
            cube::query_gradient::launch_unchecked::<R>(
                client,
                cube_count(client, total),
                dim(tile),
                vector,
                i.q.arg(),
                i.k.arg(),
                i.v.arg(),
                dout.arg(),
                saved.normaliser.arg(),
                mean.arg(),
                dq.arg(),
                sizes(c),
                blocks,
                total,
                tile,
                storage_type(i.q.dtype()),
            );
        }
    }
    if (wanted.k || wanted.v) && !dk.is_empty() {
        let blocks = c.keys.div_ceil(tile.own);
        let total = c.batch * c.kv_heads * blocks;
        // SAFETY: as in `flash_attention`; dk and dv hold as much as k.
        unsafe {
            cube::key_gradients::launch_unchecked::<R>(
                client,
                cube_count(client, total),
                dim(tile),
                vector,
                i.q.arg(),
                i.k.arg(),
                i.v.arg(),
                dout.arg(),
                saved.normaliser.arg(),
                mean.arg(),
                dk.arg(),
                dv.arg(),
                sizes(c),
                blocks,
                total,
                tile,
                storage_type(i.q.dtype()),
            );
        }
    }
    Ok([wanted.q.then_some(dq), wanted.k.then_some(dk), wanted.v.then_some(dv)])
}

fn sizes<R: Runtime>(c: FlashConfig) -> SizesLaunch<R> {
    SizesLaunch::new(c.heads, c.kv_heads, c.queries, c.keys, c.scale as f32)
}

fn dim(tile: Tile) -> CubeDim {
    CubeDim::new_2d(tile.lanes as u32, tile.rows as u32)
}

/// The largest blocks that the device holds.
fn tile_of<R: Runtime>(client: &ComputeClient<R>, width: usize, causal: bool) -> Result<Tile, KernelError> {
    let (shared, units) = (client.properties().hardware.max_shared_memory_size, units(client) as usize);
    let tiles = TILES.map(|(own, other)| Tile { own, other, lanes: other.min(SIDE), rows: own.min(SIDE), width: width.max(1), causal });
    let fits = |t: &&Tile| t.bytes() <= shared && t.lanes * t.rows <= units;
    let best = tiles.iter().filter(|t| t.bytes() <= SHARED).find(fits).or_else(|| tiles.iter().rev().find(fits));
    best.copied().ok_or_else(|| KernelError::Option {
        op: OP,
        argument: "width",
        got: format!("{width} on {}, which has {shared} bytes of shared memory", R::name(client)),
        expected: "up to 64 where a cube has 16 KiB, up to 128 where it has 32 KiB, or the CPU, which takes any",
    })
}

/// `Ok` when the device has the shared memory for heads of `width` features.
///
/// # Errors
/// Names the device, what it has and what fits everywhere.
pub fn check_width<R: Runtime>(client: &ComputeClient<R>, width: usize) -> Result<(), KernelError> {
    tile_of(client, width, false).map(drop)
}

fn validate<R: Runtime>(client: &ComputeClient<R>, c: FlashConfig, i: &Inputs<R>) -> Result<Tile, KernelError> {
    capability::check_storage(client, i.q.dtype())?;
    c.check(i.q.len(), i.k.len(), i.v.len())?;
    check_type(OP, "k", i.k, i.q.dtype())?;
    check_type(OP, "v", i.v, i.q.dtype())?;
    check_index_space(&[("queries", i.q), ("keys", i.k)])?;
    tile_of(client, c.width, c.causal)
}

fn check<R: Runtime>(argument: &'static str, array: &Buf<R>, len: usize, dtype: DType) -> Result<(), KernelError> {
    check_len(OP, CONTRACT, argument, array.len(), len)?;
    check_type(OP, argument, array, dtype)
}
