//! CPU form: blocks of needles in parallel, each search from where the one before ended.

use super::{CONTRACT, Side};
use crate::error::{KernelError, check_len};
use crate::rows::{Sink, fill, fill_two};
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

/// x `[n]`, low, high, needles `[m]` -> y, end `[m]`; what of a range lies past the end of x is not there.
///
/// # Errors
/// Unequal lengths.
pub fn search_ranges(x: &[u32], low: &[u32], high: &[u32], needles: &[u32]) -> Result<(Vec<u32>, Vec<u32>), KernelError> {
    check_len("search_ranges", CONTRACT, "low", low.len(), needles.len())?;
    check_len("search_ranges", CONTRACT, "high", high.len(), needles.len())?;
    let (y, end, _) = fill_two(
        &even(needles.len(), 64),
        |i| i,
        |i| i,
        #[inline(always)]
        |block, y: &mut Sink<u32>, end: &mut Sink<u32>| {
            for i in block {
                let part = x.get(low[i] as usize..(high[i] as usize).min(x.len())).unwrap_or_default();
                let first = part.partition_point(|&x| x < needles[i]);
                let last = first + part[first..].partition_point(|&x| x == needles[i]);
                y.copy(&[low[i] + first as u32]);
                end.copy(&[low[i] + last as u32]);
            }
        },
    );
    Ok((y, end))
}
