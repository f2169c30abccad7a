//! CPU form: rows copied in parallel blocks, the next ones prefetched.

use crate::element::Element;
use crate::rows::{Sink, fill};
use crate::schedule::even;
use crate::simd::{ahead, prefetch};

/// x `[N, F]`, index `[I]` -> y `[I, F]`.
pub fn gather<E: Element>(index: &[u32], x: &[E], width: usize) -> Vec<E> {
    let row = |i: u32| &x[i as usize * width..(i as usize + 1) * width];
    let ahead = ahead(width * size_of::<E>());
    fill(
        &even(index.len(), 2 * width * size_of::<E>() + 4),
        |i| i * width,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            for i in block {
                if let Some(&next) = index.get(i + ahead) {
                    prefetch(x, next as usize * width, width);
                }
                sink.copy(row(index[i]));
            }
        },
    )
}
