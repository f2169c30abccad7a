//! CPU form: four rows of w by one or two of x at a time, in registers; the rows of w that follow are fetched meanwhile.

use std::ops::Range;

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::dense::widened;
use crate::element::{Acc, DType, Element};
use crate::rows::{Scattered, scatter};
use crate::schedule::even_of;
use crate::simd::prefetch;

/// Rows of w whose sums are made at once.
const OWN: usize = 4;

/// Sums that an inner product is made in; fixed, so that the bits depend neither on N nor on the instruction set.
const LANES: usize = 8;

/// Bytes of w in a task, about.
const TASK_BYTES: usize = 256 << 10;

/// Rows of x up to which this form is faster than a product by blocks, which for half types makes a wide copy of w first.
pub const fn few(dtype: DType) -> usize {
    match dtype {
        DType::F64 | DType::F32 => 4,
        DType::F16 | DType::BF16 => 8,
    }
}

/// x `[N, I]`, w `[O, I]` -> y `[N, O]`.
pub fn linear<E: Element>(x: &[E], w: &[E], [rows, inputs, outputs]: [usize; 3]) -> Vec<E> {
    assert!(x.len() == rows * inputs && w.len() == outputs * inputs, "a product has unequal sizes: this is a bug");
    let mut wide = Vec::new();
    let x = widened(x, &mut wide);
    let per_task = (TASK_BYTES / (inputs * size_of::<E>()).max(1)).clamp(1, outputs.max(1)).next_multiple_of(OWN);
    scatter(
        rows * outputs,
        &even_of(outputs, per_task),
        #[inline(always)]
        |block, y: &Scattered<E>| {
            let store = |n: usize, o: usize, sum: f64| y.set(n * outputs + o, E::from_f64(sum));
            if E::DTYPE == DType::F16 {
                halves(bytemuck::cast_slice(x), bytemuck::cast_slice(w), rows, inputs, block, store);
            } else {
                plain(x, w, rows, inputs, block, store);
            }
        },
    )
}

/// Rows o to o + OWN of w; past the last row it stands again.
#[inline(always)]
fn own<W>(w: &[W], width: usize, o: usize) -> [&[W]; OWN] {
    let last = (w.len() / width.max(1)).saturating_sub(1);
    std::array::from_fn(|j| &w[(o + j).min(last) * width..][..width])
}

/// `store(n, o, y)` for every row and the outputs of the block.
#[inline(always)]
fn plain<W: Element>(x: &[W::Acc], w: &[W], rows: usize, width: usize, block: Range<usize>, store: impl Fn(usize, usize, f64)) {
    for o in block.clone().step_by(OWN) {
        let store = |n, j, sum| store(n, o + j, sum);
        every(x, own(w, width, o), Some((w, (o + OWN) * width)), rows, OWN.min(block.end - o), store);
    }
}

/// The same for f16, whose rows are widened before they meet those of x: the CPU has an instruction for it that compilers do not find.
#[inline(always)]
fn halves(x: &[f32], w: &[f16], rows: usize, width: usize, block: Range<usize>, store: impl Fn(usize, usize, f64)) {
    let mut wide = vec![0f32; OWN * width];
    for o in block.clone().step_by(OWN) {
        let live = OWN.min(block.end - o);
        prefetch(w, (o + OWN) * width, OWN * width);
        w[o * width..(o + live) * width].convert_to_f32_slice(&mut wide[..live * width]);
        every(x, own(&wide, width, 0), None, rows, live, |n, j, sum| store(n, o + j, sum));
    }
}

/// Every row of x by OWN rows of w, of which `live` are wanted; `store(n, j, y)` for row j of them.
#[inline(always)]
fn every<W: Element>(
    x: &[W::Acc],
    own: [&[W]; OWN],
    ahead: Option<(&[W], usize)>,
    rows: usize,
    live: usize,
    store: impl Fn(usize, usize, f64),
) {
    let width = own[0].len();
    let row = |n: usize| &x[n * width..(n + 1) * width];
    let keep = |n: usize, sums: [W::Acc; OWN]| sums[..live].iter().enumerate().for_each(|(j, sum)| store(n, j, sum.to_f64()));
    // What follows is fetched by the first rows of x.
    let mut ahead = ahead;
    for n in (0..rows).step_by(2) {
        if n + 1 < rows {
            let [a, b] = tile(own, [row(n), row(n + 1)], ahead.take());
            keep(n, a);
            keep(n + 1, b);
        } else {
            let [a] = tile(own, [row(n)], ahead.take());
            keep(n, a);
        }
    }
}

/// The inner products of X rows of x with OWN rows of w; fetches as many rows from the place `ahead`.
#[inline(always)]
fn tile<W: Element, const X: usize>(own: [&[W]; OWN], x: [&[W::Acc]; X], ahead: Option<(&[W], usize)>) -> [[W::Acc; OWN]; X] {
    let width = own[0].len();
    let mut sums = [[[W::Acc::ZERO; LANES]; OWN]; X];
    let whole = width / LANES * LANES;
    for at in (0..whole).step_by(LANES) {
        if let Some((w, start)) = ahead
            && at * size_of::<W>() % 64 == 0
        {
            (0..OWN).for_each(|j| prefetch(w, start + j * width + at, LANES));
        }
        let x: [&[W::Acc; LANES]; X] = std::array::from_fn(|i| x[i][at..at + LANES].try_into().expect("the slice has LANES elements"));
        for j in 0..OWN {
            let w: &[W; LANES] = own[j][at..at + LANES].try_into().expect("the slice has LANES elements");
            let w: [W::Acc; LANES] = std::array::from_fn(|l| w[l].to_acc());
            for i in 0..X {
                for l in 0..LANES {
                    sums[i][j][l] += x[i][l] * w[l];
                }
            }
        }
    }
    std::array::from_fn(|i| std::array::from_fn(|j| (whole..width).fold(tree(sums[i][j]), |sum, k| sum + x[i][k] * own[j][k].to_acc())))
}

/// ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
#[inline(always)]
fn tree<A: Acc>(s: [A; LANES]) -> A {
    let [a, b, c, d]: [A; 4] = std::array::from_fn(|l| s[l] + s[l + 4]);
    (a + c) + (b + d)
}
