//! CPU form: the entries of each row in turn; the sums over the columns run over the transposed pattern, so that no two rows meet.

use std::ops::Range;

use super::Wanted;
use crate::csr::{CsrPair, Direction, View};
use crate::dense::widened;
use crate::element::{Acc, Element};
use crate::rows::{Sink, fill};
use crate::schedule::by_entries;

/// a `[rows, Hd]`, b `[cols, Hd]` -> s `[nnz, Hd]` in row-major order.
pub fn edge_score<E: Element>(pair: &CsrPair, a: &[E], b: &[E], heads: usize, slope: f64) -> Vec<E> {
    let (view, slope) = (pair.view(Direction::ToRows), E::Acc::from_f64(slope));
    let (mut wide_a, mut wide_b) = (Vec::new(), Vec::new());
    let (a, b) = (widened(a, &mut wide_a), widened(b, &mut wide_b));
    fill(
        &blocks::<E>(&view, heads),
        |r| view.ptr[r] as usize * heads,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            let start = view.ptr[block.start] as usize;
            let entries = view.ptr[block.end] as usize - start;
            sink.sums(
                entries * heads,
                &mut Vec::new(),
                #[inline(always)]
                |z| {
                    for r in block {
                        let row = view.range(r);
                        let z = &mut z[(row.start - start) * heads..(row.end - start) * heads];
                        logits(&a[r * heads..(r + 1) * heads], b, &view.col[row], z);
                    }
                    z.iter_mut().for_each(|z| *z = leaky(*z, slope));
                },
            );
        },
    )
}

/// z `[entries, heads]` = own + other of the columns; own `[heads]`, other `[cols, heads]`.
#[inline(always)]
pub(crate) fn logits<A: Acc>(own: &[A], other: &[A], col: &[u32], z: &mut [A]) {
    if let &[own] = own {
        for (z, &c) in z.iter_mut().zip(col) {
            *z = own + other[c as usize];
        }
        return;
    }
    let heads = own.len().max(1);
    for (z, &c) in z.chunks_exact_mut(heads).zip(col) {
        let other = &other[c as usize * heads..(c as usize + 1) * heads];
        for ((z, &a), &b) in z.iter_mut().zip(own).zip(other) {
            *z = a + b;
        }
    }
}

#[inline(always)]
pub(crate) fn leaky<A: Acc>(z: A, slope: A) -> A {
    if z > A::ZERO { z } else { slope * z }
}

/// ds `[nnz, Hd]` -> da `[rows, Hd]` and db `[cols, Hd]`, as far as they are wanted.
pub fn edge_score_backward<E: Element>(
    pair: &CsrPair,
    a: &[E],
    b: &[E],
    heads: usize,
    slope: f64,
    ds: &[E],
    wanted: Wanted,
) -> (Option<Vec<E>>, Option<Vec<E>>) {
    let slope = E::Acc::from_f64(slope);
    let (mut wide_a, mut wide_b) = (Vec::new(), Vec::new());
    let (a, b) = (widened(a, &mut wide_a), widened(b, &mut wide_b));
    let da = wanted.a.then(|| segment_gradients(&pair.view(Direction::ToRows), a, b, heads, slope, ds));
    let db = wanted.b.then(|| segment_gradients(&pair.view(Direction::ToCols), b, a, heads, slope, ds));
    (da, db)
}

/// Σ_k ds_k · leaky'(own + other) per row of `view`.
fn segment_gradients<E: Element>(view: &View, own: &[E::Acc], other: &[E::Acc], heads: usize, slope: E::Acc, ds: &[E]) -> Vec<E> {
    fill(
        &blocks::<E>(view, heads),
        |r| r * heads,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            let mut sum = vec![E::Acc::ZERO; heads];
            for r in block {
                sum.fill(E::Acc::ZERO);
                let own = &own[r * heads..(r + 1) * heads];
                for k in view.range(r) {
                    let (c, at) = (view.col[k] as usize * heads, view.position(k) * heads);
                    let (other, ds) = (&other[c..c + heads], &ds[at..at + heads]);
                    for h in 0..heads {
                        let d = if own[h] + other[h] > E::Acc::ZERO { E::Acc::ONE } else { slope };
                        sum[h] += d * ds[h].to_acc();
                    }
                }
                sink.round(&sum);
            }
        },
    )
}

fn blocks<E: Element>(view: &View, heads: usize) -> Vec<Range<usize>> {
    by_entries(view.ptr, heads * 3 * size_of::<E>() + 8, heads * size_of::<E>())
}
