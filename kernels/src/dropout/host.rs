//! CPU form: the hash of sixteen elements at a time.

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
            sink.extend(x.len(), |i| {
                let kept = E::from_acc(x[i].to_acc() * scale);
                if mask.keeps(high | u64::from(low.wrapping_add(i as u32))) { kept } else { zero }
            });
        },
    )
}
