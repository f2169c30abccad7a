//! Run-time choice of the instruction set, and the prefetch hint: users need no `target-cpu`.

/// Runs `f` compiled for the widest vectors that this CPU has (AVX-512, AVX2, NEON or the baseline).
///
/// `f` and what it calls must be `#[inline(always)]`, or stay compiled for the baseline. Loops inside use no fused multiply-add,
/// so that every instruction set gives the same bits.
#[inline(always)]
pub(crate) fn dispatch<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

/// Asks for the cache lines of `n` elements from `start` of `x`, ahead of their use.
#[inline(always)]
pub(crate) fn prefetch<T>(x: &[T], start: usize, n: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let from = x.as_ptr().wrapping_add(start).cast::<i8>();
        for line in (0..n * size_of::<T>()).step_by(64) {
            // SAFETY: a prefetch reads nothing and cannot fault, whatever the address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(from.wrapping_add(line)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (x, start, n);
}
