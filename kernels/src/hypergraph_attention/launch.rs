//! validate -> config -> launch: statistics, two weighted passes, and the backward pass by recompute.

use cubecl::prelude::*;

use super::cube::{LogitPlan, LogitsLaunch, logit_gradient, logit_products};
use super::{AttentionConfig, CONTRACT};
use crate::aggregate::launch::{Coefficients, Pass, run};
use crate::aggregate::{Fold, Reduce, Weights};
use crate::csr::Direction;
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_elements, check_index_space, check_room, cube_count, units, vector_size};
use crate::device::{Buf, DevicePattern, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};
use crate::segment_softmax::cube::Statistic;
use crate::segment_softmax::launch::{Arrays, segment_of, statistic};

const OP: &str = "hypergraph_attention";

/// Inputs of the op.
#[derive(Debug)]
pub struct Inputs<'a, R: Runtime> {
    /// `[rows, Hd·C]`
    pub x: &'a Buf<R>,
    /// `[rows, Hd]`
    pub a: &'a Buf<R>,
    /// `[cols, Hd]`
    pub b: &'a Buf<R>,
    /// u `[rows]`, f32
    pub row_scale: Option<&'a Buf<R>>,
    /// t `[cols]`, f32
    pub col_scale: Option<&'a Buf<R>>,
}

/// Results of the forward pass.
#[derive(Debug, Clone)]
pub struct Output<R: Runtime> {
    /// O `[rows, Hd·C]`
    pub out: Buf<R>,
    /// Y `[cols, Hd·C]`
    pub edge: Buf<R>,
    /// m and 1 / Σ exp(s − m) `[rows or cols, 2, Hd]`, f32
    pub normaliser: Buf<R>,
}

/// The forward pass.
///
/// # Errors
/// No heads, arrays of another length or type than the contract's, a storage type that the device lacks, sizes over 32 bits.
pub fn hypergraph_attention<R: Runtime>(
    pattern: &DevicePattern<R>,
    config: AttentionConfig,
    i: &Inputs<R>,
) -> Result<Output<R>, KernelError> {
    validate(pattern, config, i)?;
    let (s, t) = if config.normalise == Direction::ToCols { (i.b, i.a) } else { (i.a, i.b) };
    let arrays = Arrays { s, t: Some(t), a: None, b: None, slope: config.slope as f32 };
    let normaliser = statistic(pattern, config.normalise, Statistic::ScoreNormaliser, &arrays, config.heads, DType::F32);
    let scaled = |scale| Fold { output_scale: scale, ..Fold::default() };
    let edge = weighted(pattern, config, i, &normaliser, Direction::ToCols, i.x, scaled(i.col_scale))?;
    let out = weighted(pattern, config, i, &normaliser, Direction::ToRows, &edge, scaled(i.row_scale))?;
    Ok(Output { out, edge, normaliser })
}

/// dO `[rows, Hd·C]` -> (dx `[rows, Hd·C]`, da `[rows, Hd]`, db `[cols, Hd]`).
///
/// # Errors
/// As [`hypergraph_attention`].
pub fn hypergraph_attention_backward<R: Runtime>(
    pattern: &DevicePattern<R>,
    config: AttentionConfig,
    i: &Inputs<R>,
    saved: &Output<R>,
    dout: &Buf<R>,
) -> Result<(Buf<R>, Buf<R>, Buf<R>), KernelError> {
    validate(pattern, config, i)?;
    validate_saved(pattern, config, i, saved, dout)?;
    let scaled = |scale| Fold { input_scale: scale, ..Fold::default() };
    let g = weighted(pattern, config, i, &saved.normaliser, Direction::ToCols, dout, scaled(i.row_scale))?;
    let dx = weighted(pattern, config, i, &saved.normaliser, Direction::ToRows, &g, scaled(i.col_scale))?;
    let dz = logits(pattern, config, i, saved, dout, &g);
    let arrays = Arrays { s: &dz, t: None, a: None, b: None, slope: 0.0 };
    let sums = |direction| statistic(pattern, direction, Statistic::Sum, &arrays, config.heads, i.x.dtype());
    Ok((dx, sums(Direction::ToRows), sums(Direction::ToCols)))
}

/// dx alone, where neither a nor b is tracked: both passes with the coefficients of the transpose, and no gradient of a logit.
///
/// # Errors
/// As [`hypergraph_attention`].
pub fn input_gradient<R: Runtime>(
    pattern: &DevicePattern<R>,
    config: AttentionConfig,
    i: &Inputs<R>,
    saved: &Output<R>,
    dout: &Buf<R>,
) -> Result<Buf<R>, KernelError> {
    validate(pattern, config, i)?;
    validate_saved(pattern, config, i, saved, dout)?;
    let scaled = |scale| Fold { input_scale: scale, ..Fold::default() };
    let g = weighted(pattern, config, i, &saved.normaliser, Direction::ToCols, dout, scaled(i.row_scale))?;
    weighted(pattern, config, i, &saved.normaliser, Direction::ToRows, &g, scaled(i.col_scale))
}

/// One pass weighted by the attention coefficients.
fn weighted<'a, R: Runtime>(
    pattern: &DevicePattern<R>,
    config: AttentionConfig,
    i: &Inputs<'a, R>,
    normaliser: &'a Buf<R>,
    direction: Direction,
    x: &'a Buf<R>,
    fold: Fold<&'a Buf<R>, &'a Buf<R>>,
) -> Result<Buf<R>, KernelError> {
    let (out_part, in_part) = if direction == Direction::ToCols { (i.b, i.a) } else { (i.a, i.b) };
    let of_outputs = config.normalise == direction;
    let attention = Coefficients { out_part, in_part, normaliser, of_outputs, heads: config.heads, slope: config.slope as f32 };
    let width = config.heads * config.head_width;
    let (weights, attention) = (Weights::Values, Some(attention));
    let pass = Pass { direction, reduce: Reduce::Sum, x, width, weights, fold, attention, scores: None, winners: None };
    run(pattern, &pass)
}

fn validate<R: Runtime>(pattern: &DevicePattern<R>, config: AttentionConfig, i: &Inputs<R>) -> Result<(), KernelError> {
    if config.heads == 0 {
        return Err(KernelError::Option { op: OP, argument: "heads", got: "0".into(), expected: "at least 1" });
    }
    let (rows, cols, width) = (pattern.rows(), pattern.cols(), config.heads * config.head_width);
    capability::check_storage(&pattern.client, i.x.dtype())?;
    check("x", i.x, rows * width, i.x.dtype())?;
    check("a", i.a, rows * config.heads, i.x.dtype())?;
    check("b", i.b, cols * config.heads, i.x.dtype())?;
    i.row_scale.map_or(Ok(()), |u| check("u", u, rows, DType::F32))?;
    i.col_scale.map_or(Ok(()), |t| check("t", t, cols, DType::F32))?;
    check_elements("entries times heads", pattern.nnz * config.heads)?;
    check_room(&pattern.client, "hyperedge features", cols * width, i.x.dtype().bytes())?;
    check_index_space(&[("node features", i.x)])
}

fn validate_saved<R: Runtime>(
    pattern: &DevicePattern<R>,
    config: AttentionConfig,
    i: &Inputs<R>,
    saved: &Output<R>,
    dout: &Buf<R>,
) -> Result<(), KernelError> {
    let width = config.heads * config.head_width;
    check("O", &saved.out, pattern.rows() * width, i.x.dtype())?;
    check("Y", &saved.edge, pattern.cols() * width, i.x.dtype())?;
    check("N", &saved.normaliser, pattern.side(config.normalise).outputs * 2 * config.heads, DType::F32)?;
    check("dO", dout, pattern.rows() * width, i.x.dtype())
}

fn check<R: Runtime>(argument: &'static str, array: &Buf<R>, len: usize, dtype: DType) -> Result<(), KernelError> {
    check_len(OP, CONTRACT, argument, array.len(), len)?;
    check_type(OP, argument, array, dtype)
}

/// The gradient of every logit before the leaky ReLU, `[nnz, Hd]` in f32; the caller has checked the arrays.
fn logits<R: Runtime>(
    pattern: &DevicePattern<R>,
    config: AttentionConfig,
    i: &Inputs<R>,
    saved: &Output<R>,
    dout: &Buf<R>,
    g: &Buf<R>,
) -> Buf<R> {
    let (client, rows) = (&pattern.client, pattern.side(Direction::ToRows));
    let pairs = pattern.nnz * config.heads;
    let (softmax, products) = (Buf::empty(client, pairs, DType::F32), Buf::empty(client, pairs, DType::F32));
    if products.is_empty() {
        return products;
    }
    let vector = vector_size(client, i.x.dtype(), &[config.head_width]);
    let group = pattern.lanes.group_over(client, config.head_width / vector);
    let units = units(client);
    let groups = units / group.lanes;
    let segment = segment_of(pattern, config.normalise);
    let plan = LogitPlan {
        group,
        units: units as usize,
        values: rows.values.is_some(),
        row_scale: i.row_scale.is_some(),
        col_scale: i.col_scale.is_some(),
    };
    let scalars = LogitsLaunch::new(
        pattern.row_of.arg(),
        rows.col.arg(),
        segment.arg(),
        pattern.floats(rows.values.as_ref()),
        saved.normaliser.arg(),
        pattern.floats(i.row_scale),
        pattern.floats(i.col_scale),
        config.slope as f32,
    );
    // SAFETY: `validate` and `validate_saved` checked every array against the pattern; softmax and products hold nnz · heads values; the
    // kernel guards the pair and the feature, and all units reach the sum.
    unsafe {
        logit_products::launch_unchecked::<R>(
            client,
            cube_count(client, pairs.div_ceil(groups as usize)),
            CubeDim::new_2d(group.lanes, groups),
            vector,
            scalars,
            i.a.arg(),
            i.b.arg(),
            pattern.floats(Some(dout)),
            pattern.floats(Some(&saved.edge)),
            pattern.floats(Some(i.x)),
            pattern.floats(Some(g)),
            softmax.arg(),
            products.arg(),
            pairs,
            config.heads,
            config.head_width / vector,
            plan,
            storage_type(i.x.dtype()),
        );
    }
    let arrays = Arrays { s: &softmax, t: Some(&products), a: None, b: None, slope: 0.0 };
    let total = statistic(pattern, config.normalise, Statistic::Dot, &arrays, config.heads, DType::F32);
    // SAFETY: as above; total holds segments · heads values, and a unit reads and writes the place of its pair alone.
    unsafe {
        logit_gradient::launch_unchecked::<R>(
            client,
            cube_count(client, pairs.div_ceil(units as usize)),
            CubeDim::new_1d(units),
            pattern.row_of.arg(),
            rows.col.arg(),
            segment.arg(),
            i.a.arg(),
            i.b.arg(),
            softmax.arg(),
            total.arg(),
            products.arg(),
            pairs,
            config.heads,
            config.slope as f32,
            storage_type(i.a.dtype()),
        );
    }
    products
}
