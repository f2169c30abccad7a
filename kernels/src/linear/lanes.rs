//! Inner products of one row of x with four of w, in eight sums each: the same sums, bit by bit, by AVX2 and by plain loops.

use crate::element::{Acc, Element};
use crate::simd::prefetch;

/// Rows of w whose sums are made at once.
pub(super) const OWN: usize = 4;

/// Sums that an inner product is made in; sum l has the elements l, l + 8, …
pub(super) const LANES: usize = 8;

/// A row of x and rows of w of its width.
pub(super) struct Rows<'a, E: Element> {
    pub(super) own: [&'a [E]; OWN],
    pub(super) x: &'a [E::Acc],
    /// An array and the place of the first of as many rows that are wanted next.
    pub(super) ahead: Option<(&'a [E], usize)>,
}

impl<E: Element> Rows<'_, E> {
    /// The sums of every row of w over the elements that fill lanes.
    #[inline(always)]
    pub(super) fn lanes(&self, avx2: bool) -> [[E::Acc; LANES]; OWN] {
        #[cfg(target_arch = "x86_64")]
        if avx2 {
            return avx2::lanes(self);
        }
        let _ = avx2;
        self.plain()
    }

    #[inline(always)]
    fn plain(&self) -> [[E::Acc; LANES]; OWN] {
        let mut sums = [[E::Acc::ZERO; LANES]; OWN];
        for at in (0..self.x.len() / LANES * LANES).step_by(LANES) {
            self.fetch(at);
            for j in 0..OWN {
                for l in 0..LANES {
                    sums[j][l] += self.x[at + l] * self.own[j][at + l].to_acc();
                }
            }
        }
        sums
    }

    /// Asks for what is wanted next of the place `at`, a cache line at a time.
    #[inline(always)]
    fn fetch(&self, at: usize) {
        if let Some((w, start)) = self.ahead
            && (at * size_of::<E>()).is_multiple_of(64)
        {
            (0..OWN).for_each(|j| prefetch(w, start + j * self.x.len() + at, LANES));
        }
    }
}

/// Whether the CPU has AVX2, and F16C with it.
pub(super) fn has_avx2() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        has!("avx2") && has!("f16c")
    }
    #[cfg(not(target_arch = "x86_64"))]
    false
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256, __m256d, _mm_loadu_si128, _mm256_add_pd, _mm256_add_ps, _mm256_castsi256_ps, _mm256_cvtepu16_epi32, _mm256_cvtph_ps,
        _mm256_loadu_pd, _mm256_loadu_ps, _mm256_mul_pd, _mm256_mul_ps, _mm256_setzero_pd, _mm256_setzero_ps, _mm256_slli_epi32,
        _mm256_storeu_pd, _mm256_storeu_ps,
    };

    use half::{bf16, f16};

    use super::{LANES, OWN, Rows};
    use crate::element::{DType, Element};

    /// The same sums; the caller found AVX2 and F16C.
    #[inline(always)]
    pub(super) fn lanes<E: Element>(rows: &Rows<E>) -> [[E::Acc; LANES]; OWN] {
        // SAFETY: the caller found the features that these functions are compiled for.
        unsafe {
            match E::DTYPE {
                DType::F64 => of_f64(&seen(rows)).map(bytemuck::cast),
                DType::F32 => of_f32(&seen(rows)).map(bytemuck::cast),
                DType::F16 => of_f16(&seen(rows)).map(bytemuck::cast),
                DType::BF16 => of_bf16(&seen(rows)).map(bytemuck::cast),
            }
        }
    }

    /// Rows of E as rows of the type that it is.
    #[inline(always)]
    fn seen<'a, E: Element, T: Element>(rows: &Rows<'a, E>) -> Rows<'a, T> {
        let ahead = rows.ahead.map(|(w, start)| (bytemuck::cast_slice(w), start));
        Rows { own: rows.own.map(bytemuck::cast_slice), x: bytemuck::cast_slice(rows.x), ahead }
    }

    /// Sums in f32 of rows that `$load` reads eight elements of.
    macro_rules! sums {
        ($name:ident, $type:ty, $load:expr) => {
            #[target_feature(enable = "avx2,f16c")]
            fn $name(rows: &Rows<$type>) -> [[f32; LANES]; OWN] {
                let width = rows.x.len();
                assert!(rows.own.iter().all(|w| w.len() == width), "rows of a product have unequal widths: this is a bug");
                let mut sums = [_mm256_setzero_ps(); OWN];
                for at in (0..width / LANES * LANES).step_by(LANES) {
                    rows.fetch(at);
                    // SAFETY: all rows are `width` long, and `at` + 8 is no more.
                    unsafe {
                        let x = _mm256_loadu_ps(rows.x.as_ptr().add(at));
                        for j in 0..OWN {
                            let w: __m256 = $load(rows.own[j].as_ptr().add(at));
                            sums[j] = _mm256_add_ps(sums[j], _mm256_mul_ps(x, w));
                        }
                    }
                }
                let mut lanes = [[0f32; LANES]; OWN];
                for j in 0..OWN {
                    // SAFETY: eight elements are written to an array of eight.
                    unsafe { _mm256_storeu_ps(lanes[j].as_mut_ptr(), sums[j]) };
                }
                lanes
            }
        };
    }

    sums!(of_f32, f32, _mm256_loadu_ps);
    sums!(of_f16, f16, |w: *const f16| _mm256_cvtph_ps(_mm_loadu_si128(w.cast())));
    // The bits of a bfloat16 are the upper half of those of the same f32.
    sums!(of_bf16, bf16, |w: *const bf16| _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(_mm_loadu_si128(w.cast())))));

    #[target_feature(enable = "avx2,f16c")]
    fn of_f64(rows: &Rows<f64>) -> [[f64; LANES]; OWN] {
        const HALF: usize = LANES / 2;
        let width = rows.x.len();
        assert!(rows.own.iter().all(|w| w.len() == width), "rows of a product have unequal widths: this is a bug");
        let mut sums: [[__m256d; 2]; OWN] = [[_mm256_setzero_pd(); 2]; OWN];
        for at in (0..width / LANES * LANES).step_by(LANES) {
            rows.fetch(at);
            for half in 0..2 {
                // SAFETY: all rows are `width` long, and `at` + 8 is no more.
                unsafe {
                    let x = _mm256_loadu_pd(rows.x.as_ptr().add(at + half * HALF));
                    for j in 0..OWN {
                        let w = _mm256_loadu_pd(rows.own[j].as_ptr().add(at + half * HALF));
                        sums[j][half] = _mm256_add_pd(sums[j][half], _mm256_mul_pd(x, w));
                    }
                }
            }
        }
        let mut lanes = [[0f64; LANES]; OWN];
        for j in 0..OWN {
            for half in 0..2 {
                // SAFETY: four elements are written to one half of an array of eight.
                unsafe { _mm256_storeu_pd(lanes[j].as_mut_ptr().add(half * HALF), sums[j][half]) };
            }
        }
        lanes
    }
}

#[cfg(test)]
mod tests {
    use half::{bf16, f16};

    use super::*;

    fn check<E: Element>() {
        for width in [0, 1, 7, 8, 9, 16, 63, 301] {
            let row = |seed: usize| -> Vec<E> {
                (0..width).map(|i| E::from_f64(((i * 7919 + seed * 104_729) % 509) as f64 / 97.0 - 2.5)).collect()
            };
            let (own, x) = ([row(1), row(2), row(3), row(4)], row(5));
            let x: Vec<E::Acc> = x.iter().map(|v| v.to_acc()).collect();
            let rows = || Rows { own: own.each_ref().map(|w| &w[..]), x: &x, ahead: None };
            assert!(rows().lanes(has_avx2()) == rows().lanes(false), "{width} {}", E::DTYPE);
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_sums() {
        check::<f64>();
        check::<f32>();
        check::<f16>();
        check::<bf16>();
    }
}
