//! CPU form: four rows of w by up to three of x at a time, in registers; the rows of w that follow are fetched meanwhile.

use crate::dense::widened;
use crate::element::{Acc, Element};
use crate::rows::{Scattered, scatter};
use crate::schedule::even_of;
use crate::simd::prefetch;

/// Rows of w whose sums are made at once.
const OWN: usize = 4;

/// Most rows of x likewise: with the eight lanes of each sum they fill the sixteen registers of AVX2.
const OTHER: usize = 3;

/// Sums that an inner product is made in; fixed, so that the bits depend neither on N nor on the instruction set.
const LANES: usize = 8;

/// Bytes of w in a task, about.
const TASK_BYTES: usize = 256 << 10;

/// x `[N, I]`, w `[O, I]` -> y `[N, O]`.
pub fn linear<E: Element>(x: &[E], w: &[E], [rows, inputs, outputs]: [usize; 3]) -> Vec<E> {
    assert!(x.len() == rows * inputs && w.len() == outputs * inputs, "a product has unequal sizes: this is a bug");
    let mut wide = Vec::new();
    let job = Job { x: widened(x, &mut wide), w, rows, inputs, outputs };
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
}

impl<E: Element> Job<'_, E> {
    /// `store(n, o, y)` for every row and the outputs of the block.
    #[inline(always)]
    fn block(&self, block: std::ops::Range<usize>, store: impl Fn(usize, usize, E::Acc)) {
        for o in block.clone().step_by(OWN) {
            let live = OWN.min(block.end - o);
            let mut n = 0;
            while n < self.rows {
                n += match self.rows - n {
                    1 => self.tile::<1>(n, o, live, &store),
                    2 | 4 => self.tile::<2>(n, o, live, &store),
                    _ => self.tile::<OTHER>(n, o, live, &store),
                };
            }
        }
    }

    /// The sums of X rows of x from n on and of OWN rows of w from o on, of which `live` are wanted.
    #[inline(always)]
    fn tile<const X: usize>(&self, n: usize, o: usize, live: usize, store: &impl Fn(usize, usize, E::Acc)) -> usize {
        let width = self.inputs;
        // Past the last row the last one stands again, and its sums are left out.
        let own: [&[E]; OWN] = std::array::from_fn(|j| &self.w[(o + j).min(self.outputs - 1) * width..][..width]);
        let x: [&[E::Acc]; X] = std::array::from_fn(|i| &self.x[(n + i) * width..][..width]);
        let mut sums = [[[E::Acc::ZERO; LANES]; OWN]; X];
        let whole = width / LANES * LANES;
        for at in (0..whole).step_by(LANES) {
            if at * size_of::<E>() % 64 == 0 {
                for j in 0..OWN {
                    prefetch(self.w, (o + OWN + j) * width + at, LANES);
                }
            }
            let x: [&[E::Acc; LANES]; X] = std::array::from_fn(|i| x[i][at..at + LANES].try_into().expect("the slice has LANES elements"));
            for j in 0..OWN {
                let w: &[E; LANES] = own[j][at..at + LANES].try_into().expect("the slice has LANES elements");
                for l in 0..LANES {
                    let w = w[l].to_acc();
                    for i in 0..X {
                        sums[i][j][l] += x[i][l] * w;
                    }
                }
            }
        }
        for i in 0..X {
            for j in 0..live {
                let mut sum = tree(sums[i][j]);
                for k in whole..width {
                    sum += x[i][k] * own[j][k].to_acc();
                }
                store(n + i, o + j, sum);
            }
        }
        X
    }
}

/// ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
#[inline(always)]
fn tree<A: Acc>(s: [A; LANES]) -> A {
    let [a, b, c, d]: [A; 4] = std::array::from_fn(|l| s[l] + s[l + 4]);
    (a + c) + (b + d)
}
