//! CPU form: blocks of segments with about equally many elements in parallel; the pieces of a hub too.

use rayon::prelude::*;

use super::{CONTRACT, Fold};
use crate::error::{KernelError, check_len};
use crate::rows::{Sink, fill};
use crate::schedule::by_entries;
use crate::simd::dispatch;

/// Elements from which on a segment is cut into pieces.
const HUB: usize = 1 << 16;

/// ptr `[s + 1]`, x `[n]` -> y `[s]`.
///
/// # Errors
/// Pointers that do not begin at 0, fall, or do not end at the length of x.
pub fn segment_reduce(ptr: &[u32], x: &[u32], fold: Fold) -> Result<Vec<u32>, KernelError> {
    check_ptr(ptr, x.len())?;
    Ok(match fold {
        Fold::Sum => reduce(ptr, x, 0, u32::wrapping_add),
        Fold::Min => reduce(ptr, x, u32::MAX, u32::min),
        Fold::Max => reduce(ptr, x, 0, u32::max),
    })
}

/// Checks pointers over `n` elements.
///
/// # Errors
/// Names the first that breaks the order.
pub fn check_ptr(ptr: &[u32], n: usize) -> Result<(), KernelError> {
    let (Some(&first), Some(&last)) = (ptr.first(), ptr.last()) else {
        return check_len("segment_reduce", CONTRACT, "ptr", 0, 1);
    };
    let falls = ptr.windows(2).position(|p| p[0] > p[1]).map(|i| i + 1);
    let wrong = if first != 0 { Some(0) } else { falls.or_else(|| (last as usize != n).then(|| ptr.len() - 1)) };
    match wrong {
        None => Ok(()),
        Some(row) => Err(KernelError::Pointer { row, got: ptr[row], nnz: n }),
    }
}

#[inline(always)]
fn reduce(ptr: &[u32], x: &[u32], start: u32, both: impl Fn(u32, u32) -> u32 + Send + Sync + Copy) -> Vec<u32> {
    let of = |x: &[u32]| {
        dispatch(
            #[inline(always)]
            || x.iter().fold(start, |a, &b| both(a, b)),
        )
    };
    fill(
        &by_entries(ptr, 4, 8),
        |s| s,
        #[inline(always)]
        |block, sink: &mut Sink<u32>| {
            for s in block {
                let x = &x[ptr[s] as usize..ptr[s + 1] as usize];
                let y = match x.len() {
                    n if n >= HUB => x.par_chunks(HUB).map(of).reduce(|| start, both),
                    _ => x.iter().fold(start, |a, &b| both(a, b)),
                };
                sink.copy(&[y]);
            }
        },
    )
}
