//! validate -> plan -> launch.

use cubecl::prelude::*;

use super::cube::{BlockListLaunch, BlockPlan, block_rows, block_rows_cmma, combine_pieces};
use super::upload::{BlockSide, DeviceBlocks};
use super::{BlockSize, CONTRACT};
use crate::csr::Direction;
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_index_space, check_room, cube_count, side, units};
use crate::device::tiles::Tiles;
use crate::device::{Buf, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};
use crate::relation_linear::Products;

const OP: &str = "sparse_conv by blocks";

/// A x + bias (`ToRows`) or A^T x + bias; x `[inputs, width]`, bias `[width]`, result `[outputs, width]`.
///
/// # Errors
/// Arrays of another length or type than the contract's, a storage type that the device lacks, sizes over 32 bits, or tensor cores that the device
/// lacks where they are asked for.
pub fn block_product<R: Runtime>(
    a: &DeviceBlocks<R>,
    direction: Direction,
    x: &Buf<R>,
    width: usize,
    bias: Option<&Buf<R>>,
    products: Products,
) -> Result<Buf<R>, KernelError> {
    let (client, s) = (&a.client, a.side(direction));
    capability::check_storage(client, x.dtype())?;
    check_len(OP, CONTRACT, "x", x.len(), s.inputs * width)?;
    if let Some(bias) = bias {
        check_len(OP, CONTRACT, "bias", bias.len(), width)?;
        check_type(OP, "bias", bias, x.dtype())?;
    }
    check_index_space(&[("input elements", x), ("numbers in blocks", &a.values)])?;
    check_room(client, "output elements", s.outputs * width, x.dtype().bytes())?;
    let part = a.size.side() * width;
    check_room(client, "partial sums", s.cut.pieces.len * part, 4)?;
    let cores = a.on_tensor_cores(products, x.dtype())?;
    let y = Buf::empty(client, s.outputs * width, x.dtype());
    if y.is_empty() {
        return Ok(y);
    }
    let plan = plan(client, a.size, direction, bias.is_some(), cores);
    sums(a, s, &s.cut.whole, x, bias, &y, (s.outputs, width), plan, cores);
    if s.cut.pieces.len > 0 {
        let partial = Buf::empty(client, s.cut.pieces.len * part, DType::F32);
        let rows = s.cut.pieces.len * a.size.side();
        sums(a, s, &s.cut.pieces, x, None, &partial, (rows, width), BlockPlan { bias: false, ..plan }, cores);
        combine(a, s, &partial, bias, &y, width, plan);
    }
    Ok(y)
}

fn plan<R: Runtime>(client: &ComputeClient<R>, size: BlockSize, direction: Direction, bias: bool, cores: bool) -> BlockPlan {
    let (block, side, transposed) = (size.side(), side(client), direction == Direction::ToCols);
    if cores {
        // Eight planes have 16 × 16 or, of the largest blocks, 16 × 32 numbers each; they load rows of 16 bytes.
        let columns = if size == BlockSize::B16 { 128 } else { 64 };
        return BlockPlan { block, side, columns, depth: block.min(32), pad: 8, units: 256, transposed, bias };
    }
    // Units read a column without meeting a bank twice.
    BlockPlan { block, side, columns: 4 * side, depth: 16, pad: 1, units: side * side, transposed, bias }
}

/// The sum of every item at its key in `out`, whose rows and columns are `shape`; the caller has checked the arrays.
fn sums<R: Runtime>(
    a: &DeviceBlocks<R>,
    s: &BlockSide<R>,
    items: &Tiles<R>,
    x: &Buf<R>,
    bias: Option<&Buf<R>>,
    out: &Buf<R>,
    (outputs, width): (usize, usize),
    plan: BlockPlan,
    cores: bool,
) {
    if items.len == 0 {
        return;
    }
    let (client, tiles) = (&a.client, width.div_ceil(plan.columns));
    let list = BlockListLaunch::new(items.runs.arg(), s.places.arg());
    let dim = if cores { CubeDim::new_2d(32, 8) } else { CubeDim::new_2d(plan.side as u32, plan.side as u32) };
    let launch = if cores { block_rows_cmma::launch_unchecked::<R> } else { block_rows::launch_unchecked::<R> };
    // SAFETY: the caller checked x against the inputs, `out` has `outputs` rows; the items name places in range, the places input blocks and values in
    // range, by construction; the kernels guard the item, the inputs, the outputs and the width, a block is stored whole, and all units of a cube reach
    // every barrier. Without a bias the spare array stands in and is not read.
    unsafe {
        launch(
            client,
            cube_count(client, items.len * tiles),
            dim,
            list,
            a.values.arg(),
            x.arg(),
            bias.unwrap_or(&a.spare).arg(),
            out.arg(),
            items.len,
            tiles,
            s.inputs,
            outputs,
            width,
            plan,
            [storage_type(x.dtype()), storage_type(out.dtype())],
        );
    }
}

/// The pieces of every hub, in order, to its rows of `y`.
fn combine<R: Runtime>(
    a: &DeviceBlocks<R>,
    s: &BlockSide<R>,
    partial: &Buf<R>,
    bias: Option<&Buf<R>>,
    y: &Buf<R>,
    width: usize,
    plan: BlockPlan,
) {
    let (client, total) = (&a.client, s.cut.hubs.len() * plan.block * width);
    let units = units(client);
    // SAFETY: partial holds a block of rows per piece, the bounds of the hubs end at the pieces, the hubs are block rows; the kernel guards the total
    // and the rows. Without a bias the spare array stands in and is not read.
    unsafe {
        combine_pieces::launch_unchecked::<R>(
            client,
            cube_count(client, total.div_ceil(units as usize)),
            CubeDim::new_1d(units),
            s.cut.hubs.arg(),
            s.cut.bounds.arg(),
            partial.arg(),
            bias.unwrap_or(&a.spare).arg(),
            y.arg(),
            total,
            s.outputs,
            width,
            plan,
            storage_type(y.dtype()),
        );
    }
}
