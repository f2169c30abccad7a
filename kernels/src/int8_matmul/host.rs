//! CPU form: four rows of w by up to six of x at a time, in registers with AVX-512 VNNI or two by two with AVX2, where the CPU has them;
//! else as the compiler vectorises products of 16 bits.

use super::MOST;
use crate::element::{Acc, Element};
use crate::quantize::host::quantize;
use crate::rows::{Scattered, scatter};
use crate::schedule::even_of;
use crate::simd::dispatch;

/// Rows of w whose sums are made at once.
const OWN: usize = 4;

/// Rows of x likewise.
const OTHER: usize = 6;

/// Bytes of w in a task, about.
const TASK_BYTES: usize = 128 << 10;

/// Operations of a task, about, where many rows of x make them more than its bytes.
const TASK: usize = 1 << 23;

/// x `[T, K]`, w `[O, K]`, scale `[O]` -> y `[T, O]`.
pub fn int8_matmul<E: Element>(x: &[E], rows: usize, w: &[i8], scales: &[f32]) -> Vec<E> {
    if rows == 0 {
        return vec![];
    }
    let width = x.len() / rows;
    assert!(width <= MOST && w.len() == scales.len() * width, "a product of integers has unequal sizes: this is a bug");
    let (q, of_x) = quantize(x, rows);
    let job = Job { x: Rows { q: &q, width }, w: Rows { q: w, width }, outputs: scales.len(), rows, set: InstructionSet::best() };
    let per_task = (TASK_BYTES / width.max(1)).min(TASK / (width * rows).max(1)).max(1).next_multiple_of(OWN);
    scatter(
        rows * scales.len(),
        &even_of(scales.len(), per_task),
        #[inline(always)]
        |block, y: &Scattered<E>| {
            job.block(block, |t, o, sum| {
                let exact = f64::from(of_x[t]) * f64::from(scales[o]) * f64::from(sum);
                y.set(t * scales.len() + o, E::from_acc(E::Acc::from_f64(exact)));
            });
        },
    )
}

/// Rows of integers.
#[derive(Clone, Copy)]
struct Rows<'a> {
    q: &'a [i8],
    width: usize,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    fn row(self, r: usize) -> &'a [i8] {
        &self.q[r * self.width..(r + 1) * self.width]
    }
}

struct Job<'a> {
    x: Rows<'a>,
    w: Rows<'a>,
    outputs: usize,
    rows: usize,
    set: InstructionSet,
}

impl Job<'_> {
    /// `store(t, o, sum)` for every t and the outputs of the block.
    #[inline(always)]
    fn block(&self, block: std::ops::Range<usize>, store: impl Fn(usize, usize, i32)) {
        for o in block.clone().step_by(OWN) {
            // Past the last row the last one stands again, and its sums are left out.
            let own = std::array::from_fn(|i| self.w.row((o + i).min(self.outputs - 1)));
            let live = OWN.min(block.end - o);
            let mut t = 0;
            while t < self.rows {
                t += match self.rows - t {
                    1 => self.tile::<1>(own, t, o, live, &store),
                    2 | 3 => self.tile::<2>(own, t, o, live, &store),
                    4 | 5 => self.tile::<4>(own, t, o, live, &store),
                    _ => self.tile::<OTHER>(own, t, o, live, &store),
                };
            }
        }
    }

    #[inline(always)]
    fn tile<const X: usize>(&self, own: [&[i8]; OWN], t: usize, o: usize, live: usize, store: &impl Fn(usize, usize, i32)) -> usize {
        let x: [&[i8]; X] = std::array::from_fn(|i| self.x.row(t + i));
        let sums = sums(own, x, self.set);
        for (i, sums) in sums.iter().enumerate() {
            for (j, &sum) in sums[..live].iter().enumerate() {
                store(t + i, o + j, sum);
            }
        }
        X
    }
}

/// Inner products of rows of one width; compiled once for all types of x.
#[inline(never)]
fn sums<const X: usize>(own: [&[i8]; OWN], x: [&[i8]; X], set: InstructionSet) -> [[i32; OWN]; X] {
    match set {
        // SAFETY: `InstructionSet::all` found that the CPU has these instructions.
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Vnni => unsafe { vnni_sums(own, x) },
        // SAFETY: likewise.
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => unsafe { avx2_sums(own, x) },
        InstructionSet::Baseline => x.map(|x| own.map(|w| dot(w, x))),
    }
}

/// What sums are made with.
#[derive(Debug, Clone, Copy)]
enum InstructionSet {
    #[cfg(target_arch = "x86_64")]
    Vnni,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Baseline,
}

impl InstructionSet {
    /// Those that this CPU has, the fastest first.
    fn all() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let wider = {
            use std::arch::is_x86_feature_detected as has;
            let vnni = has!("avx512f") && has!("avx512bw") && has!("avx512vnni");
            [vnni.then_some(Self::Vnni), has!("avx2").then_some(Self::Avx2)]
        };
        #[cfg(not(target_arch = "x86_64"))]
        let wider = [None; 2];
        wider.into_iter().flatten().chain([Self::Baseline])
    }

    fn best() -> Self {
        Self::all().next().unwrap_or(Self::Baseline)
    }
}

/// Σ_i a_i b_i
#[inline(never)]
fn dot(a: &[i8], b: &[i8]) -> i32 {
    const LANES: usize = 32;
    dispatch(
        #[inline(always)]
        || {
            let (a, b) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
            let product = |a: i8, b: i8| i32::from(i16::from(a) * i16::from(b));
            let mut sums = [0i32; LANES];
            for (a, b) in a.0.iter().zip(b.0) {
                for j in 0..LANES {
                    sums[j] += product(a[j], b[j]);
                }
            }
            sums.iter().sum::<i32>() + a.1.iter().zip(b.1).map(|(&a, &b)| product(a, b)).sum::<i32>()
        },
    )
}

/// The inner products of rows of one width.
///
/// The instruction multiplies bytes without a sign by bytes with one. w is given 128 more, and 128 Σ x is taken off the sums, mod 2³²; what
/// is left is exact.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn vnni_sums<const X: usize>(own: [&[i8]; OWN], x: [&[i8]; X]) -> [[i32; OWN]; X] {
    use std::arch::x86_64::{
        _mm512_dpbusd_epi32, _mm512_maskz_loadu_epi8, _mm512_reduce_add_epi32, _mm512_set1_epi8, _mm512_setzero_si512, _mm512_sub_epi32,
        _mm512_xor_si512,
    };
    let width = own[0].len();
    assert!(own.iter().chain(&x).all(|row| row.len() == width), "rows of integers have unequal widths: this is a bug");
    let (bias, zero) = (_mm512_set1_epi8(-128), _mm512_setzero_si512());
    let (mut sums, mut biases) = ([[zero; OWN]; X], [zero; X]);
    for start in (0..width).step_by(64) {
        let mask = u64::MAX >> (64 - (width - start).min(64));
        // SAFETY: the mask leaves out what lies past the end of the rows, all of which are `width` long.
        let load = |row: &[i8]| unsafe { _mm512_maskz_loadu_epi8(mask, row.as_ptr().add(start)) };
        let own = own.map(|row| _mm512_xor_si512(load(row), bias));
        for i in 0..X {
            let x = load(x[i]);
            biases[i] = _mm512_dpbusd_epi32(biases[i], bias, x);
            for j in 0..OWN {
                sums[i][j] = _mm512_dpbusd_epi32(sums[i][j], own[j], x);
            }
        }
    }
    std::array::from_fn(|i| sums[i].map(|sum| _mm512_reduce_add_epi32(_mm512_sub_epi32(sum, biases[i]))))
}

/// The inner products of rows of one width, by two rows of x at a time: their sums and what these are made of fit sixteen registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2_sums<const X: usize>(own: [&[i8]; OWN], x: [&[i8]; X]) -> [[i32; OWN]; X] {
    let mut sums = [[0; OWN]; X];
    for (x, sums) in x.chunks(2).zip(sums.chunks_mut(2)) {
        match x {
            &[a, b] => sums.copy_from_slice(&avx2_tile(own, [a, b])),
            rest => rest.iter().zip(sums).for_each(|(x, sums)| [*sums] = avx2_tile(own, [x])),
        }
    }
    sums
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2_tile<const X: usize>(own: [&[i8]; OWN], x: [&[i8]; X]) -> [[i32; OWN]; X] {
    use std::arch::x86_64::{_mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_madd_epi16, _mm256_setzero_si256};
    const LANES: usize = 16;
    let width = own[0].len();
    assert!(own.iter().chain(&x).all(|row| row.len() == width), "rows of integers have unequal widths: this is a bug");
    let whole = width - width % LANES;
    let mut sums = [[_mm256_setzero_si256(); OWN]; X];
    for start in (0..whole).step_by(LANES) {
        // SAFETY: all rows are `width` long, and `start + LANES` is at most that.
        let load = |row: &[i8]| unsafe { _mm256_cvtepi8_epi16(_mm_loadu_si128(row.as_ptr().add(start).cast())) };
        let own = own.map(load);
        for i in 0..X {
            let x = load(x[i]);
            for j in 0..OWN {
                // Pairs of products, at most 2 · 127², into 32 bits.
                sums[i][j] = _mm256_add_epi32(sums[i][j], _mm256_madd_epi16(own[j], x));
            }
        }
    }
    std::array::from_fn(|i| {
        std::array::from_fn(|j| {
            let lanes: [i32; 8] = bytemuck::cast(sums[i][j]);
            let rest = own[j][whole..].iter().zip(&x[i][whole..]).map(|(&w, &x)| i32::from(w) * i32::from(x));
            lanes.into_iter().chain(rest).sum()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_set_gives_the_same_sums() {
        for width in [0, 1, 5, 31, 32, 63, 64, 65, 200, 4096] {
            let row =
                |seed: usize| -> Vec<i8> { (0..width).map(|i| ((i * 7919 + seed * 104_729) % 255) as i8).map(|q| q.max(-127)).collect() };
            let ends = |q: i8| vec![q; width];
            let (w, x) = ([row(1), row(2), ends(127), ends(-127)], [row(5), ends(-127), ends(127)]);
            let want = x.each_ref().map(|x| w.each_ref().map(|w| w.iter().zip(x).map(|(&w, &x)| i32::from(w) * i32::from(x)).sum::<i32>()));
            for set in InstructionSet::all() {
                let got = sums(w.each_ref().map(|w| &w[..]), x.each_ref().map(|x| &x[..]), set);
                assert_eq!(got, want, "{width}, {set:?}");
            }
        }
    }
}
