//! CPU form: the hash of sixteen elements at a time.

use std::hint::select_unpredictable;

use super::Mask;
use crate::element::{Acc, Element};
use crate::rows::{Sink, fill};
use crate::schedule::even_of;

/// A power of two, so that no block crosses a multiple of 2^32 and the high half of the index is one number per block.
const BLOCK: usize = 1 << 15;

/// x `[n]` -> y `[n]`.
pub fn dropout<E: Element>(x: &[E], mask: Mask) -> Vec<E> {
    let scale = E::Acc::from_f64(mask.scale);
    let zero = E::from_acc(E::Acc::ZERO);
    fill(
        &even_of(x.len(), BLOCK),
        |i| i,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            let (start, x) = (block.start as u64, &x[block]);
            let (high, low) = (start & !0xffff_ffff, start as u32);
            sink.map(x, |i, x| {
                let kept = E::from_acc(x.to_acc() * scale);
                // No branch: it would be taken at random.
                select_unpredictable(mask.keeps(high | u64::from(low.wrapping_add(i as u32))), kept, zero)
            });
        },
    )
}
