//! CPU form: blocks of places in parallel.

use super::NONE;
use crate::rows::{Sink, fill};
use crate::schedule::even;

/// x `[n]`, index `[m]` -> y `[m]`.
pub fn take(x: &[u32], index: &[u32]) -> Vec<u32> {
    fill(
        &even(index.len(), 16),
        |i| i,
        #[inline(always)]
        |block, sink: &mut Sink<u32>| {
            for &i in &index[block] {
                sink.copy(&[x.get(i as usize).copied().unwrap_or(NONE)]);
            }
        },
    )
}
