//! Id intervals that stand for a range of numeric values.

use std::ops::{Bound, Range};

use super::{AtomSpace, Id, Number};

/// The ids of a range of numeric values, as SPARQL compares: a decimal and a float are compared as floats, so that near a bound the exact order does
/// not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberInterval {
    /// Within the bounds, whatever the types.
    pub certain: Range<Id>,
    /// Just below: to be tested by value.
    pub below: Range<Id>,
    /// Just above, and up to the last id if changes brought terms: to be tested by value.
    pub above: Range<Id>,
}

/// Rounding to float moves a number by less than this part of it.
const FLOAT_STEP: f64 = 1.0 / (1 << 23) as f64;

impl NumberInterval {
    pub(super) fn new(space: &AtomSpace, low: Bound<Number>, high: Bound<Number>) -> Self {
        let outer = space.numbers(widen(low, -1.0), widen(high, 1.0));
        let inner = space.numbers(widen(low, 1.0), widen(high, -1.0));
        let start = inner.start.clamp(outer.start, outer.end);
        let end = inner.end.clamp(start, outer.end);
        // Terms that changes brought are in no order: they lie above all others, and with them everything between is to be tested.
        let last = if space.terms() > space.ordered_terms() { space.terms() + 1 } else { outer.end };
        Self { below: outer.start..start, certain: start..end, above: end..last }
    }
}

/// Moves a bound up (1) or down (-1) by more than rounding does.
fn widen(bound: Bound<Number>, direction: f64) -> Bound<Number> {
    bound.map(|number| {
        let value = number.to_f64();
        // A float that overflows is infinite, one that underflows 0.
        let moved = value + direction * (value.abs() * FLOAT_STEP).max(f64::from(f32::MIN_POSITIVE));
        Number::from_f64(moved).unwrap_or(number)
    })
}
