//! CPU form: blocks of elements in parallel.

use std::ops::Range;

use super::{CONTRACT, Test};
use crate::error::{KernelError, check_len};
use crate::rows::{Sink, fill};
use crate::schedule::even;

/// x, z `[n]` -> flag `[n]`.
///
/// # Errors
/// Unequal lengths.
pub fn pairs(x: &[u32], z: &[u32], test: Test) -> Result<Vec<u32>, KernelError> {
    check_len("mark", CONTRACT, "z", z.len(), x.len())?;
    Ok(flags(x.len(), |i| test.holds(x[i], z[i])))
}

/// x `[n]` -> flag `[n]`.
pub fn within(x: &[u32], range: Range<u32>) -> Vec<u32> {
    flags(x.len(), |i| range.contains(&x[i]))
}

/// x `[n]` -> flag `[n]`.
pub fn firsts(x: &[u32]) -> Vec<u32> {
    flags(x.len(), |i| i == 0 || x[i] != x[i - 1])
}

fn flags(n: usize, holds: impl Fn(usize) -> bool + Sync) -> Vec<u32> {
    fill(
        &even(n, 16),
        |i| i,
        #[inline(always)]
        |block, sink: &mut Sink<u32>| {
            for i in block {
                sink.copy(&[u32::from(holds(i))]);
            }
        },
    )
}
