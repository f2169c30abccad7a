//! validate -> config -> launch: scores, normalisers, one weighted pass each way, and what is made of their sums.

use cubecl::prelude::*;

use super::cube::{DotPlan, Product, part_products, seed_gradient, sum_seeds};
use super::{CONTRACT, SetAttentionConfig, Wanted};
use crate::aggregate::launch::{Pass, Scores, run};
use crate::aggregate::{Fold, Reduce, Weights};
use crate::csr::Direction;
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_elements, check_index_space, cube_count, units, vector_size};
use crate::device::{Buf, DevicePattern, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};
use crate::hypergraph_conv::cube::column_sums_combine;
use crate::segment_softmax::cube::Statistic;
use crate::segment_softmax::launch::{Arrays, statistic};

const OP: &str = "set_attention";

/// Chunks of members whose share of dQ is summed apart, at most.
const CHUNKS: usize = 512;

/// Members of such a chunk, at least.
const CHUNK: usize = 64;

/// Q, K and V of the contract.
#[derive(Debug)]
pub struct Inputs<'a, R: Runtime> {
    /// `[S, Hd·C]`
    pub q: &'a Buf<R>,
    /// `[members, Hd·C]`
    pub k: &'a Buf<R>,
    /// `[members, Hd·C]`
    pub v: &'a Buf<R>,
}

/// Results of the forward pass.
#[derive(Debug, Clone)]
pub struct Output<R: Runtime> {
    /// O `[segments, S, Hd·C]`
    pub out: Buf<R>,
    /// N `[segments, 2, S·Hd]`, f32
    pub normaliser: Buf<R>,
}

/// The forward pass.
///
/// # Errors
/// What [`SetAttentionConfig::check`] refuses, arrays of unequal types, a storage type that the device lacks, sizes over 32 bits.
pub fn set_attention<R: Runtime>(pattern: &DevicePattern<R>, c: SetAttentionConfig, i: &Inputs<R>) -> Result<Output<R>, KernelError> {
    validate(pattern, c, i)?;
    let scores = scores(pattern, c, i);
    let arrays = Arrays { s: &scores, t: Some(&scores), a: None, b: None, slope: 0.0 };
    let normaliser = statistic(pattern, c.direction, Statistic::InputNormaliser, &arrays, c.parts(), DType::F32);
    let of = Scores { scores: &scores, normaliser: &normaliser, of_outputs: true, heads: c.parts(), repeats: c.seeds };
    let out = weighted(pattern, c.direction, i.v, c.seeds * c.width(), of)?;
    Ok(Output { out, normaliser })
}

/// dO `[segments, S, Hd·C]` -> dQ, dK and dV, as far as they are wanted.
///
/// # Errors
/// As [`set_attention`].
pub fn set_attention_backward<R: Runtime>(
    pattern: &DevicePattern<R>,
    c: SetAttentionConfig,
    i: &Inputs<R>,
    saved: &Output<R>,
    dout: &Buf<R>,
    wanted: Wanted,
) -> Result<[Option<Buf<R>>; 3], KernelError> {
    validate(pattern, c, i)?;
    let segments = pattern.side(c.direction).outputs;
    let (back, client, parts) = (c.direction.reverse(), &pattern.client, c.parts());
    for (argument, array) in [("O", &saved.out), ("dO", dout)] {
        check_len(OP, CONTRACT, argument, array.len(), segments * c.seeds * c.width())?;
        check_type(OP, argument, array, i.q.dtype())?;
    }
    check_len(OP, CONTRACT, "N", saved.normaliser.len(), segments * 2 * parts)?;
    check_type(OP, "N", &saved.normaliser, DType::F32)?;
    let scores = scores(pattern, c, i);
    let of = Scores { scores: &scores, normaliser: &saved.normaliser, of_outputs: false, heads: parts, repeats: 1 };
    let g = weighted(pattern, back, dout, c.seeds * c.width(), of)?;
    let (mut dq, mut dk) = (None, None);
    if wanted.q || wanted.k {
        let totals = Buf::empty(client, segments * parts, DType::F32);
        products(pattern, c, Product::Total, (dout, &saved.out), None, &totals);
        let mean = weighted(pattern, back, &totals, parts, of)?;
        let dz = Buf::empty(client, scores.len(), DType::F32);
        products(pattern, c, Product::Gradient, (&g, i.v), Some((&scores, &mean)), &dz);
        dq = wanted.q.then(|| seeds_of(pattern, c, i.k, &dz));
        dk = wanted.k.then(|| over_seeds(pattern, c, i.q, Some(&dz)));
    }
    let dv = wanted.v.then(|| if c.seeds == 1 { g } else { over_seeds(pattern, c, &g, None) });
    Ok([dq, dk, dv])
}

fn validate<R: Runtime>(pattern: &DevicePattern<R>, c: SetAttentionConfig, i: &Inputs<R>) -> Result<(), KernelError> {
    let side = pattern.side(c.direction);
    capability::check_storage(&pattern.client, i.q.dtype())?;
    c.check(side.inputs, i.q.len(), i.k.len(), i.v.len())?;
    check_type(OP, "K", i.k, i.q.dtype())?;
    check_type(OP, "V", i.v, i.q.dtype())?;
    check_index_space(&[("seeds", i.q), ("keys", i.k)])?;
    check_elements("gradients of members", side.inputs * c.seeds * c.width())?;
    check_elements("normalisers", side.outputs * 2 * c.parts())
}

/// A pass whose coefficients are those of `scores`, over x to `[outputs, width]`.
fn weighted<R: Runtime>(
    pattern: &DevicePattern<R>,
    direction: Direction,
    x: &Buf<R>,
    width: usize,
    scores: Scores<R>,
) -> Result<Buf<R>, KernelError> {
    let (weights, fold, scores) = (Weights::Ones, Fold::default(), Some(scores));
    run(pattern, &Pass { direction, reduce: Reduce::Sum, x, width, weights, fold, attention: None, scores, winners: None })
}

/// The scores of every member, `[members, S·Hd]`.
fn scores<R: Runtime>(pattern: &DevicePattern<R>, c: SetAttentionConfig, i: &Inputs<R>) -> Buf<R> {
    let scores = Buf::empty(&pattern.client, pattern.side(c.direction).inputs * c.parts(), DType::F32);
    products(pattern, c, Product::Score, (i.q, i.k), None, &scores);
    scores
}

/// out `[rows, S·Hd]` of a and b as `product` has them, with the scores and the mean of a gradient; the caller has checked the arrays.
fn products<R: Runtime>(
    pattern: &DevicePattern<R>,
    c: SetAttentionConfig,
    product: Product,
    (a, b): (&Buf<R>, &Buf<R>),
    of_gradient: Option<(&Buf<R>, &Buf<R>)>,
    out: &Buf<R>,
) {
    if out.is_empty() {
        return;
    }
    let (client, dtype) = (&pattern.client, a.dtype());
    let vector = vector_size(client, dtype, &[c.head_width]);
    let group = pattern.lanes.group_over(client, c.head_width / vector);
    let units = units(client);
    let groups = units / group.lanes;
    // SAFETY: the callers checked a and b, or made them, for the rows of `out`, which holds S·Hd values of each; scores and mean hold as many
    // where they are read. The kernel guards the pair and the feature, and all units reach the sum.
    unsafe {
        part_products::launch_unchecked::<R>(
            client,
            cube_count(client, out.len().div_ceil(groups as usize)),
            CubeDim::new_2d(group.lanes, groups),
            vector,
            pattern.floats(Some(a)),
            pattern.floats(Some(b)),
            pattern.floats(of_gradient.map(|g| g.0)),
            pattern.floats(of_gradient.map(|g| g.1)),
            out.arg(),
            out.len(),
            c.parts(),
            c.heads,
            c.head_width / vector,
            c.scale as f32,
            c.slope as f32,
            DotPlan { product, group, units: units as usize },
            storage_type(dtype),
        );
    }
}

/// dK of x = Q and dz, or dV of x = G, `[members, Hd·C]`.
fn over_seeds<R: Runtime>(pattern: &DevicePattern<R>, c: SetAttentionConfig, x: &Buf<R>, dz: Option<&Buf<R>>) -> Buf<R> {
    let client = &pattern.client;
    let out = Buf::empty(client, pattern.side(c.direction).inputs * c.width(), x.dtype());
    if out.is_empty() {
        return out;
    }
    let (vector, units) = (vector_size(client, x.dtype(), &[c.head_width]), units(client));
    let total = out.len() / vector;
    // SAFETY: x holds S rows of Q or S·members rows of G, dz S·Hd values per member where it is read, out a row per member; the kernel guards
    // the vector.
    unsafe {
        sum_seeds::launch_unchecked::<R>(
            client,
            cube_count(client, total.div_ceil(units as usize)),
            CubeDim::new_1d(units),
            vector,
            x.arg(),
            pattern.floats(dz),
            out.arg(),
            total,
            c.seeds,
            c.heads,
            c.head_width / vector,
            dz.is_some(),
            storage_type(x.dtype()),
        );
    }
    out
}

/// dQ `[S, Hd·C]`: chunks of members, then the chunks in order.
fn seeds_of<R: Runtime>(pattern: &DevicePattern<R>, c: SetAttentionConfig, k: &Buf<R>, dz: &Buf<R>) -> Buf<R> {
    let (client, members) = (&pattern.client, pattern.side(c.direction).inputs);
    let out = Buf::empty(client, c.seeds * c.width(), k.dtype());
    if out.is_empty() {
        return out;
    }
    let chunk = members.div_ceil(CHUNKS).max(CHUNK);
    let chunks = members.div_ceil(chunk);
    let partial = Buf::<R>::empty(client, chunks * out.len(), DType::F32);
    let (vector, units) = (vector_size(client, k.dtype(), &[c.head_width]), units(client));
    let width = out.len() / vector;
    // SAFETY: `validate` checked K, dz holds S·Hd values per member, partial a dQ per chunk; both kernels guard their vector.
    unsafe {
        if chunks > 0 {
            seed_gradient::launch_unchecked::<R>(
                client,
                cube_count(client, (chunks * width).div_ceil(units as usize)),
                CubeDim::new_1d(units),
                vector,
                k.arg(),
                dz.arg(),
                partial.arg(),
                members,
                chunk,
                chunks,
                c.seeds,
                c.heads,
                c.head_width / vector,
                storage_type(k.dtype()),
            );
        }
        column_sums_combine::launch_unchecked::<R>(
            client,
            cube_count(client, width.div_ceil(units as usize)),
            CubeDim::new_1d(units),
            vector,
            partial.arg(),
            out.arg(),
            chunks,
            width,
            storage_type(k.dtype()),
        );
    }
    out
}
