//! CPU form: blocks of queries against blocks of keys, both products by `gemm`. Scores stand transposed, `[keys, queries]`, so that the
//! softmax works on neighbouring queries at once.

mod backward;
mod forward;

pub use backward::{Gradients, Saved, flash_attention_backward};
pub use forward::flash_attention;

use super::FlashConfig;
use crate::element::Acc;

/// Queries of a block.
const QUERIES: usize = 64;

/// Keys of a block: its scores and both operands stay within the second-level cache.
const KEYS: usize = 128;

/// to `[width, columns]` = factor · from `[rows, width]`, transposed, and 0 in the columns past the rows.
#[inline(always)]
pub(crate) fn transpose<A: Acc>(from: &[A], width: usize, factor: A, to: &mut [A], columns: usize) {
    let rows = from.len() / width.max(1);
    for (f, to) in to.chunks_exact_mut(columns).take(width).enumerate() {
        for (to, row) in to.iter_mut().zip(from.chunks_exact(width)) {
            *to = factor * row[f];
        }
        to[rows..].fill(A::ZERO);
    }
}

/// Numbers of the widest register.
const LANES: usize = 16;

/// The columns that a block of `n` queries is held in: whole registers, if that is not mostly padding. Queries of the padding are 0.
#[inline(always)]
pub(crate) fn columns(n: usize) -> usize {
    if n < LANES / 2 { n } else { n.next_multiple_of(LANES) }
}

/// Scores `[keys, queries]` of keys that a query does not see become −∞.
#[inline(always)]
fn mask<A: Acc>(c: FlashConfig, scores: &mut [A], first_key: usize, first_query: usize, queries: usize) {
    for (j, row) in scores.chunks_exact_mut(queries).enumerate() {
        let hidden = c.first_query(first_key + j).saturating_sub(first_query).min(queries);
        row[..hidden].fill(A::NEG_INFINITY);
    }
}
