//! CPU form: four rows of w at a time by each of x, the sums in registers; the rows of w that follow are fetched meanwhile.

use std::ops::Range;

use super::lanes::{LANES, OWN, Rows, has_avx2};
use crate::dense::widened;
use crate::element::{Acc, DType, Element};
use crate::rows::{Scattered, scatter};
use crate::schedule::even_of;

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
    let job = Job { x: widened(x, &mut wide), w, rows, inputs, outputs, avx2: has_avx2() };
    let per_task = (TASK_BYTES / (inputs * size_of::<E>()).max(1)).clamp(1, outputs.max(1)).next_multiple_of(OWN);
    scatter(
        rows * outputs,
        &even_of(outputs, per_task),
        #[inline(always)]
        |block, y: &Scattered<E>| job.block(block, |n, o, sum| y.set(n * outputs + o, E::from_acc(sum))),
    )
}

struct Job<'a, E: Element> {
    x: &'a [E::Acc],
    w: &'a [E],
    rows: usize,
    inputs: usize,
    outputs: usize,
    avx2: bool,
}

impl<E: Element> Job<'_, E> {
    /// `store(n, o, y)` for every row and the outputs of the block. Four rows of w stay in the first-level cache while all of x pass.
    #[inline(always)]
    fn block(&self, block: Range<usize>, store: impl Fn(usize, usize, E::Acc)) {
        let width = self.inputs;
        for o in block.clone().step_by(OWN) {
            // Past the last row the last one stands again, and its sums are left out.
            let own: [&[E]; OWN] = std::array::from_fn(|j| &self.w[(o + j).min(self.outputs - 1) * width..][..width]);
            for n in 0..self.rows {
                let x = &self.x[n * width..(n + 1) * width];
                // What follows is fetched once.
                let ahead = (n == 0).then_some((self.w, (o + OWN) * width));
                let lanes = Rows { own, x, ahead }.lanes(self.avx2);
                for j in 0..OWN.min(block.end - o) {
                    let mut sum = tree(lanes[j]);
                    for k in width / LANES * LANES..width {
                        sum += x[k] * own[j][k].to_acc();
                    }
                    store(n, o + j, sum);
                }
            }
        }
    }
}

/// ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
#[inline(always)]
fn tree<A: Acc>(s: [A; LANES]) -> A {
    let [a, b, c, d]: [A; 4] = std::array::from_fn(|l| s[l] + s[l + 4]);
    (a + c) + (b + d)
}
