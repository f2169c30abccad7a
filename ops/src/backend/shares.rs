//! What a mean multiplies the entries of an output by.

use std::sync::Arc;

use hypergraphql_kernels::{CsrPair, Direction};

/// 1 / number of entries of each output; 1 for outputs without entries, which no entry reads.
pub(super) fn inverse_counts(pair: &CsrPair, direction: Direction) -> Arc<[f64]> {
    let view = pair.view(direction);
    (0..view.rows()).map(|r| 1.0 / view.range(r).len().max(1) as f64).collect()
}
