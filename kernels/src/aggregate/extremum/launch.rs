//! validate -> strategy -> config -> launch.

use cubecl::prelude::*;

use super::cube::{TermsLaunch, WinnerPlan, winners_combine, winners_long, winners_short};
use crate::aggregate::entry::launch::masked;
use crate::aggregate::launch::{Pass, run};
use crate::aggregate::{CONTRACT, Fold, Reduce, Wanted, Weights};
use crate::csr::Direction;
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_index_space, check_room, cube_count, lanes_by_groups, units};
use crate::device::worklist::WorkList;
use crate::device::{Buf, DevicePattern, Ids, Side, capability};
use crate::error::{KernelError, check_len};

const OP: &str = "aggregate, gradient of max and min";

/// Gradients of a max or min pass in `direction`: dy `[outputs, F]` -> dx `[inputs, F]`, and dw `[nnz]` when the weights are entries.
///
/// # Errors
/// A reduction that is neither, arrays of another length than the contract's, a storage type that the device lacks, sizes over 32 bits.
pub fn extremum_backward<R: Runtime>(
    pattern: &DevicePattern<R>,
    direction: Direction,
    reduce: Reduce,
    x: &Buf<R>,
    width: usize,
    weights: Weights<&Buf<R>>,
    dy: &Buf<R>,
) -> Result<(Buf<R>, Option<Buf<R>>), KernelError> {
    let wanted = Wanted { x: true, weights: true };
    let (dx, dw) = extremum_gradients(pattern, direction, reduce, x, width, weights, dy, wanted)?;
    Ok((dx.expect("dx was wanted; this is a bug"), dw))
}

/// As [`extremum_backward`], as far as the gradients are wanted.
///
/// # Errors
/// As [`extremum_backward`].
pub fn extremum_gradients<R: Runtime>(
    pattern: &DevicePattern<R>,
    direction: Direction,
    reduce: Reduce,
    x: &Buf<R>,
    width: usize,
    weights: Weights<&Buf<R>>,
    dy: &Buf<R>,
    wanted: Wanted,
) -> Result<(Option<Buf<R>>, Option<Buf<R>>), KernelError> {
    validate(pattern, direction, reduce, x, width, weights, dy)?;
    let won = find(pattern, direction, reduce, x, width, weights);
    let back = Pass {
        direction: direction.reverse(),
        reduce: Reduce::Sum,
        x: dy,
        width,
        weights,
        fold: Fold::default(),
        attention: None,
        scores: None,
        winners: Some(&won),
    };
    let dx = if wanted.x { Some(run(pattern, &back)?) } else { None };
    let (a, b) = if direction == Direction::ToRows { (dy, x) } else { (x, dy) };
    let dw = match weights {
        Weights::Entries(_) if wanted.weights => Some(masked(pattern, a, b, width, Some((&won, direction)))?),
        _ => None,
    };
    Ok((dx, dw))
}

fn validate<R: Runtime>(
    pattern: &DevicePattern<R>,
    direction: Direction,
    reduce: Reduce,
    x: &Buf<R>,
    width: usize,
    weights: Weights<&Buf<R>>,
    dy: &Buf<R>,
) -> Result<(), KernelError> {
    if !matches!(reduce, Reduce::Max | Reduce::Min) {
        return Err(KernelError::Option { op: OP, argument: "reduce", got: format!("{reduce:?}"), expected: "Max or Min" });
    }
    let side = pattern.side(direction);
    capability::check_storage(&pattern.client, x.dtype())?;
    check_len(OP, CONTRACT, "x", x.len(), side.inputs * width)?;
    check_len(OP, CONTRACT, "dy", dy.len(), side.outputs * width)?;
    check_type(OP, "dy", dy, x.dtype())?;
    if let Weights::Entries(w) = weights {
        check_len(OP, CONTRACT, "w", w.len(), pattern.nnz)?;
        check_type(OP, "w", w, x.dtype())?;
    }
    check_index_space(&[("input elements", x), ("output elements", dy)])?;
    check_room(&pattern.client, "partial results", side.schedule.hub.segments.len * width, 4)
}

/// Row-major position of the winner of every output and feature; `u32::MAX` for empty rows.
fn find<R: Runtime>(
    pattern: &DevicePattern<R>,
    direction: Direction,
    reduce: Reduce,
    x: &Buf<R>,
    width: usize,
    weights: Weights<&Buf<R>>,
) -> Ids<R> {
    let (client, side) = (&pattern.client, pattern.side(direction));
    let won = Ids::empty(client, side.outputs * width);
    if won.is_empty() {
        return won;
    }
    let (lanes, groups) = lanes_by_groups(client, width);
    let search = Search { pattern, side, max: reduce == Reduce::Max, x, width, weights, lanes, groups };
    search.short(&side.schedule.short, &won);
    search.long(&side.schedule.long, &won, None);
    let hub = &side.schedule.hub;
    if hub.len > 0 {
        let (partial, keys) = (Ids::empty(client, hub.segments.len * width), Ids::empty(client, hub.segments.len * width));
        search.long(&hub.segments, &partial, Some(&keys));
        let units = units(client);
        // SAFETY: partial and keys hold segments · width values, the bounds of the hubs end at segments, won holds outputs · width.
        unsafe {
            winners_combine::launch_unchecked::<R>(
                client,
                cube_count(client, (hub.len * width).div_ceil(units as usize)),
                CubeDim::new_1d(units),
                hub.rows.arg(),
                hub.bounds.arg(),
                partial.arg(),
                keys.arg(),
                won.arg(),
                hub.len,
                width,
            );
        }
    }
    won
}

struct Search<'a, R: Runtime> {
    pattern: &'a DevicePattern<R>,
    side: &'a Side<R>,
    max: bool,
    x: &'a Buf<R>,
    width: usize,
    weights: Weights<&'a Buf<R>>,
    lanes: u32,
    groups: u32,
}

impl<R: Runtime> Search<'_, R> {
    fn plan(&self) -> WinnerPlan {
        WinnerPlan {
            max: self.max,
            values: matches!(self.weights, Weights::Values) && self.side.values.is_some(),
            entries: matches!(self.weights, Weights::Entries(_)),
            canonical: self.side.canonical.is_some(),
        }
    }

    fn terms(&self) -> TermsLaunch<R> {
        let (p, side) = (self.pattern, self.side);
        TermsLaunch::new(p.ids(Some(&side.col)), p.ids(side.canonical.as_ref()), p.floats(side.values.as_ref()))
    }

    fn entry_weights(&self) -> ArrayArg<R> {
        self.pattern.floats(if let Weights::Entries(w) = self.weights { Some(w) } else { None })
    }

    fn short(&self, list: &WorkList<R>, winner: &Ids<R>) {
        if list.len == 0 {
            return;
        }
        let client = &self.pattern.client;
        // SAFETY: `validate` checked x and the weights against the pattern; winner holds a value per output and feature; the kernel
        // guards the item and the feature.
        unsafe {
            winners_short::launch_unchecked::<R>(
                client,
                cube_count(client, list.len.div_ceil(self.groups as usize)),
                CubeDim::new_2d(self.lanes, self.groups),
                list.rows.arg(),
                list.starts.arg(),
                list.ends.arg(),
                self.terms(),
                self.entry_weights(),
                self.pattern.floats(Some(self.x)),
                winner.arg(),
                list.len,
                self.width,
                self.plan(),
                storage_type(self.x.dtype()),
            );
        }
    }

    fn long(&self, list: &WorkList<R>, winner: &Ids<R>, keys: Option<&Ids<R>>) {
        if list.len == 0 {
            return;
        }
        let client = &self.pattern.client;
        // SAFETY: as in `short`; winner and keys hold a value per item and feature when keys are wanted.
        unsafe {
            winners_long::launch_unchecked::<R>(
                client,
                cube_count(client, list.len),
                CubeDim::new_2d(self.lanes, self.groups),
                list.rows.arg(),
                list.starts.arg(),
                list.ends.arg(),
                self.terms(),
                self.entry_weights(),
                self.pattern.floats(Some(self.x)),
                winner.arg(),
                keys.map_or_else(|| self.pattern.unused_output(), Ids::arg),
                list.len,
                self.width,
                (self.lanes * self.groups) as usize,
                self.plan(),
                keys.is_some(),
                storage_type(self.x.dtype()),
            );
        }
    }
}
