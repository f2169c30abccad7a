//! CPU form: runs of the last axis copied in parallel blocks.

use crate::element::Element;
use crate::rows::{Sink, fill};
use crate::schedule::even;

/// x `[S, A, B, D]` -> y `[S, B, A, D]`.
pub fn swap_axes<E: Element>(x: &[E], [outer, first, second, width]: [usize; 4]) -> Vec<E> {
    fill(
        &even(outer * first * second, 2 * width * size_of::<E>()),
        |i| i * width,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            // Counted on from run to run: a division each would cost more than short runs do.
            let (mut a, mut b, mut s) = (block.start % first, block.start / first % second, block.start / (first * second));
            for _ in block {
                let from = ((s * first + a) * second + b) * width;
                sink.copy(&x[from..from + width]);
                a += 1;
                if a == first {
                    (a, b) = (0, b + 1);
                }
                if b == second {
                    (b, s) = (0, s + 1);
                }
            }
        },
    )
}
