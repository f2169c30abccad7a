//! Scores, coefficients and the normalisers of the segments.

use std::ops::Range;

use super::Inputs;
use crate::aggregate::host::scales;
use crate::csr::{CsrPair, Direction, View};
use crate::dense::to_acc;
use crate::element::{Acc, Element};
use crate::hypergraph_attention::AttentionConfig;
use crate::lanes::add;
use crate::rows::{Sink, fill};
use crate::schedule::{Hubs, by_entries};
use crate::simd::dispatch;

/// The scores of one direction: the rows of `view` have logits `own`, its columns `other`, and one of the two has the segments.
#[derive(Clone, Copy)]
pub(super) struct Scores<'a, A> {
    pub(super) view: View<'a>,
    pub(super) own: &'a [A],
    pub(super) other: &'a [A],
    /// [segments, 2, heads]
    pub(super) normaliser: &'a [A],
    pub(super) segments_are_rows: bool,
    pub(super) heads: usize,
    pub(super) slope: A,
}

impl<A: Acc> Scores<'_, A> {
    /// out [entries, heads] = a + b
    #[inline(always)]
    fn logits(&self, row: usize, entries: Range<usize>, out: &mut [A]) {
        let heads = self.heads;
        let own = &self.own[row * heads..(row + 1) * heads];
        for (out, &c) in out.chunks_exact_mut(heads).zip(&self.view.col[entries]) {
            let other = &self.other[c as usize * heads..(c as usize + 1) * heads];
            for ((o, &a), &b) in out.iter_mut().zip(own).zip(other) {
                *o = a + b;
            }
        }
    }

    #[inline(always)]
    fn leaky(&self, z: A) -> A {
        if z > A::ZERO { z } else { self.slope * z }
    }

    /// out [entries, heads]: logits -> softmax, exp(leaky(z) − m − ln Σ); m goes first, as what is left then is small and exact
    #[inline(always)]
    fn softmax_of_logits(&self, row: usize, entries: Range<usize>, out: &mut [A]) {
        let heads = self.heads;
        let of = |segment: usize| self.normaliser[2 * segment * heads..2 * (segment + 1) * heads].split_at(heads);
        if self.segments_are_rows {
            let (largest, log) = of(row);
            for out in out.chunks_exact_mut(heads) {
                for ((o, &m), &l) in out.iter_mut().zip(largest).zip(log) {
                    *o = self.leaky(*o) - m - l;
                }
            }
        } else {
            for (out, &c) in out.chunks_exact_mut(heads).zip(&self.view.col[entries]) {
                let (largest, log) = of(c as usize);
                for ((o, &m), &l) in out.iter_mut().zip(largest).zip(log) {
                    *o = self.leaky(*o) - m - l;
                }
            }
        }
        for o in out {
            *o = o.exp();
        }
    }

    /// The largest score of `entries` and Σ exp(s − largest), per head.
    #[inline(always)]
    fn largest_and_sum(&self, row: usize, entries: Range<usize>, scratch: &mut Vec<A>, (max, sum): &mut Part<A>) {
        let heads = self.heads;
        let n = entries.len() * heads;
        scratch.resize(n.max(scratch.len()), A::ZERO);
        let z = &mut scratch[..n];
        self.logits(row, entries, z);
        max.fill(A::NEG_INFINITY);
        for z in z.chunks_exact_mut(heads) {
            for (z, m) in z.iter_mut().zip(&mut *max) {
                *z = self.leaky(*z);
                *m = if *z > *m { *z } else { *m };
            }
        }
        for z in z.chunks_exact_mut(heads) {
            for (z, &m) in z.iter_mut().zip(&*max) {
                *z = *z - m;
            }
        }
        z.iter_mut().for_each(|z| *z = z.exp());
        sum.fill(A::ZERO);
        z.chunks_exact(heads).for_each(|z| add(sum, z));
    }

    /// out [entries, heads] *= constant value · factor of the column
    #[inline(always)]
    fn apply(&self, entries: Range<usize>, column: Option<&[A]>, out: &mut [A]) {
        if let Some(values) = self.view.values {
            for (out, &v) in out.chunks_exact_mut(self.heads).zip(&values[entries.clone()]) {
                crate::lanes::scale(out, A::from_f64(v));
            }
        }
        if let Some(column) = column {
            for (out, &c) in out.chunks_exact_mut(self.heads).zip(&self.view.col[entries]) {
                crate::lanes::scale(out, column[c as usize]);
            }
        }
    }

    /// out [entries, heads] = p · factor of the column
    #[inline(never)]
    pub(super) fn coefficients(&self, row: usize, entries: Range<usize>, column: Option<&[A]>, out: &mut [A]) {
        dispatch(
            #[inline(always)]
            || {
                self.logits(row, entries.clone(), out);
                self.softmax_of_logits(row, entries.clone(), out);
                self.apply(entries, column, out);
            },
        );
    }

    /// logit, softmax and p · factor of the column, each [entries, heads]
    #[inline(never)]
    pub(super) fn all(
        &self,
        row: usize,
        entries: Range<usize>,
        column: Option<&[A]>,
        logit: &mut [A],
        softmax: &mut [A],
        weight: &mut [A],
    ) {
        dispatch(
            #[inline(always)]
            || {
                self.logits(row, entries.clone(), logit);
                softmax.copy_from_slice(logit);
                self.softmax_of_logits(row, entries.clone(), softmax);
                weight.copy_from_slice(softmax);
                self.apply(entries, column, weight);
            },
        );
    }
}

/// Everything in the type of sums, and the scores of both directions.
pub(super) struct Prepared<A> {
    pub(super) a: Vec<A>,
    pub(super) b: Vec<A>,
    pub(super) u: Option<Vec<A>>,
    pub(super) t: Option<Vec<A>>,
}

impl<A: Acc> Prepared<A> {
    pub(super) fn new<E: Element<Acc = A>>(i: &Inputs<E>) -> Self {
        Self { a: to_acc(i.a), b: to_acc(i.b), u: i.row_scale.map(scales::<E>), t: i.col_scale.map(scales::<E>) }
    }

    pub(super) fn scores<'a>(
        &'a self,
        pair: &'a CsrPair,
        direction: Direction,
        config: AttentionConfig,
        normaliser: &'a [A],
    ) -> Scores<'a, A> {
        let (own, other) = match direction {
            Direction::ToCols => (&self.b, &self.a),
            Direction::ToRows => (&self.a, &self.b),
        };
        Scores {
            view: pair.view(direction),
            own,
            other,
            normaliser,
            segments_are_rows: config.normalise == direction,
            heads: config.heads,
            slope: A::from_f64(config.slope),
        }
    }
}

/// Largest score and Σ exp(s − largest) of some entries, per head.
type Part<A> = (Vec<A>, Vec<A>);

/// N [segments, 2, heads]: the largest scores m, then ln Σ exp(s − m); −∞ for a segment without entries.
pub(super) fn normalisers<A: Acc>(s: &Scores<A>) -> Vec<A> {
    let heads = s.heads;
    let hubs = Hubs::new(
        &s.view,
        #[inline(always)]
        |r, entries| {
            let mut part = (vec![A::ZERO; heads], vec![A::ZERO; heads]);
            s.largest_and_sum(r, entries, &mut Vec::new(), &mut part);
            part
        },
    );
    let blocks = by_entries(s.view.ptr, heads * 8 * size_of::<A>(), heads * 2 * size_of::<A>());
    fill(
        &blocks,
        |r| r * 2 * heads,
        #[inline(always)]
        |block, sink: &mut Sink<A>| {
            let (mut z, mut total) = (Vec::new(), (vec![A::ZERO; heads], vec![A::ZERO; heads]));
            for r in block {
                match hubs.of(r) {
                    Some(parts) => join(parts, &mut total),
                    None => s.largest_and_sum(r, s.view.range(r), &mut z, &mut total),
                }
                sink.copy(&total.0);
                sink.extend(heads, |h| total.1[h].ln());
            }
        },
    )
}

/// The parts of one segment, in order.
fn join<A: Acc>(parts: &[Part<A>], (max, sum): &mut Part<A>) {
    max.fill(A::NEG_INFINITY);
    sum.fill(A::ZERO);
    for (m, _) in parts {
        for (max, &m) in max.iter_mut().zip(m) {
            *max = if m > *max { m } else { *max };
        }
    }
    for (m, l) in parts {
        for (h, sum) in sum.iter_mut().enumerate() {
            *sum += l[h] * (m[h] - max[h]).exp();
        }
    }
}
