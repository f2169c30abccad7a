//! Scores, coefficients and the normalisers of the segments.

use std::ops::Range;

use super::Inputs;
use crate::aggregate::host::scales;
use crate::csr::{CsrPair, Direction, View};
use crate::dense::to_acc;
use crate::edge_score::host::{leaky, logits};
use crate::element::{Acc, Element};
use crate::hypergraph_attention::AttentionConfig;
use crate::rows::{Sink, fill};
use crate::schedule::{Hubs, by_entries};
use crate::segment_softmax::host::{subtract_max, sum_heads};
use crate::simd::dispatch;

/// The scores of one direction: the rows of `view` have logits `own`, its columns `other`, and one of the two has the segments.
#[derive(Clone, Copy)]
pub(super) struct Scores<'a, A> {
    pub(super) view: View<'a>,
    pub(super) own: &'a [A],
    pub(super) other: &'a [A],
    /// `[segments, 2, heads]`
    pub(super) normaliser: &'a [A],
    pub(super) segments_are_rows: bool,
    pub(super) heads: usize,
    pub(super) slope: A,
}

impl<A: Acc> Scores<'_, A> {
    /// out `[entries, heads]` = a + b
    #[inline(always)]
    fn logits(&self, row: usize, entries: Range<usize>, out: &mut [A]) {
        logits(&self.own[row * self.heads..(row + 1) * self.heads], self.other, &self.view.col[entries], out);
    }

    /// out [entries, heads]: logits -> ln softmax, leaky(z) − m − ln Σ; m goes first, as what is left then is small and exact
    #[inline(always)]
    fn log_softmax_of_logits(&self, row: usize, entries: Range<usize>, out: &mut [A]) {
        let (heads, slope) = (self.heads, self.slope);
        let of = |segment: usize| self.normaliser[2 * segment * heads..2 * (segment + 1) * heads].split_at(heads);
        let subtract = |out: &mut [A], (largest, log): (&[A], &[A])| {
            for ((o, &m), &l) in out.iter_mut().zip(largest).zip(log) {
                *o = leaky(*o, slope) - m - l;
            }
        };
        if !self.segments_are_rows {
            out.chunks_exact_mut(heads).zip(&self.view.col[entries]).for_each(|(out, &c)| subtract(out, of(c as usize)));
        } else if let ([m], [l]) = of(row) {
            out.iter_mut().for_each(|o| *o = leaky(*o, slope) - *m - *l);
        } else {
            out.chunks_exact_mut(heads).for_each(|out| subtract(out, of(row)));
        }
    }

    /// z `[entries, heads]` = scores less the largest of each head, which is left in `max`.
    #[inline(always)]
    fn scores_below_max(&self, row: usize, entries: Range<usize>, z: &mut [A], max: &mut [A]) {
        self.logits(row, entries, z);
        z.iter_mut().for_each(|z| *z = leaky(*z, self.slope));
        subtract_max(z, max);
    }

    /// out `[entries, heads]` *= constant value · factor of the column
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

    /// out `[entries, heads]` = p · factor of the column, of `entries` that lie in `rows`
    #[inline(never)]
    pub(super) fn coefficients(&self, rows: Range<usize>, entries: Range<usize>, column: Option<&[A]>, out: &mut [A]) {
        dispatch(
            #[inline(always)]
            || {
                let mut rest = &mut *out;
                for row in rows {
                    let own = self.view.range(row);
                    let own = own.start.max(entries.start)..own.end.min(entries.end);
                    let (out, after) = rest.split_at_mut(own.len() * self.heads);
                    self.logits(row, own.clone(), out);
                    self.log_softmax_of_logits(row, own, out);
                    rest = after;
                }
                // All rows at once: most are shorter than a register.
                out.iter_mut().for_each(|o| *o = o.exp());
                self.apply(entries, column, out);
            },
        );
    }

    /// logit, softmax and p · factor of the column, each `[entries, heads]`, of `entries` that lie in `rows`
    #[inline(never)]
    pub(super) fn all(
        &self,
        rows: Range<usize>,
        entries: Range<usize>,
        column: Option<&[A]>,
        logit: &mut [A],
        softmax: &mut [A],
        weight: &mut [A],
    ) {
        dispatch(
            #[inline(always)]
            || {
                let mut start = 0;
                for row in rows {
                    let own = self.view.range(row);
                    let own = own.start.max(entries.start)..own.end.min(entries.end);
                    let end = start + own.len() * self.heads;
                    self.logits(row, own.clone(), &mut logit[start..end]);
                    softmax[start..end].copy_from_slice(&logit[start..end]);
                    self.log_softmax_of_logits(row, own, &mut softmax[start..end]);
                    start = end;
                }
                softmax.iter_mut().for_each(|p| *p = p.exp());
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
            let (mut z, mut part) = (vec![A::ZERO; entries.len() * heads], (vec![A::ZERO; heads], vec![A::ZERO; heads]));
            s.scores_below_max(r, entries, &mut z, &mut part.0);
            z.iter_mut().for_each(|z| *z = z.exp());
            sum_heads(&z, &mut part.1);
            part
        },
    );
    let blocks = by_entries(s.view.ptr, heads * 8 * size_of::<A>(), heads * 2 * size_of::<A>());
    fill(
        &blocks,
        |r| r * 2 * heads,
        #[inline(always)]
        |block, sink: &mut Sink<A>| {
            let (mut z, mut largest) = (Vec::new(), vec![A::ZERO; block.len() * heads]);
            for (r, max) in block.clone().zip(largest.chunks_exact_mut(heads)).filter(|(r, _)| hubs.of(*r).is_none()) {
                let (entries, start) = (s.view.range(r), z.len());
                z.resize(start + entries.len() * heads, A::ZERO);
                s.scores_below_max(r, entries, &mut z[start..], max);
            }
            z.iter_mut().for_each(|z| *z = z.exp());
            let (mut sum, mut rest) = (vec![A::ZERO; heads], &z[..]);
            for (r, max) in block.zip(largest.chunks_exact_mut(heads)) {
                if let Some(parts) = hubs.of(r) {
                    join(parts, max, &mut sum);
                } else {
                    let (own, after) = rest.split_at(s.view.range(r).len() * heads);
                    sum_heads(own, &mut sum);
                    rest = after;
                }
                sink.copy(max);
                sink.extend(heads, |h| sum[h].ln());
            }
        },
    )
}

/// The parts of one segment, in order.
fn join<A: Acc>(parts: &[Part<A>], max: &mut [A], sum: &mut [A]) {
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
