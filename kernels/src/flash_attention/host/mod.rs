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

/// to `[width, rows]` = factor · from `[rows, width]`, transposed.
#[inline(always)]
fn transpose<A: Acc>(from: &[A], width: usize, factor: A, to: &mut [A]) {
    let rows = from.len() / width.max(1);
    for (r, row) in from.chunks_exact(width.max(1)).enumerate() {
        for (f, &x) in row.iter().enumerate() {
            to[f * rows + r] = factor * x;
        }
    }
}

/// Scores `[keys, queries]` of keys that a query does not see become −∞.
#[inline(always)]
fn mask<A: Acc>(c: FlashConfig, scores: &mut [A], first_key: usize, first_query: usize, queries: usize) {
    for (j, row) in scores.chunks_exact_mut(queries).enumerate() {
        let hidden = c.first_query(first_key + j).saturating_sub(first_query).min(queries);
        row[..hidden].fill(A::NEG_INFINITY);
    }
}
