//! validate -> strategy -> config -> launch.

use cubecl::prelude::*;

use super::cube::{WinnerPlan, winners, winners_combine};
use crate::aggregate::entry::launch::masked;
use crate::aggregate::launch::{Pass, check_type, run};
use crate::aggregate::{CONTRACT, Fold, Reduce, Wanted, Weights};
use crate::csr::Direction;
use crate::device::buffer::storage_type;
use crate::device::grid::{check_elements, check_index_space, cube_count, lanes_by_groups, units};
use crate::device::worklist::WorkList;
use crate::device::{Buf, DevicePattern, Ids, Side, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};

const OP: &str = "aggregate, gradient of max and min";

/// Gradients of a max or min pass in `direction`: dy [outputs, F] -> dx [inputs, F], and dw [nnz] when the weights are entries.
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
    check_type("dy", dy, x.dtype())?;
    if let Weights::Entries(w) = weights {
        check_len(OP, CONTRACT, "w", w.len(), pattern.nnz)?;
        check_type("w", w, x.dtype())?;
    }
    check_index_space(&[("input elements", x), ("output elements", dy)])?;
    check_elements("partial results", side.schedule.hub.segments.len * width)
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
    let search = Search { pattern, side, max: reduce == Reduce::Max, x, width, weights };
    let (lanes, groups) = lanes_by_groups(client, width);
    search.items(&side.schedule.short, (lanes, 1), &won, None);
    search.items(&side.schedule.long, (lanes, groups), &won, None);
    let hub = &side.schedule.hub;
    if hub.len > 0 {
        let partial = Ids::empty(client, hub.segments.len * width);
        let best = Buf::empty(client, hub.segments.len * width, DType::F32);
        search.items(&hub.segments, (lanes, groups), &partial, Some(&best));
        let units = units(client);
        // SAFETY: partial and best hold segments · width values, the bounds of the hubs end at segments, won holds outputs · width.
        unsafe {
            winners_combine::launch_unchecked::<R>(
                client,
                cube_count(client, (hub.len * width).div_ceil(units as usize)),
                CubeDim::new_1d(units),
                hub.rows.arg(),
                hub.bounds.arg(),
                partial.arg(),
                best.arg(),
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
}

impl<R: Runtime> Search<'_, R> {
    fn items(&self, list: &WorkList<R>, (lanes, groups): (u32, u32), winner: &Ids<R>, best: Option<&Buf<R>>) {
        if list.len == 0 {
            return;
        }
        let (p, client) = (self.pattern, &self.pattern.client);
        let entries = if let Weights::Entries(w) = self.weights { Some(w) } else { None };
        let plan = WinnerPlan {
            max: self.max,
            values: matches!(self.weights, Weights::Values) && self.side.values.is_some(),
            entries: entries.is_some(),
            canonical: self.side.canonical.is_some(),
            partial: best.is_some(),
            units: (lanes * groups) as usize,
        };
        // SAFETY: `validate` checked x and the weights against the pattern; winner (and best) hold a value per item and feature when
        // partial, else per output and feature; the kernel guards the item and the feature.
        unsafe {
            winners::launch_unchecked::<R>(
                client,
                cube_count(client, list.len),
                CubeDim::new_2d(lanes, groups),
                list.rows.arg(),
                list.starts.arg(),
                list.ends.arg(),
                p.ids(Some(&self.side.col)),
                p.ids(self.side.canonical.as_ref()),
                p.floats(self.side.values.as_ref()),
                p.floats(entries),
                p.floats(Some(self.x)),
                winner.arg(),
                best.map_or_else(|| p.unused_output(), Buf::arg),
                list.len,
                self.width,
                plan,
                storage_type(self.x.dtype()),
            );
        }
    }
}
