//! CubeCL form: a cube per node; groups of lanes take its hyperedges in turn, lanes the features.

use cubecl::prelude::*;

/// What a launch reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Folds {
    /// Values of H.
    pub(crate) values: bool,
    pub(crate) input: bool,
    pub(crate) middle: bool,
    pub(crate) output: bool,
    pub(crate) units: usize,
}

/// Both orders of H.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Pattern {
    row_ptr: Array<u32>,
    row_col: Array<u32>,
    row_values: Array<f32>,
    col_ptr: Array<u32>,
    col_row: Array<u32>,
    col_values: Array<f32>,
}

/// y_v = s_v Σ_(e ∋ v) h_ve m_e Σ_(u ∈ e) h_ue t_u x_u; `width` counts vectors.
#[cube(launch_unchecked)]
pub(crate) fn fused<F: Float, N: Size>(
    p: &Pattern,
    x: &Array<Vector<F, N>>,
    input: &Array<f32>,
    middle: &Array<f32>,
    output: &Array<f32>,
    y: &mut Array<Vector<F, N>>,
    rows: usize,
    width: usize,
    #[comptime] folds: Folds,
    #[define(F)] _f: StorageType,
) {
    let mut shared = SharedMemory::<Vector<f32, N>>::new(folds.units);
    let row = CUBE_POS;
    let unit = UNIT_POS as usize;
    let lanes = CUBE_DIM_X as usize;
    let mut start = 0usize;
    let mut end = 0usize;
    if row < rows {
        start = p.row_ptr[row] as usize;
        end = p.row_ptr[row + 1] as usize;
    }
    for tile in 0..(width + lanes - 1) / lanes {
        let f = tile * lanes + UNIT_POS_X as usize;
        let mut sum = Vector::<f32, N>::new(0.0);
        if f < width {
            let mut k = start + UNIT_POS_Y as usize;
            while k < end {
                let edge = p.row_col[k] as usize;
                let mut members = Vector::<f32, N>::new(0.0);
                let (first, last) = (p.col_ptr[edge] as usize, p.col_ptr[edge + 1] as usize);
                for j in first..last {
                    let u = p.col_row[j] as usize;
                    let mut w = 1.0f32;
                    if comptime!(folds.values) {
                        w = p.col_values[j];
                    }
                    if comptime!(folds.input) {
                        w *= input[u];
                    }
                    members += Vector::<f32, N>::cast_from(x[u * width + f]) * Vector::new(w);
                }
                let mut w = 1.0f32;
                if comptime!(folds.values) {
                    w = p.row_values[k];
                }
                if comptime!(folds.middle) {
                    w *= middle[edge];
                }
                sum += members * Vector::new(w);
                k += CUBE_DIM_Y as usize;
            }
        }
        shared[unit] = sum;
        sync_cube();
        let mut stride = CUBE_DIM_Y / 2;
        while stride > 0 {
            if UNIT_POS_Y < stride {
                let other = shared[unit + (stride * CUBE_DIM_X) as usize];
                shared[unit] += other;
            }
            sync_cube();
            stride /= 2;
        }
        if UNIT_POS_Y == 0 {
            if f < width {
                if row < rows {
                    let mut s = 1.0f32;
                    if comptime!(folds.output) {
                        s = output[row];
                    }
                    y[row * width + f] = Vector::cast_from(shared[unit] * Vector::new(s));
                }
            }
        }
        sync_cube();
    }
}
