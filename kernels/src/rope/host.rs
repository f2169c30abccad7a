//! CPU form: rows in parallel blocks.

use super::Turn;
use crate::element::{Acc, Element};
use crate::rows::{Sink, fill};
use crate::schedule::even;

/// x `[O, T, D]`, angles `[P, D]` -> y `[O, T, D]`.
pub fn rope<E: Element>(turn: Turn, x: &[E], angles: &[f64]) -> Vec<E> {
    let (width, half) = (turn.width, turn.width / 2);
    if x.is_empty() {
        return vec![];
    }
    let sign = if turn.back { -1.0 } else { 1.0 };
    fill(
        &even(x.len() / width, 2 * width * size_of::<E>()),
        |r| r * width,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            for r in block {
                let (low, high) = x[r * width..(r + 1) * width].split_at(half);
                let place = turn.start + r % turn.places;
                let (cos, sin) = angles[place * width..(place + 1) * width].split_at(half);
                let turned =
                    |a: E, cos: f64, b: E, sin: f64| E::from_acc(a.to_acc() * E::Acc::from_f64(cos) + b.to_acc() * E::Acc::from_f64(sin));
                sink.extend(half, |f| turned(low[f], cos[f], high[f], -sign * sin[f]));
                sink.extend(half, |f| turned(high[f], cos[f], low[f], sign * sin[f]));
            }
        },
    )
}
