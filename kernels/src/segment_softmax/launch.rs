//! validate -> strategy -> config -> launch of segment statistics and of the softmax built on them.

use cubecl::prelude::*;

use super::CONTRACT;
use super::cube::{Statistic, StatisticPlan, normalise, normalise_backward, statistics, statistics_combine};
use crate::csr::Direction;
use crate::device::buffer::storage_type;
use crate::device::grid::{check_elements, cube_count, units};
use crate::device::lanes::Group;
use crate::device::worklist::WorkList;
use crate::device::{Buf, DevicePattern, Ids, Side, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};

const OP: &str = "segment_softmax";

/// The arrays that a statistic reads; see `Statistic`.
#[derive(Debug)]
pub(crate) struct Arrays<'a, R: Runtime> {
    pub(crate) s: &'a Buf<R>,
    pub(crate) t: Option<&'a Buf<R>>,
    pub(crate) a: Option<&'a Buf<R>>,
    pub(crate) b: Option<&'a Buf<R>>,
    pub(crate) slope: f32,
}

/// s `[nnz, Hd]` -> p `[nnz, Hd]`; segments are the outputs of `direction`.
///
/// # Errors
/// Arrays of another length than the contract's, a storage type that the device lacks, sizes over 32 bits.
pub fn segment_softmax<R: Runtime>(
    pattern: &DevicePattern<R>,
    direction: Direction,
    s: &Buf<R>,
    heads: usize,
) -> Result<Buf<R>, KernelError> {
    validate(pattern, &[("s", s)], heads)?;
    let client = &pattern.client;
    let arrays = Arrays { s, t: None, a: None, b: None, slope: 0.0 };
    let normaliser = statistic(pattern, direction, Statistic::Normaliser, &arrays, heads, DType::F32);
    let p = Buf::empty(client, s.len(), s.dtype());
    if p.is_empty() {
        return Ok(p);
    }
    let units = units(client);
    // SAFETY: s and p hold nnz · heads elements, `segment_of` nnz indices below the number of segments, the normaliser 2 · segments · heads.
    unsafe {
        normalise::launch_unchecked::<R>(
            client,
            cube_count(client, s.len().div_ceil(units as usize)),
            CubeDim::new_1d(units),
            segment_of(pattern, direction).arg(),
            s.arg(),
            normaliser.arg(),
            p.arg(),
            s.len(),
            heads,
            storage_type(s.dtype()),
        );
    }
    Ok(p)
}

/// p, dp `[nnz, Hd]` -> ds `[nnz, Hd]`.
///
/// # Errors
/// As [`segment_softmax`].
pub fn segment_softmax_backward<R: Runtime>(
    pattern: &DevicePattern<R>,
    direction: Direction,
    p: &Buf<R>,
    dp: &Buf<R>,
    heads: usize,
) -> Result<Buf<R>, KernelError> {
    validate(pattern, &[("p", p), ("dp", dp)], heads)?;
    let client = &pattern.client;
    let arrays = Arrays { s: p, t: Some(dp), a: None, b: None, slope: 0.0 };
    let dot = statistic(pattern, direction, Statistic::Dot, &arrays, heads, DType::F32);
    let ds = Buf::empty(client, p.len(), p.dtype());
    if ds.is_empty() {
        return Ok(ds);
    }
    let units = units(client);
    // SAFETY: as in `segment_softmax`, with p, dp and ds of nnz · heads elements.
    unsafe {
        normalise_backward::launch_unchecked::<R>(
            client,
            cube_count(client, p.len().div_ceil(units as usize)),
            CubeDim::new_1d(units),
            segment_of(pattern, direction).arg(),
            p.arg(),
            dp.arg(),
            dot.arg(),
            ds.arg(),
            p.len(),
            heads,
            storage_type(p.dtype()),
        );
    }
    Ok(ds)
}

fn validate<R: Runtime>(pattern: &DevicePattern<R>, arrays: &[(&'static str, &Buf<R>)], heads: usize) -> Result<(), KernelError> {
    for (name, array) in arrays {
        capability::check_storage(&pattern.client, array.dtype())?;
        check_len(OP, CONTRACT, name, array.len(), pattern.nnz * heads)?;
        if array.dtype() != arrays[0].1.dtype() {
            let (got, expected) = (array.dtype().name().into(), arrays[0].1.dtype().name());
            return Err(KernelError::Option { op: OP, argument: name, got, expected });
        }
    }
    check_elements("entries times heads", pattern.nnz * heads)
}

/// Segment of each entry, in row-major order.
pub(crate) fn segment_of<R: Runtime>(pattern: &DevicePattern<R>, direction: Direction) -> &Ids<R> {
    match direction {
        Direction::ToRows => &pattern.row_of,
        Direction::ToCols => &pattern.side(Direction::ToRows).col,
    }
}

/// The statistic of every segment and head, `[segments, Hd]` in `dtype` (`[segments, 2, Hd]` for a normaliser). The caller has checked the arrays.
pub(crate) fn statistic<R: Runtime>(
    pattern: &DevicePattern<R>,
    direction: Direction,
    statistic: Statistic,
    arrays: &Arrays<R>,
    heads: usize,
    dtype: DType,
) -> Buf<R> {
    let side = pattern.side(direction);
    let out = Buf::empty(&pattern.client, side.outputs * statistic.values() * heads, dtype);
    if !out.is_empty() {
        Launcher { pattern, side, statistic, arrays, heads }.launch(&out);
    }
    out
}

struct Launcher<'a, R: Runtime> {
    pattern: &'a DevicePattern<R>,
    side: &'a Side<R>,
    statistic: Statistic,
    arrays: &'a Arrays<'a, R>,
    heads: usize,
}

impl<R: Runtime> Launcher<'_, R> {
    fn launch(&self, out: &Buf<R>) {
        let (client, schedule) = (&self.pattern.client, &self.side.schedule);
        let cube = Group { lanes: units(client), planes: false };
        self.items(&schedule.short, self.pattern.lanes.group(client, schedule.short.mean), out, None);
        self.items(&schedule.long, cube, out, None);
        let hub = &schedule.hub;
        if hub.len == 0 {
            return;
        }
        let pieces = hub.segments.len * self.heads;
        let (sums, largest) = (Buf::empty(client, pieces, DType::F32), Buf::empty(client, pieces, DType::F32));
        self.items(&hub.segments, cube, &sums, Some(&largest));
        let units = units(client);
        // SAFETY: sums and largest hold pieces · heads values, the bounds of the hubs end at pieces; out holds segments · values · heads.
        unsafe {
            statistics_combine::launch_unchecked::<R>(
                client,
                cube_count(client, (hub.len * self.heads).div_ceil(units as usize)),
                CubeDim::new_1d(units),
                hub.rows.arg(),
                hub.bounds.arg(),
                sums.arg(),
                largest.arg(),
                out.arg(),
                hub.len,
                self.heads,
                self.statistic.is_normaliser(),
                storage_type(out.dtype()),
            );
        }
    }

    fn items(&self, list: &WorkList<R>, group: Group, out: &Buf<R>, largest: Option<&Buf<R>>) {
        if list.len == 0 {
            return;
        }
        let (p, client) = (self.pattern, &self.pattern.client);
        let units = units(client);
        let groups = units / group.lanes;
        let plan = StatisticPlan {
            statistic: self.statistic,
            group,
            units: units as usize,
            canonical: self.side.canonical.is_some(),
            partial: largest.is_some(),
        };
        // SAFETY: the caller checked the arrays against the pattern; the lists' bounds and columns are in range by construction; the
        // kernel guards the item; all units reach the plane and shared-memory sums.
        unsafe {
            statistics::launch_unchecked::<R>(
                client,
                cube_count(client, (list.len * self.heads).div_ceil(groups as usize)),
                CubeDim::new_2d(group.lanes, groups),
                list.rows.arg(),
                list.starts.arg(),
                list.ends.arg(),
                p.ids(Some(&self.side.col)),
                p.ids(self.side.canonical.as_ref()),
                p.floats(Some(self.arrays.s)),
                p.floats(self.arrays.t),
                p.floats(self.arrays.a),
                p.floats(self.arrays.b),
                out.arg(),
                largest.map_or_else(|| p.unused_output(), Buf::arg),
                list.len,
                self.heads,
                self.arrays.slope,
                plan,
                [storage_type(self.arrays.s.dtype()), storage_type(out.dtype())],
            );
        }
    }
}
