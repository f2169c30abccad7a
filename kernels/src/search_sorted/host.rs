//! CPU form: blocks of needles in parallel, each search from where the one before ended.

use super::Side;
use crate::rows::{Sink, fill};
use crate::schedule::even;

/// Steps of one element that are tried before the rest is halved.
const NEAR: usize = 8;

/// x `[n]` ascending, needles `[m]` -> y `[m]`.
pub fn search_sorted(x: &[u32], needles: &[u32], side: Side) -> Vec<u32> {
    match side {
        Side::Left => search(x, needles, |x, needle| x < needle),
        Side::Right => search(x, needles, |x, needle| x <= needle),
    }
}

fn search(x: &[u32], needles: &[u32], before: impl Fn(u32, u32) -> bool + Sync) -> Vec<u32> {
    fill(
        &even(needles.len(), 64),
        |i| i,
        #[inline(always)]
        |block, sink: &mut Sink<u32>| {
            let mut at = 0;
            for &needle in &needles[block] {
                at = place(x, needle, at, &before);
                sink.copy(&[at as u32]);
            }
        },
    )
}

/// The first element that does not stand before the needle, beginning at `from`.
#[inline(always)]
fn place(x: &[u32], needle: u32, from: usize, before: &impl Fn(u32, u32) -> bool) -> usize {
    if from > 0 && !before(x[from - 1], needle) {
        return x[..from - 1].partition_point(|&x| before(x, needle));
    }
    for at in from..(from + NEAR).min(x.len()) {
        if !before(x[at], needle) {
            return at;
        }
    }
    let mut low = (from + NEAR).min(x.len());
    let mut step = NEAR;
    // Doubling steps, then halves of the last one.
    while low + step < x.len() && before(x[low + step], needle) {
        low += step;
        step *= 2;
    }
    let high = (low + step + 1).min(x.len());
    low + x[low..high].partition_point(|&x| before(x, needle))
}
