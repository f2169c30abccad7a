//! Scores of the members, normalisers of the segments, coefficients.

use std::ops::Range;

use crate::csr::View;
use crate::element::{Acc, Element};
use crate::lanes::dot;
use crate::rows::{Sink, fill};
use crate::schedule::{Hubs, by_entries, even};
use crate::segment_softmax::host::{subtract_max, sum_heads};
use crate::set_attention::SetAttentionConfig;
use crate::simd::dispatch;

/// leaky_relu(scale ⟨Q, K_v⟩) of every member, `[members, S·Hd]`.
pub(super) fn scores<E: Element>(c: SetAttentionConfig, q: &[E], k: &[E]) -> Vec<E::Acc> {
    let (heads, head, width, parts) = (c.heads, c.head_width, c.width(), c.parts());
    let (scale, slope) = (E::Acc::from_f64(c.scale), E::Acc::from_f64(c.slope));
    fill(
        &even(k.len() / width, width * size_of::<E>() + parts * size_of::<E::Acc>()),
        |v| v * parts,
        #[inline(always)]
        |block, sink: &mut Sink<E::Acc>| {
            for v in block {
                let own = &k[v * width..(v + 1) * width];
                sink.extend(parts, |part| {
                    let h = part % heads;
                    let z = scale * dot(&q[part * head..(part + 1) * head], &own[h * head..(h + 1) * head]);
                    if z > E::Acc::ZERO { z } else { slope * z }
                });
            }
        },
    )
}

/// The scores of one direction: either the rows of `view` are the segments, or its columns are.
#[derive(Clone, Copy)]
pub(super) struct Scores<'a, A> {
    pub(super) view: View<'a>,
    /// `[members, parts]`
    pub(super) scores: &'a [A],
    /// `[segments, 2, parts]`
    pub(super) normaliser: &'a [A],
    pub(super) segments_are_rows: bool,
    pub(super) parts: usize,
}

impl<A: Acc> Scores<'_, A> {
    /// out `[entries, parts]` = p of `entries` that lie in `rows`, for some of the parts.
    #[inline(never)]
    pub(super) fn coefficients(&self, rows: Range<usize>, entries: Range<usize>, parts: Range<usize>, out: &mut [A]) {
        dispatch(
            #[inline(always)]
            || {
                if self.segments_are_rows {
                    self.of_segments(rows, entries, parts, out);
                } else {
                    self.of_members(rows, entries, parts, out);
                }
            },
        );
    }

    #[inline(always)]
    fn of_segments(&self, rows: Range<usize>, entries: Range<usize>, parts: Range<usize>, out: &mut [A]) {
        let n = parts.len();
        let mut rest = &mut *out;
        for row in rows.clone() {
            let (own, max) = (self.own(row, &entries), &self.largest(row)[parts.clone()]);
            let (out, after) = rest.split_at_mut(own.len() * n);
            for (out, &c) in out.chunks_exact_mut(n).zip(&self.view.col[own]) {
                let s = &self.scores[c as usize * self.parts..][parts.clone()];
                for ((o, &s), &m) in out.iter_mut().zip(s).zip(max) {
                    *o = s - m;
                }
            }
            rest = after;
        }
        // All rows at once: most are shorter than a register.
        out.iter_mut().for_each(|o| *o = o.exp_below());
        let mut rest = out;
        for row in rows {
            let inverse = &self.inverse(row)[parts.clone()];
            let (out, after) = rest.split_at_mut(self.own(row, &entries).len() * n);
            for out in out.chunks_exact_mut(n) {
                for (o, &inverse) in out.iter_mut().zip(inverse) {
                    *o = *o * inverse;
                }
            }
            rest = after;
        }
    }

    #[inline(always)]
    fn of_members(&self, rows: Range<usize>, entries: Range<usize>, parts: Range<usize>, out: &mut [A]) {
        let n = parts.len();
        let mut rest = &mut *out;
        for row in rows {
            let (own, s) = (self.own(row, &entries), &self.scores[row * self.parts..][parts.clone()]);
            let (out, after) = rest.split_at_mut(own.len() * n);
            for (out, &c) in out.chunks_exact_mut(n).zip(&self.view.col[own]) {
                for ((o, &s), &m) in out.iter_mut().zip(s).zip(&self.largest(c as usize)[parts.clone()]) {
                    *o = s - m;
                }
            }
            rest = after;
        }
        out.iter_mut().for_each(|o| *o = o.exp_below());
        for (out, &c) in out.chunks_exact_mut(n).zip(&self.view.col[entries]) {
            for (o, &inverse) in out.iter_mut().zip(&self.inverse(c as usize)[parts.clone()]) {
                *o = *o * inverse;
            }
        }
    }

    /// Those of `entries` that lie in `row`.
    #[inline(always)]
    fn own(&self, row: usize, entries: &Range<usize>) -> Range<usize> {
        let own = self.view.range(row);
        own.start.max(entries.start)..own.end.min(entries.end)
    }

    #[inline(always)]
    fn largest(&self, segment: usize) -> &[A] {
        &self.normaliser[2 * segment * self.parts..][..self.parts]
    }

    #[inline(always)]
    fn inverse(&self, segment: usize) -> &[A] {
        &self.normaliser[(2 * segment + 1) * self.parts..][..self.parts]
    }
}

/// N `[segments, 2, parts]`: the largest scores m, then 1 / Σ exp(s − m); 0 and 0 of a segment without members.
pub(super) fn normalisers<A: Acc>(view: &View, scores: &[A], parts: usize) -> Vec<A> {
    if scores.is_empty() {
        return vec![A::ZERO; view.rows() * 2 * parts];
    }
    let load = |entries: Range<usize>, z: &mut [A]| {
        for (z, &c) in z.chunks_exact_mut(parts).zip(&view.col[entries]) {
            z.copy_from_slice(&scores[c as usize * parts..(c as usize + 1) * parts]);
        }
    };
    let hubs = Hubs::new(
        view,
        #[inline(always)]
        |_, entries| {
            let (mut z, mut max, mut sum) = (vec![A::ZERO; entries.len() * parts], vec![A::ZERO; parts], vec![A::ZERO; parts]);
            load(entries, &mut z);
            subtract_max(&mut z, &mut max);
            z.iter_mut().for_each(|z| *z = z.exp_below());
            sum_heads(&z, &mut sum);
            (max, sum)
        },
    );
    fill(
        &by_entries(view.ptr, 2 * parts * size_of::<A>(), 2 * parts * size_of::<A>()),
        |r| r * 2 * parts,
        #[inline(always)]
        |block, sink: &mut Sink<A>| {
            let (mut z, mut largest) = (Vec::new(), vec![A::ZERO; block.len() * parts]);
            for (r, max) in block.clone().zip(largest.chunks_exact_mut(parts)).filter(|(r, _)| hubs.of(*r).is_none()) {
                let (entries, start) = (view.range(r), z.len());
                if entries.is_empty() {
                    continue;
                }
                z.resize(start + entries.len() * parts, A::ZERO);
                load(entries, &mut z[start..]);
                subtract_max(&mut z[start..], max);
            }
            z.iter_mut().for_each(|z| *z = z.exp_below());
            let (mut sum, mut rest) = (vec![A::ZERO; parts], &z[..]);
            for (r, max) in block.zip(largest.chunks_exact_mut(parts)) {
                if let Some(pieces) = hubs.of(r) {
                    join(pieces, max, &mut sum);
                } else {
                    let (own, after) = rest.split_at(view.range(r).len() * parts);
                    sum_heads(own, &mut sum);
                    rest = after;
                }
                let none = view.range(r).is_empty();
                sink.copy(max);
                sink.extend(parts, |part| if none { A::ZERO } else { A::ONE / sum[part] });
            }
        },
    )
}

/// The pieces of one segment, in order.
fn join<A: Acc>(pieces: &[(Vec<A>, Vec<A>)], max: &mut [A], sum: &mut [A]) {
    max.fill(A::NEG_INFINITY);
    sum.fill(A::ZERO);
    for (m, _) in pieces {
        for (max, &m) in max.iter_mut().zip(m) {
            *max = if m > *max { m } else { *max };
        }
    }
    for (m, l) in pieces {
        for (part, sum) in sum.iter_mut().enumerate() {
            *sum += l[part] * (m[part] - max[part]).exp();
        }
    }
}
