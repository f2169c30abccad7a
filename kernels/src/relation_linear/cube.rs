//! CubeCL form: a cube makes one block of a product, both factors by way of shared memory, where they stand step by step along the sum:
//! `[depth, block]`. Sums are in registers of the units, or in those of the tensor cores.

use cubecl::prelude::*;

/// The arrangement of one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ProductPlan {
    /// Units along one side of a cube; each has four rows and four columns of the block.
    pub(crate) side: usize,
    /// Steps of the sum in shared memory at a time.
    pub(crate) depth: usize,
    /// Numbers from one step to the next in shared memory.
    pub(crate) stride: usize,
    /// Units of a cube.
    pub(crate) units: usize,
    /// The rows are not sorted by relation.
    pub(crate) ordered: bool,
    /// W is read as its transpose.
    pub(crate) transposed: bool,
}

impl ProductPlan {
    /// Rows and columns of a block.
    pub(crate) fn block(&self) -> usize {
        4 * self.side
    }
}

/// Numbers from one row of results in shared memory to the next, for tensor cores.
const RESULT_STRIDE: usize = 68;

/// What tensor cores load and store begins at a multiple of so many bytes.
const FRAGMENT_BYTES: usize = 32;

/// Rows of one relation, and where they are.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct TileList {
    /// Relation (or number of the piece), first place and number of places of each.
    runs: Array<u32>,
    /// The row at each place.
    order: Array<u32>,
}

#[cube]
fn row_at(list: &TileList, place: usize, #[comptime] plan: ProductPlan) -> usize {
    let mut row = place;
    if comptime!(plan.ordered) {
        row = list.order[place] as usize;
    }
    row
}

/// to[k, m] = row m of the tile, feature first + k; zeros outside.
#[cube]
fn load_features<F: Float, S: Float>(
    list: &TileList,
    from: &Array<F>,
    to: &mut SharedMemory<S>,
    start: usize,
    count: usize,
    first: usize,
    width: usize,
    #[comptime] plan: ProductPlan,
) {
    let mut i = UNIT_POS as usize;
    while i < comptime!(plan.depth * plan.block()) {
        let (m, k) = (i / plan.depth, i % plan.depth);
        let mut v = S::new(0.0);
        if m < count {
            if first + k < width {
                v = S::cast_from(from[row_at(list, start + m, plan) * width + first + k]);
            }
        }
        to[k * plan.stride + m] = v;
        i += plan.units;
    }
}

/// to[k, n] = row first + k of the tile, feature column + n; zeros outside.
#[cube]
fn load_rows<F: Float, S: Float>(
    list: &TileList,
    from: &Array<F>,
    to: &mut SharedMemory<S>,
    start: usize,
    count: usize,
    first: usize,
    column: usize,
    width: usize,
    #[comptime] plan: ProductPlan,
) {
    let mut i = UNIT_POS as usize;
    while i < comptime!(plan.depth * plan.block()) {
        let (k, n) = (i / comptime!(plan.block()), i % comptime!(plan.block()));
        let mut v = S::new(0.0);
        if first + k < count {
            if column + n < width {
                v = S::cast_from(from[row_at(list, start + first + k, plan) * width + column + n]);
            }
        }
        to[k * plan.stride + n] = v;
        i += plan.units;
    }
}

/// to[k, n] = W[first + k, column + n] of the weight that begins at `at`, or of its transpose; zeros outside `[inner, outer]`.
#[cube]
fn load_weight<F: Float, S: Float>(
    w: &Array<F>,
    to: &mut SharedMemory<S>,
    at: usize,
    first: usize,
    column: usize,
    inner: usize,
    outer: usize,
    #[comptime] plan: ProductPlan,
) {
    let mut i = UNIT_POS as usize;
    while i < comptime!(plan.depth * plan.block()) {
        // Neighbouring units read neighbouring numbers.
        let mut k = i / comptime!(plan.block());
        let mut n = i % comptime!(plan.block());
        if comptime!(plan.transposed) {
            k = i % plan.depth;
            n = i / plan.depth;
        }
        let mut v = S::new(0.0);
        if first + k < inner {
            if column + n < outer {
                if comptime!(plan.transposed) {
                    v = S::cast_from(w[at + (column + n) * inner + first + k]);
                } else {
                    v = S::cast_from(w[at + (first + k) * outer + column + n]);
                }
            }
        }
        to[k * plan.stride + n] = v;
        i += plan.units;
    }
}

/// sums `[4, 4]` of this unit, rows and columns `side` apart, += Σ_k a[k, row] b[k, column].
#[cube]
fn add_products(sums: &mut Array<f32>, a: &SharedMemory<f32>, b: &SharedMemory<f32>, #[comptime] plan: ProductPlan) {
    for k in 0..plan.depth {
        #[unroll]
        for i in 0..4usize {
            let x = a[k * plan.stride + UNIT_POS_Y as usize + comptime!(i * plan.side)];
            #[unroll]
            for j in 0..4usize {
                sums[comptime!(4 * i + j)] += x * b[k * plan.stride + UNIT_POS_X as usize + comptime!(j * plan.side)];
            }
        }
    }
}

#[cube]
fn zeros() -> Array<f32> {
    let mut sums = Array::<f32>::new(16usize);
    #[unroll]
    for i in 0..16usize {
        sums[i] = 0.0f32;
    }
    sums
}

/// One fragment of results, 16 × 16.
#[cube]
fn no_sums() -> cmma::Matrix<f32> {
    cmma::Matrix::<f32>::from_value(cmma::MatrixIdent::Accumulator, 16usize, 16usize, 16usize, cmma::MatrixLayout::Undefined, 0.0f32)
}

/// The two fragments of this plane += a^T b over the steps in shared memory: 16 rows and 32 columns of the block of 64.
#[cube]
fn add_fragments<F: Float>(
    left: &cmma::Matrix<f32>,
    right: &cmma::Matrix<f32>,
    a: &SharedMemory<F>,
    b: &SharedMemory<F>,
    #[comptime] plan: ProductPlan,
) {
    let plane = UNIT_POS_Y as usize;
    let (row, column) = (plane / 2 * 16, plane % 2 * 32);
    let end = comptime!(plan.depth * plan.stride);
    #[unroll]
    for step in 0..comptime!(plan.depth / 16) {
        let at = comptime!(step * 16 * plan.stride);
        let x = cmma::Matrix::<F>::from_slice(
            cmma::MatrixIdent::A,
            16usize,
            16usize,
            16usize,
            cmma::MatrixLayout::ColMajor,
            &a.slice(at + row, end),
            comptime!(plan.stride as u32),
        );
        let y = cmma::Matrix::<F>::from_slice(
            cmma::MatrixIdent::B,
            16usize,
            16usize,
            16usize,
            cmma::MatrixLayout::RowMajor,
            &b.slice(at + column, end),
            comptime!(plan.stride as u32),
        );
        let z = cmma::Matrix::<F>::from_slice(
            cmma::MatrixIdent::B,
            16usize,
            16usize,
            16usize,
            cmma::MatrixLayout::RowMajor,
            &b.slice(at + column + 16, end),
            comptime!(plan.stride as u32),
        );
        cmma::execute::<F, F, f32, f32>(&x, &y, left, left);
        cmma::execute::<F, F, f32, f32>(&x, &z, right, right);
    }
}

/// Both fragments of every plane to shared memory, `[64, 64]`.
#[cube]
fn store_fragments(left: &cmma::Matrix<f32>, right: &cmma::Matrix<f32>, results: &mut SharedMemory<f32>) {
    let plane = UNIT_POS_Y as usize;
    let at = plane / 2 * comptime!(16 * RESULT_STRIDE) + plane % 2 * 32;
    let end = comptime!(64 * RESULT_STRIDE);
    let stride = comptime!(RESULT_STRIDE as u32);
    cmma::store::<f32, f32>(&mut results.slice_mut(at, end), left, stride, cmma::MatrixLayout::RowMajor);
    cmma::store::<f32, f32>(&mut results.slice_mut(at + 16, end), right, stride, cmma::MatrixLayout::RowMajor);
}

/// y = x `W[rel]`, one tile of rows and one block of columns per cube; `columns` blocks of columns.
#[cube(launch_unchecked)]
pub(crate) fn relation_tiles<F: Float>(
    list: &TileList,
    x: &Array<F>,
    w: &Array<F>,
    y: &mut Array<F>,
    tiles: usize,
    columns: usize,
    inner: usize,
    outer: usize,
    #[comptime] plan: ProductPlan,
    #[define(F)] _f: StorageType,
) {
    let mut a = SharedMemory::<f32>::new(comptime!(plan.depth * plan.stride));
    let mut b = SharedMemory::<f32>::new(comptime!(plan.depth * plan.stride));
    let (tile, column) = (CUBE_POS / columns, CUBE_POS % columns * comptime!(plan.block()));
    if tile < tiles {
        let (start, count) = (list.runs[3 * tile + 1] as usize, list.runs[3 * tile + 2] as usize);
        let weight = list.runs[3 * tile] as usize * inner * outer;
        let mut sums = zeros();
        let mut first = 0usize;
        while first < inner {
            load_features::<F, f32>(list, x, &mut a, start, count, first, inner, plan);
            load_weight::<F, f32>(w, &mut b, weight, first, column, inner, outer, plan);
            sync_cube();
            add_products(&mut sums, &a, &b, plan);
            sync_cube();
            first += plan.depth;
        }
        #[unroll]
        for i in 0..4usize {
            let m = UNIT_POS_Y as usize + comptime!(i * plan.side);
            if m < count {
                let row = row_at(list, start + m, plan);
                #[unroll]
                for j in 0..4usize {
                    let n = column + UNIT_POS_X as usize + comptime!(j * plan.side);
                    if n < outer {
                        y[row * outer + n] = F::cast_from(sums[comptime!(4 * i + j)]);
                    }
                }
            }
        }
    }
}

/// The same on tensor cores.
#[cube(launch_unchecked)]
pub(crate) fn relation_tiles_cmma<F: Float>(
    list: &TileList,
    x: &Array<F>,
    w: &Array<F>,
    y: &mut Array<F>,
    tiles: usize,
    columns: usize,
    inner: usize,
    outer: usize,
    #[comptime] plan: ProductPlan,
    #[define(F)] _f: StorageType,
) {
    let mut a = SharedMemory::<F>::new_aligned(comptime!(plan.depth * plan.stride), FRAGMENT_BYTES);
    let mut b = SharedMemory::<F>::new_aligned(comptime!(plan.depth * plan.stride), FRAGMENT_BYTES);
    let mut results = SharedMemory::<f32>::new_aligned(comptime!(64 * RESULT_STRIDE), FRAGMENT_BYTES);
    let (tile, column) = (CUBE_POS / columns, CUBE_POS % columns * comptime!(plan.block()));
    if tile < tiles {
        let (start, count) = (list.runs[3 * tile + 1] as usize, list.runs[3 * tile + 2] as usize);
        let weight = list.runs[3 * tile] as usize * inner * outer;
        let (left, right) = (no_sums(), no_sums());
        let mut first = 0usize;
        while first < inner {
            load_features::<F, F>(list, x, &mut a, start, count, first, inner, plan);
            load_weight::<F, F>(w, &mut b, weight, first, column, inner, outer, plan);
            sync_cube();
            add_fragments::<F>(&left, &right, &a, &b, plan);
            sync_cube();
            first += plan.depth;
        }
        store_fragments(&left, &right, &mut results);
        sync_cube();
        let mut i = UNIT_POS as usize;
        while i < 4096 {
            let (m, n) = (i / 64, column + i % 64);
            if m < count {
                if n < outer {
                    y[row_at(list, start + m, plan) * outer + n] = F::cast_from(results[m * RESULT_STRIDE + i % 64]);
                }
            }
            i += plan.units;
        }
    }
}

/// dW = x^T dy over the rows of one item, one block of `[inner, outer]` per cube: `columns` blocks beside and `blocks` in all.
#[cube(launch_unchecked)]
pub(crate) fn relation_weights<F: Float, O: Float>(
    list: &TileList,
    x: &Array<F>,
    dy: &Array<F>,
    dw: &mut Array<O>,
    items: usize,
    blocks: usize,
    columns: usize,
    inner: usize,
    outer: usize,
    #[comptime] plan: ProductPlan,
    #[define(F, O)] _types: [StorageType; 2],
) {
    let mut a = SharedMemory::<f32>::new(comptime!(plan.depth * plan.stride));
    let mut b = SharedMemory::<f32>::new(comptime!(plan.depth * plan.stride));
    let (item, block) = (CUBE_POS / blocks, CUBE_POS % blocks);
    let (row, column) = (block / columns * comptime!(plan.block()), block % columns * comptime!(plan.block()));
    if item < items {
        let (start, count) = (list.runs[3 * item + 1] as usize, list.runs[3 * item + 2] as usize);
        let mut sums = zeros();
        let mut first = 0usize;
        while first < count {
            load_rows::<F, f32>(list, x, &mut a, start, count, first, row, inner, plan);
            load_rows::<F, f32>(list, dy, &mut b, start, count, first, column, outer, plan);
            sync_cube();
            add_products(&mut sums, &a, &b, plan);
            sync_cube();
            first += plan.depth;
        }
        let weight = list.runs[3 * item] as usize * inner * outer;
        #[unroll]
        for i in 0..4usize {
            let m = row + UNIT_POS_Y as usize + comptime!(i * plan.side);
            if m < inner {
                #[unroll]
                for j in 0..4usize {
                    let n = column + UNIT_POS_X as usize + comptime!(j * plan.side);
                    if n < outer {
                        dw[weight + m * outer + n] = O::cast_from(sums[comptime!(4 * i + j)]);
                    }
                }
            }
        }
    }
}

/// The same on tensor cores.
#[cube(launch_unchecked)]
pub(crate) fn relation_weights_cmma<F: Float, O: Float>(
    list: &TileList,
    x: &Array<F>,
    dy: &Array<F>,
    dw: &mut Array<O>,
    items: usize,
    blocks: usize,
    columns: usize,
    inner: usize,
    outer: usize,
    #[comptime] plan: ProductPlan,
    #[define(F, O)] _types: [StorageType; 2],
) {
    let mut a = SharedMemory::<F>::new_aligned(comptime!(plan.depth * plan.stride), FRAGMENT_BYTES);
    let mut b = SharedMemory::<F>::new_aligned(comptime!(plan.depth * plan.stride), FRAGMENT_BYTES);
    let mut results = SharedMemory::<f32>::new_aligned(comptime!(64 * RESULT_STRIDE), FRAGMENT_BYTES);
    let (item, block) = (CUBE_POS / blocks, CUBE_POS % blocks);
    let (row, column) = (block / columns * comptime!(plan.block()), block % columns * comptime!(plan.block()));
    if item < items {
        let (start, count) = (list.runs[3 * item + 1] as usize, list.runs[3 * item + 2] as usize);
        let (left, right) = (no_sums(), no_sums());
        let mut first = 0usize;
        while first < count {
            load_rows::<F, F>(list, x, &mut a, start, count, first, row, inner, plan);
            load_rows::<F, F>(list, dy, &mut b, start, count, first, column, outer, plan);
            sync_cube();
            add_fragments::<F>(&left, &right, &a, &b, plan);
            sync_cube();
            first += plan.depth;
        }
        store_fragments(&left, &right, &mut results);
        sync_cube();
        let weight = list.runs[3 * item] as usize * inner * outer;
        let mut i = UNIT_POS as usize;
        while i < 4096 {
            let (m, n) = (row + i / 64, column + i % 64);
            if m < inner {
                if n < outer {
                    dw[weight + m * outer + n] = O::cast_from(results[i / 64 * RESULT_STRIDE + i % 64]);
                }
            }
            i += plan.units;
        }
    }
}

/// The pieces of each hub in order, one unit per hub and number of its weight.
#[cube(launch_unchecked)]
pub(crate) fn relation_weights_combine<F: Float>(
    hubs: &Array<u32>,
    bounds: &Array<u32>,
    partial: &Array<f32>,
    dw: &mut Array<F>,
    total: usize,
    size: usize,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < total {
        let (hub, at) = (ABSOLUTE_POS / size, ABSOLUTE_POS % size);
        let mut sum = 0.0f32;
        for piece in bounds[hub]..bounds[hub + 1] {
            sum += partial[piece as usize * size + at];
        }
        let weight = hubs[hub] as usize;
        dw[weight * size + at] = F::cast_from(sum);
    }
}
