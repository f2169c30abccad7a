//! CubeCL form: a cube makes b rows and one tile of columns of the result, block by block, both factors by way of shared memory, where they stand step by
//! step along the sum. Sums are in registers of the units, or in those of the tensor cores.

use cubecl::prelude::*;

/// The arrangement of one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct BlockPlan {
    /// b
    pub(crate) block: usize,
    /// Units along one side of a cube.
    pub(crate) side: usize,
    /// Columns of a tile.
    pub(crate) columns: usize,
    /// Steps of the sum in shared memory at a time; divides b.
    pub(crate) depth: usize,
    /// What is added to the length of a step in shared memory.
    pub(crate) pad: usize,
    /// Units of a cube.
    pub(crate) units: usize,
    /// The blocks are read as their transposes.
    pub(crate) transposed: bool,
    /// The bias is added.
    pub(crate) bias: bool,
}

impl BlockPlan {
    /// Rows of the result that a unit has.
    pub(crate) fn rows(&self) -> usize {
        self.block / self.side
    }

    /// Columns of the result that a unit has.
    pub(crate) fn cols(&self) -> usize {
        self.columns / self.side
    }

    /// Numbers from one step of a block to the next.
    fn a_stride(&self) -> usize {
        self.block + self.pad
    }

    /// Numbers from one step of x to the next.
    fn x_stride(&self) -> usize {
        self.columns + self.pad
    }

    /// Numbers from one row of results in shared memory to the next, for tensor cores.
    fn result_stride(&self) -> usize {
        self.columns + 4
    }

    /// Planes along the columns of a tile, of the eight that there are.
    fn planes_across(&self) -> usize {
        8 / (self.block / 16)
    }

    /// Columns of a plane: one fragment or two.
    fn plane_columns(&self) -> usize {
        self.columns / self.planes_across()
    }
}

/// What tensor cores load and store begins at a multiple of so many bytes.
const FRAGMENT_BYTES: usize = 32;

/// The blocks of each item, and where they are.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct BlockList {
    /// Block row (or number of the piece), first place and number of places of each.
    runs: Array<u32>,
    /// At each place the input block and where the values are.
    places: Array<u32>,
}

/// to[k, m] = the number in row m and column first + k of the block at `at`, or of its transpose.
#[cube]
fn load_block<S: Float>(values: &Array<f32>, to: &mut SharedMemory<S>, at: usize, first: usize, #[comptime] plan: BlockPlan) {
    let mut i = UNIT_POS as usize;
    while i < comptime!(plan.depth * plan.block) {
        // Neighbouring units read neighbouring numbers.
        if comptime!(plan.transposed) {
            let (k, m) = (i / plan.block, i % plan.block);
            to[k * comptime!(plan.a_stride()) + m] = S::cast_from(values[at + (first + k) * plan.block + m]);
        } else {
            let (m, k) = (i / plan.depth, i % plan.depth);
            to[k * comptime!(plan.a_stride()) + m] = S::cast_from(values[at + m * plan.block + first + k]);
        }
        i += plan.units;
    }
}

/// to[k, n] = x[row + k, column + n]; zeros outside `[inputs, width]`.
#[cube]
fn load_inputs<F: Float, S: Float>(
    x: &Array<F>,
    to: &mut SharedMemory<S>,
    row: usize,
    column: usize,
    inputs: usize,
    width: usize,
    #[comptime] plan: BlockPlan,
) {
    let mut i = UNIT_POS as usize;
    while i < comptime!(plan.depth * plan.columns) {
        let (k, n) = (i / plan.columns, i % plan.columns);
        let mut v = S::new(0.0);
        if row + k < inputs {
            if column + n < width {
                v = S::cast_from(x[(row + k) * width + column + n]);
            }
        }
        to[k * comptime!(plan.x_stride()) + n] = v;
        i += plan.units;
    }
}

/// sums of this unit, rows and columns `side` apart, += Σ_k a[k, row] b[k, column].
#[cube]
fn add_products(sums: &mut Array<f32>, a: &SharedMemory<f32>, b: &SharedMemory<f32>, #[comptime] plan: BlockPlan) {
    for k in 0..plan.depth {
        #[unroll]
        for i in 0..comptime!(plan.rows()) {
            let v = a[k * comptime!(plan.a_stride()) + UNIT_POS_Y as usize + comptime!(i * plan.side)];
            #[unroll]
            for j in 0..comptime!(plan.cols()) {
                sums[comptime!(i * plan.cols() + j)] +=
                    v * b[k * comptime!(plan.x_stride()) + UNIT_POS_X as usize + comptime!(j * plan.side)];
            }
        }
    }
}

/// y = Σ over the blocks of one item, one tile of columns per cube; `tiles` tiles beside one another.
#[cube(launch_unchecked)]
pub(crate) fn block_rows<F: Float, O: Float>(
    list: &BlockList,
    values: &Array<f32>,
    x: &Array<F>,
    bias: &Array<F>,
    y: &mut Array<O>,
    items: usize,
    tiles: usize,
    inputs: usize,
    outputs: usize,
    width: usize,
    #[comptime] plan: BlockPlan,
    #[define(F, O)] _types: [StorageType; 2],
) {
    let mut a = SharedMemory::<f32>::new(comptime!(plan.depth * plan.a_stride()));
    let mut b = SharedMemory::<f32>::new(comptime!(plan.depth * plan.x_stride()));
    let (item, column) = (CUBE_POS / tiles, CUBE_POS % tiles * plan.columns);
    if item < items {
        let start = list.runs[3 * item + 1] as usize;
        let end = start + list.runs[3 * item + 2] as usize;
        let mut sums = Array::<f32>::new(comptime!(plan.rows() * plan.cols()));
        #[unroll]
        for i in 0..comptime!(plan.rows() * plan.cols()) {
            sums[i] = 0.0f32;
        }
        for k in start..end {
            let row = list.places[2 * k] as usize * plan.block;
            let at = list.places[2 * k + 1] as usize * comptime!(plan.block * plan.block);
            let mut first = 0usize;
            while first < plan.block {
                load_block::<f32>(values, &mut a, at, first, plan);
                load_inputs::<F, f32>(x, &mut b, row + first, column, inputs, width, plan);
                sync_cube();
                add_products(&mut sums, &a, &b, plan);
                sync_cube();
                first += plan.depth;
            }
        }
        let row = list.runs[3 * item] as usize * plan.block;
        #[unroll]
        for i in 0..comptime!(plan.rows()) {
            let m = row + UNIT_POS_Y as usize + comptime!(i * plan.side);
            if m < outputs {
                #[unroll]
                for j in 0..comptime!(plan.cols()) {
                    let n = column + UNIT_POS_X as usize + comptime!(j * plan.side);
                    if n < width {
                        let mut v = sums[comptime!(i * plan.cols() + j)];
                        if comptime!(plan.bias) {
                            v += f32::cast_from(bias[n]);
                        }
                        y[m * width + n] = O::cast_from(v);
                    }
                }
            }
        }
    }
}

/// One fragment of results, 16 × 16.
#[cube]
fn no_sums() -> cmma::Matrix<f32> {
    cmma::Matrix::<f32>::from_value(cmma::MatrixIdent::Accumulator, 16usize, 16usize, 16usize, cmma::MatrixLayout::Undefined, 0.0f32)
}

/// x's fragment for one step of 16 of the sum.
#[cube]
fn input_fragment<F: Float>(b: &SharedMemory<F>, at: usize, #[comptime] plan: BlockPlan) -> cmma::Matrix<F> {
    cmma::Matrix::<F>::from_slice(
        cmma::MatrixIdent::B,
        16usize,
        16usize,
        16usize,
        cmma::MatrixLayout::RowMajor,
        &b.slice(at, comptime!(plan.depth * plan.x_stride())),
        comptime!(plan.x_stride() as u32),
    )
}

/// The fragments of this plane += a^T b over the steps in shared memory.
#[cube]
fn add_fragments<F: Float>(
    left: &cmma::Matrix<f32>,
    right: &cmma::Matrix<f32>,
    a: &SharedMemory<F>,
    b: &SharedMemory<F>,
    #[comptime] plan: BlockPlan,
) {
    let plane = UNIT_POS_Y as usize;
    let row = plane / comptime!(plan.planes_across()) * 16;
    let column = plane % comptime!(plan.planes_across()) * comptime!(plan.plane_columns());
    #[unroll]
    for step in 0..comptime!(plan.depth / 16) {
        let block = cmma::Matrix::<F>::from_slice(
            cmma::MatrixIdent::A,
            16usize,
            16usize,
            16usize,
            cmma::MatrixLayout::ColMajor,
            &a.slice(comptime!(step * 16 * plan.a_stride()) + row, comptime!(plan.depth * plan.a_stride())),
            comptime!(plan.a_stride() as u32),
        );
        let at = comptime!(step * 16 * plan.x_stride()) + column;
        cmma::execute::<F, F, f32, f32>(&block, &input_fragment::<F>(b, at, plan), left, left);
        if comptime!(plan.plane_columns() == 32) {
            cmma::execute::<F, F, f32, f32>(&block, &input_fragment::<F>(b, at + 16, plan), right, right);
        }
    }
}

/// The fragments of every plane to shared memory, `[b, columns]`.
#[cube]
fn store_fragments(left: &cmma::Matrix<f32>, right: &cmma::Matrix<f32>, results: &mut SharedMemory<f32>, #[comptime] plan: BlockPlan) {
    let plane = UNIT_POS_Y as usize;
    let at = plane / comptime!(plan.planes_across()) * comptime!(16 * plan.result_stride())
        + plane % comptime!(plan.planes_across()) * comptime!(plan.plane_columns());
    let end = comptime!(plan.block * plan.result_stride());
    let stride = comptime!(plan.result_stride() as u32);
    cmma::store::<f32, f32>(&mut results.slice_mut(at, end), left, stride, cmma::MatrixLayout::RowMajor);
    if comptime!(plan.plane_columns() == 32) {
        cmma::store::<f32, f32>(&mut results.slice_mut(at + 16, end), right, stride, cmma::MatrixLayout::RowMajor);
    }
}

/// The same on tensor cores.
#[cube(launch_unchecked)]
pub(crate) fn block_rows_cmma<F: Float, O: Float>(
    list: &BlockList,
    values: &Array<f32>,
    x: &Array<F>,
    bias: &Array<F>,
    y: &mut Array<O>,
    items: usize,
    tiles: usize,
    inputs: usize,
    outputs: usize,
    width: usize,
    #[comptime] plan: BlockPlan,
    #[define(F, O)] _types: [StorageType; 2],
) {
    let mut a = SharedMemory::<F>::new_aligned(comptime!(plan.depth * plan.a_stride()), FRAGMENT_BYTES);
    let mut b = SharedMemory::<F>::new_aligned(comptime!(plan.depth * plan.x_stride()), FRAGMENT_BYTES);
    let mut results = SharedMemory::<f32>::new_aligned(comptime!(plan.block * plan.result_stride()), FRAGMENT_BYTES);
    let (item, column) = (CUBE_POS / tiles, CUBE_POS % tiles * plan.columns);
    if item < items {
        let start = list.runs[3 * item + 1] as usize;
        let end = start + list.runs[3 * item + 2] as usize;
        let (left, right) = (no_sums(), no_sums());
        for k in start..end {
            let row = list.places[2 * k] as usize * plan.block;
            let at = list.places[2 * k + 1] as usize * comptime!(plan.block * plan.block);
            let mut first = 0usize;
            while first < plan.block {
                load_block::<F>(values, &mut a, at, first, plan);
                load_inputs::<F, F>(x, &mut b, row + first, column, inputs, width, plan);
                sync_cube();
                add_fragments::<F>(&left, &right, &a, &b, plan);
                sync_cube();
                first += plan.depth;
            }
        }
        store_fragments(&left, &right, &mut results, plan);
        sync_cube();
        let row = list.runs[3 * item] as usize * plan.block;
        let mut i = UNIT_POS as usize;
        while i < comptime!(plan.block * plan.columns) {
            let (m, n) = (i / plan.columns, i % plan.columns);
            if row + m < outputs {
                if column + n < width {
                    let mut v = results[m * comptime!(plan.result_stride()) + n];
                    if comptime!(plan.bias) {
                        v += f32::cast_from(bias[column + n]);
                    }
                    y[(row + m) * width + column + n] = O::cast_from(v);
                }
            }
            i += plan.units;
        }
    }
}

/// The pieces of each hub in order, one unit per number: partial `[pieces, b, width]`, `total` numbers in hubs of b rows each.
#[cube(launch_unchecked)]
pub(crate) fn combine_pieces<F: Float>(
    hubs: &Array<u32>,
    bounds: &Array<u32>,
    partial: &Array<f32>,
    bias: &Array<F>,
    y: &mut Array<F>,
    total: usize,
    outputs: usize,
    width: usize,
    #[comptime] plan: BlockPlan,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < total {
        let size = plan.block * width;
        let (hub, at) = (ABSOLUTE_POS / size, ABSOLUTE_POS % size);
        let row = hubs[hub] as usize * plan.block + at / width;
        if row < outputs {
            let mut sum = 0.0f32;
            for piece in bounds[hub]..bounds[hub + 1] {
                sum += partial[piece as usize * size + at];
            }
            if comptime!(plan.bias) {
                sum += f32::cast_from(bias[at % width]);
            }
            y[row * width + at % width] = F::cast_from(sum);
        }
    }
}
