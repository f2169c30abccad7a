//! validate -> config -> launch: both passes around a caller's dense product, the bias after one, and the gradient of the bias.

use cubecl::prelude::*;

use super::cube::{self, column_sums, column_sums_combine};
use super::{CONTRACT, Scales};
use crate::aggregate::launch::aggregate;
use crate::aggregate::{Fold, Reduce, Weights};
use crate::csr::Direction;
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_index_space, cube_count, lanes_by_groups, units, vector_size};
use crate::device::{Buf, DevicePattern, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};

const OP: &str = "hypergraph_conv";
/// Rows that one cube adds at least.
const CHUNK: usize = 256;
/// Chunks at most, so that the second phase stays short.
const CHUNKS: usize = 512;

/// The first pass: S_mid H^T S_in X, x `[rows, width]` -> `[cols, width]`.
///
/// # Errors
/// As `aggregate`.
pub fn to_edges<R: Runtime>(pattern: &DevicePattern<R>, scales: &Scales<&Buf<R>>, x: &Buf<R>, width: usize) -> Result<Buf<R>, KernelError> {
    let fold = Fold { input_scale: scales.input, output_scale: scales.middle, bias: None };
    aggregate(pattern, Direction::ToCols, Reduce::Sum, x, width, Weights::Values, fold)
}

/// The second pass: S_out H E + c ⊗ bias, e `[cols, width]` -> `[rows, width]`.
///
/// # Errors
/// As `aggregate`.
pub fn to_nodes<R: Runtime>(
    pattern: &DevicePattern<R>,
    scales: &Scales<&Buf<R>>,
    e: &Buf<R>,
    width: usize,
    bias: Option<(&Buf<R>, Option<&Buf<R>>)>,
) -> Result<Buf<R>, KernelError> {
    let fold = Fold { input_scale: None, output_scale: scales.output, bias };
    aggregate(pattern, Direction::ToRows, Reduce::Sum, e, width, Weights::Values, fold)
}

/// Y = X + c ⊗ bias where no pass can fold the bias in, x `[rows, width]`, bias `[width]`, c `[rows]` in f32.
///
/// # Errors
/// Arrays of another length than the contract's, a storage type that the device lacks, sizes over 32 bits.
pub fn add_bias<R: Runtime>(
    pattern: &DevicePattern<R>,
    x: &Buf<R>,
    width: usize,
    bias: &Buf<R>,
    scale: Option<&Buf<R>>,
) -> Result<Buf<R>, KernelError> {
    let (client, rows) = (&pattern.client, pattern.rows());
    capability::check_storage(client, x.dtype())?;
    check_len(OP, CONTRACT, "Y", x.len(), rows * width)?;
    check_len(OP, CONTRACT, "bias", bias.len(), width)?;
    check_type(OP, "bias", bias, x.dtype())?;
    if let Some(c) = scale {
        check_len(OP, CONTRACT, "c", c.len(), rows)?;
        check_type(OP, "c", c, DType::F32)?;
    }
    check_index_space(&[("output elements", x)])?;
    let y = Buf::empty(client, x.len(), x.dtype());
    if y.is_empty() {
        return Ok(y);
    }
    let vector = vector_size(client, x.dtype(), &[width]);
    let (total, units) = (x.len() / vector, units(client));
    // SAFETY: x, bias and c were checked and y was allocated like x; the kernel guards the element.
    unsafe {
        cube::add_bias::launch_unchecked::<R>(
            client,
            cube_count(client, total.div_ceil(units as usize)),
            CubeDim::new_1d(units),
            vector,
            x.arg(),
            bias.arg(),
            pattern.floats(scale),
            y.arg(),
            total,
            width / vector,
            scale.is_some(),
            storage_type(x.dtype()),
        );
    }
    Ok(y)
}

/// The gradient of the bias: Σ_r c_r dY_r, dy `[rows, width]` -> `[width]`. Deterministic: chunks of rows, then the chunks in order.
///
/// # Errors
/// Arrays of another length than the contract's, a storage type that the device lacks, sizes over 32 bits.
pub fn bias_gradient<R: Runtime>(
    pattern: &DevicePattern<R>,
    dy: &Buf<R>,
    width: usize,
    scale: Option<&Buf<R>>,
) -> Result<Buf<R>, KernelError> {
    let (client, rows) = (&pattern.client, pattern.rows());
    capability::check_storage(client, dy.dtype())?;
    check_len(OP, CONTRACT, "dY", dy.len(), rows * width)?;
    if let Some(c) = scale {
        check_len(OP, CONTRACT, "c", c.len(), rows)?;
        check_type(OP, "c", c, DType::F32)?;
    }
    check_index_space(&[("output elements", dy)])?;
    Ok(sum_rows(client, dy, None, (pattern.floats(scale), scale.is_some()), rows, width))
}

/// Σ_r c_r x_r, or Σ_r c_r x_r ⊙ z_r, `[width]`; c is the array given, or all 1. The caller has checked the arrays.
pub(crate) fn sum_rows<R: Runtime>(
    client: &ComputeClient<R>,
    x: &Buf<R>,
    z: Option<&Buf<R>>,
    (scale, scaled): (ArrayArg<R>, bool),
    rows: usize,
    width: usize,
) -> Buf<R> {
    let y = Buf::empty(client, width, x.dtype());
    if y.is_empty() {
        return y;
    }
    let vector = vector_size(client, x.dtype(), &[width]);
    let vectors = width / vector;
    let (lanes, groups) = lanes_by_groups(client, vectors);
    let chunk = rows.div_ceil(CHUNKS).max(CHUNK);
    let chunks = rows.div_ceil(chunk);
    let partial = Buf::<R>::empty(client, chunks * width, DType::F32);
    let units = units(client);
    // SAFETY: the caller checked that x and z hold rows · width values and c one per row; partial holds chunks · width values and y width elements; the kernels guard rows and features.
    unsafe {
        if chunks > 0 {
            column_sums::launch_unchecked::<R>(
                client,
                cube_count(client, chunks),
                CubeDim::new_2d(lanes, groups),
                vector,
                x.arg(),
                z.unwrap_or(x).arg(),
                scale,
                partial.arg(),
                rows,
                vectors,
                chunk,
                z.is_some(),
                scaled,
                (lanes * groups) as usize,
                storage_type(x.dtype()),
            );
        }
        column_sums_combine::launch_unchecked::<R>(
            client,
            cube_count(client, vectors.div_ceil(units as usize)),
            CubeDim::new_1d(units),
            vector,
            partial.arg(),
            y.arg(),
            chunks,
            vectors,
            storage_type(x.dtype()),
        );
    }
    y
}
