//! Run-time choice of the instruction set, and hints to the caches: users need no `target-cpu`.

use std::mem::MaybeUninit;

use bytemuck::Pod;

/// Runs `f` compiled for the widest vectors that this CPU has (AVX-512, AVX2, NEON or the baseline).
///
/// `f` and what it calls must be `#[inline(always)]`, or stay compiled for the baseline. Loops inside use no fused multiply-add,
/// so that every instruction set gives the same bits.
#[inline(always)]
pub(crate) fn dispatch<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

/// Bytes of rows fetched before they are used. Measured on rows of 256 to 1024 bytes: half as much leaves memory idle, and twice as much
/// starts to push rows out of the second-level cache before their turn.
const FLIGHT: usize = 64 << 10;

/// Entries between the one used and the one whose row of `row_bytes` is fetched.
#[inline(always)]
pub(crate) fn ahead(row_bytes: usize) -> usize {
    (FLIGHT / row_bytes.max(1)).clamp(4, 128)
}

/// Asks for the cache lines of `n` elements from `start` of `x`, ahead of their use.
///
/// They go to the second-level cache: the first one has too few line-fill buffers for what hides the latency of memory.
#[inline(always)]
pub(crate) fn prefetch<T>(x: &[T], start: usize, n: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        let from = x.as_ptr().wrapping_add(start).cast::<i8>();
        for line in (0..n * size_of::<T>()).step_by(64) {
            // SAFETY: a prefetch reads nothing and cannot fault, whatever the address.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(from.wrapping_add(line)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (x, start, n);
}

/// Writes `from` to `to`, of the same length, past the caches where the CPU can; [`fence`] before another thread reads it.
#[inline(always)]
pub(crate) fn stream<T: Pod>(to: &mut [MaybeUninit<T>], from: &[T]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_stream_si128};
        // SAFETY: a `MaybeUninit` may hold any bytes, so that parts of the slice may be seen as one of 16 bytes.
        let (head, middle, tail) = unsafe { to.align_to_mut::<MaybeUninit<__m128i>>() };
        let (start, end) = (head.len(), from.len() - tail.len());
        head.write_copy_of_slice(&from[..start]);
        tail.write_copy_of_slice(&from[end..]);
        let parts = bytemuck::cast_slice::<T, u8>(&from[start..end]).as_chunks::<16>().0;
        assert_eq!(parts.len(), middle.len(), "a kernel writes a row of another length than its place: this is a bug");
        for (place, part) in middle.iter_mut().zip(parts) {
            // SAFETY: `part` has 16 bytes and `place` is 16 bytes that are aligned and exclusive.
            unsafe { _mm_stream_si128(place.as_mut_ptr(), _mm_loadu_si128(part.as_ptr().cast())) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    to.write_copy_of_slice(from);
}

/// to_i = y + Σ_(j<i) from_j (mod 2^32) for slices of one length; gives y + Σ from.
#[inline(always)]
pub(crate) fn prefix_sums(from: &[u32], to: &mut [u32], mut y: u32) -> u32 {
    #[cfg(target_arch = "x86_64")]
    let (from, to) = if std::arch::is_x86_feature_detected!("avx512f") {
        // SAFETY: the CPU has AVX-512.
        let done = unsafe { prefix_sums_of_16(from, to, &mut y) };
        (&from[done..], &mut to[done..])
    } else {
        (from, to)
    };
    let (fours, rest) = from.as_chunks::<4>();
    let (places, last) = to.as_chunks_mut::<4>();
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 CPU has SSE2, and the chunks have the 16 bytes that are read and written.
    unsafe {
        use std::arch::x86_64::{
            __m128i, _mm_add_epi32, _mm_cvtsi128_si32, _mm_loadu_si128, _mm_set1_epi32, _mm_shuffle_epi32, _mm_slli_si128,
            _mm_storeu_si128, _mm_sub_epi32,
        };
        let mut before = _mm_set1_epi32(y as i32);
        for (four, place) in fours.iter().zip(places) {
            let x: __m128i = _mm_loadu_si128(four.as_ptr().cast());
            let pairs = _mm_add_epi32(x, _mm_slli_si128::<4>(x));
            let sums = _mm_add_epi32(pairs, _mm_slli_si128::<8>(pairs));
            _mm_storeu_si128(place.as_mut_ptr().cast(), _mm_add_epi32(before, _mm_sub_epi32(sums, x)));
            // One addition in four waits for the one before.
            before = _mm_add_epi32(before, _mm_shuffle_epi32::<0xff>(sums));
        }
        y = _mm_cvtsi128_si32(before) as u32;
    }
    #[cfg(not(target_arch = "x86_64"))]
    for (&[a, b, c, d], place) in fours.iter().zip(places) {
        let ab = a.wrapping_add(b);
        let abc = ab.wrapping_add(c);
        *place = [y, y.wrapping_add(a), y.wrapping_add(ab), y.wrapping_add(abc)];
        y = y.wrapping_add(abc.wrapping_add(d));
    }
    for (&x, place) in rest.iter().zip(last) {
        *place = y;
        y = y.wrapping_add(x);
    }
    y
}

/// The same for as many elements as come in registers of 16; gives their number.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn prefix_sums_of_16(from: &[u32], to: &mut [u32], y: &mut u32) -> usize {
    use std::arch::x86_64::{
        __m512i, _mm_cvtsi128_si32, _mm512_add_epi32, _mm512_alignr_epi32, _mm512_castsi512_si128, _mm512_loadu_si512,
        _mm512_permutexvar_epi32, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_storeu_si512, _mm512_sub_epi32,
    };
    let (chunks, places) = (from.as_chunks::<16>().0, to.as_chunks_mut::<16>().0);
    let (zero, last): (__m512i, __m512i) = (_mm512_setzero_si512(), _mm512_set1_epi32(15));
    let mut before = _mm512_set1_epi32(*y as i32);
    for (chunk, place) in chunks.iter().zip(places) {
        // SAFETY: the chunk has the 64 bytes that are read.
        let x = unsafe { _mm512_loadu_si512(chunk.as_ptr().cast()) };
        let s = _mm512_add_epi32(x, _mm512_alignr_epi32::<15>(x, zero));
        let s = _mm512_add_epi32(s, _mm512_alignr_epi32::<14>(s, zero));
        let s = _mm512_add_epi32(s, _mm512_alignr_epi32::<12>(s, zero));
        let s = _mm512_add_epi32(s, _mm512_alignr_epi32::<8>(s, zero));
        // SAFETY: the place has the 64 bytes that are written.
        unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), _mm512_add_epi32(before, _mm512_sub_epi32(s, x))) };
        before = _mm512_add_epi32(before, _mm512_permutexvar_epi32(last, s));
    }
    *y = _mm_cvtsi128_si32(_mm512_castsi512_si128(before)) as u32;
    16 * chunks.len()
}

/// Orders what was written by [`stream`] before what follows.
#[inline(always)]
pub(crate) fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 CPU has SSE.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_writes_all_of_a_row_wherever_it_starts() {
        for (skip, n) in [(0, 0), (0, 1), (1, 2), (0, 16), (1, 15), (3, 133)] {
            let from: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let mut to = vec![MaybeUninit::new(-1f32); skip + n + 1];
            stream(&mut to[skip..skip + n], &from);
            fence();
            // SAFETY: every element was written when `to` was made.
            let to: Vec<f32> = to.iter().map(|v| unsafe { v.assume_init() }).collect();
            assert_eq!(to[skip..skip + n], from);
            assert!(to[..skip].iter().chain(&to[skip + n..]).all(|&v| v == -1.0));
        }
    }
}
