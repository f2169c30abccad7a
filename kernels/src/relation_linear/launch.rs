//! validate -> plan -> launch.

use cubecl::prelude::*;

use super::cube::{
    ProductPlan, TileListLaunch, relation_tiles, relation_tiles_cmma, relation_weights, relation_weights_cmma, relation_weights_combine,
};
use super::upload::DeviceRelations;
use super::{CONTRACT, Products, Wanted};
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_index_space, check_room, cube_count, side, units};
use crate::device::tiles::Tiles;
use crate::device::{Buf, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};

const OP: &str = "relation_linear";

/// x `[rows, I]`, W `[R, I, O]` -> y `[rows, O]`.
///
/// # Errors
/// Arrays of another length or type than the contract's, a storage type that the device lacks, sizes over 32 bits.
pub fn relation_linear<R: Runtime>(
    rel: &DeviceRelations<R>,
    x: &Buf<R>,
    w: &Buf<R>,
    inputs: usize,
    outputs: usize,
    products: Products,
) -> Result<Buf<R>, KernelError> {
    let cores = products.on_tensor_cores(&rel.client, x.dtype())?;
    validate(rel, ("x", x, inputs), w, inputs * outputs)?;
    check_room(&rel.client, "output elements", rel.rows * outputs, x.dtype().bytes())?;
    Ok(multiply(rel, x, w, [inputs, outputs], false, cores))
}

/// dy `[rows, O]` -> dx `[rows, I]` and dW `[R, I, O]`, as far as they are wanted.
///
/// # Errors
/// As [`relation_linear`].
pub fn relation_linear_backward<R: Runtime>(
    rel: &DeviceRelations<R>,
    x: &Buf<R>,
    w: &Buf<R>,
    inputs: usize,
    outputs: usize,
    dy: &Buf<R>,
    wanted: Wanted,
    products: Products,
) -> Result<(Option<Buf<R>>, Option<Buf<R>>), KernelError> {
    let cores = products.on_tensor_cores(&rel.client, x.dtype())?;
    validate(rel, ("x", x, inputs), w, inputs * outputs)?;
    validate(rel, ("dy", dy, outputs), w, inputs * outputs)?;
    check_type(OP, "dy", dy, x.dtype())?;
    let dx = wanted.x.then(|| multiply(rel, dy, w, [outputs, inputs], true, cores));
    if wanted.weight {
        check_room(&rel.client, "partial weights", rel.cut.pieces.len * inputs * outputs, 4)?;
    }
    Ok((dx, wanted.weight.then(|| weight_gradient(rel, x, dy, [inputs, outputs], cores))))
}

fn validate<R: Runtime>(
    rel: &DeviceRelations<R>,
    (name, x, width): (&'static str, &Buf<R>, usize),
    w: &Buf<R>,
    size: usize,
) -> Result<(), KernelError> {
    capability::check_storage(&rel.client, x.dtype())?;
    check_len(OP, CONTRACT, name, x.len(), rel.rows * width)?;
    check_len(OP, CONTRACT, "W", w.len(), rel.relations * size)?;
    check_type(OP, "W", w, x.dtype())?;
    check_index_space(&[(name, x), ("weights", w)])
}

fn plan<R: Runtime>(rel: &DeviceRelations<R>, transposed: bool, cores: bool) -> ProductPlan {
    let side = side(&rel.client);
    // Tensor cores load rows of 16 bytes; units read a column without meeting a bank twice.
    let (depth, pad, units) = if cores { (32, 8, 256) } else { (16, 1, side * side) };
    ProductPlan { side, depth, stride: 4 * side + pad, units, ordered: rel.ordered, transposed }
}

/// Units of a cube: planes one after another for tensor cores, else a square.
fn dim(plan: ProductPlan, cores: bool) -> CubeDim {
    if cores { CubeDim::new_2d(32, 8) } else { CubeDim::new_2d(plan.side as u32, plan.side as u32) }
}

fn list<R: Runtime>(rel: &DeviceRelations<R>, tiles: &Tiles<R>) -> TileListLaunch<R> {
    TileListLaunch::new(tiles.runs.arg(), rel.order.arg())
}

/// x `W[rel]`, or x `W[rel]`^T when `transposed`, `[rows, outer]`; the caller has checked the arrays.
fn multiply<R: Runtime>(
    rel: &DeviceRelations<R>,
    x: &Buf<R>,
    w: &Buf<R>,
    [inner, outer]: [usize; 2],
    transposed: bool,
    cores: bool,
) -> Buf<R> {
    let (client, plan) = (&rel.client, plan(rel, transposed, cores));
    let y = Buf::empty(client, rel.rows * outer, x.dtype());
    if y.is_empty() {
        return y;
    }
    let columns = outer.div_ceil(plan.block());
    let count = cube_count(client, rel.tiles.len * columns);
    let launch = if cores { relation_tiles_cmma::launch_unchecked::<R> } else { relation_tiles::launch_unchecked::<R> };
    // SAFETY: the caller checked x against the rows and W against the relations; the tiles cover all rows and name relations and places in
    // range by construction, `order` is a permutation of the rows; the kernels guard the tile, the rows and both widths, and all units of a
    // cube reach every barrier. Nothing is read of x and W where a width is 0.
    unsafe {
        launch(
            client,
            count,
            dim(plan, cores),
            list(rel, &rel.tiles),
            x.arg(),
            w.arg(),
            y.arg(),
            rel.tiles.len,
            columns,
            inner,
            outer,
            plan,
            storage_type(x.dtype()),
        );
    }
    y
}

/// dW `[R, I, O]`; the caller has checked the arrays.
fn weight_gradient<R: Runtime>(rel: &DeviceRelations<R>, x: &Buf<R>, dy: &Buf<R>, [inner, outer]: [usize; 2], cores: bool) -> Buf<R> {
    let (client, size) = (&rel.client, inner * outer);
    let dw = Buf::empty(client, rel.relations * size, x.dtype());
    if dw.is_empty() {
        return dw;
    }
    sums(rel, &rel.cut.whole, x, dy, &dw, [inner, outer], cores);
    if rel.cut.pieces.len == 0 {
        return dw;
    }
    let partial = Buf::empty(client, rel.cut.pieces.len * size, DType::F32);
    sums(rel, &rel.cut.pieces, x, dy, &partial, [inner, outer], cores);
    let (total, units) = (rel.cut.hubs.len() * size, units(client));
    // SAFETY: partial holds a weight per piece, the bounds of the hubs end at the pieces, the hubs are relations; the kernel guards the total.
    unsafe {
        relation_weights_combine::launch_unchecked::<R>(
            client,
            cube_count(client, total.div_ceil(units as usize)),
            CubeDim::new_1d(units),
            rel.cut.hubs.arg(),
            rel.cut.bounds.arg(),
            partial.arg(),
            dw.arg(),
            total,
            size,
            storage_type(dw.dtype()),
        );
    }
    dw
}

/// x^T dy of every item, at its key in `out`.
fn sums<R: Runtime>(
    rel: &DeviceRelations<R>,
    items: &Tiles<R>,
    x: &Buf<R>,
    dy: &Buf<R>,
    out: &Buf<R>,
    [inner, outer]: [usize; 2],
    cores: bool,
) {
    if items.len == 0 {
        return;
    }
    let (client, plan) = (&rel.client, plan(rel, false, cores));
    let columns = outer.div_ceil(plan.block());
    let blocks = inner.div_ceil(plan.block()) * columns;
    let count = cube_count(client, items.len * blocks);
    let launch = if cores { relation_weights_cmma::launch_unchecked::<R> } else { relation_weights::launch_unchecked::<R> };
    // SAFETY: as in `multiply`; `out` holds a weight for every key of the items.
    unsafe {
        launch(
            client,
            count,
            dim(plan, cores),
            list(rel, items),
            x.arg(),
            dy.arg(),
            out.arg(),
            items.len,
            blocks,
            columns,
            inner,
            outer,
            plan,
            [storage_type(x.dtype()), storage_type(out.dtype())],
        );
    }
}
