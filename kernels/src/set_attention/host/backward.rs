//! The backward pass: one pass over the members, whose sums G and Σ p T are all that is needed of the incidences.

use std::ops::Range;

use super::scores::{Scores, scores};
use super::{Inputs, Saved};
use crate::csr::CsrPair;
use crate::element::{Acc, Element};
use crate::hypergraph_conv::host::in_order;
use crate::lanes::{add, dot, dot_by};
use crate::row_sum::{sum_row, sum_rows};
use crate::rows::{Sink, fill, fill_two};
use crate::schedule::{Hubs, PIECE, by_entries, even};
use crate::set_attention::{SetAttentionConfig, Wanted};

/// Bytes of sums and coefficients of a batch of members: they stay in the first-level caches.
const BATCH_BYTES: usize = 24 << 10;

/// dQ, dK and dV, as far as they were wanted.
pub type Gradients<E> = [Option<Vec<E>>; 3];

/// dO `[segments, S, Hd·C]` -> dQ `[S, Hd·C]`, dK and dV `[members, Hd·C]`, as far as they are wanted.
pub fn set_attention_backward<E: Element>(
    pair: &CsrPair,
    c: SetAttentionConfig,
    i: Inputs<E>,
    saved: Saved<E>,
    dout: &[E],
    wanted: Wanted,
) -> Gradients<E> {
    let view = pair.view(c.direction.reverse());
    let (width, parts) = (c.width(), c.parts());
    if width == 0 || view.rows() == 0 {
        let zeros = |wanted: bool, like: &[E]| wanted.then(|| vec![E::from_acc(E::Acc::ZERO); like.len()]);
        return [zeros(wanted.q, i.q), zeros(wanted.k, i.k), zeros(wanted.v, i.v)];
    }
    let scores = scores(c, i.q, i.k);
    let s = Scores { view, scores: &scores, normaliser: saved.normaliser, segments_are_rows: false, parts };
    let of_scores = wanted.q || wanted.k;
    let totals = if of_scores { part_dots(dout, saved.out, c.head_width) } else { vec![] };
    let work = Backward { s, c, i, totals, dout, of_scores, wanted };
    let hubs = Hubs::new(
        &view,
        #[inline(always)]
        |row, entries| {
            let mut sums = Sums::default();
            work.sums(row..row + 1, entries, &mut sums);
            sums
        },
    );
    let row_bytes = (c.seeds * width + 2 * parts) * size_of::<E::Acc>();
    let batch = (BATCH_BYTES / row_bytes.max(1)).clamp(1, 64);
    let blocks = by_entries(view.ptr, (c.seeds * width + 2 * parts) * size_of::<E>(), 4 * c.seeds * width * size_of::<E>());
    let (dk, dv, dq) = fill_two(
        &blocks,
        |v| if wanted.k { v * width } else { 0 },
        |v| if wanted.v { v * width } else { 0 },
        #[inline(always)]
        |block, dk: &mut Sink<E>, dv: &mut Sink<E>| {
            let mut out = Rows { dk, dv, key: vec![E::Acc::ZERO; width], dq: vec![E::Acc::ZERO; c.seeds * width] };
            let (mut sums, mut hub) = (Sums::default(), Sums::default());
            let mut start = block.start;
            while start < block.end {
                if let Some(pieces) = hubs.of(start) {
                    hub.reset(1, &work);
                    pieces.iter().for_each(|piece| hub.add(piece));
                    work.member(start, &mut hub.g, &hub.mean, &mut out);
                    start += 1;
                    continue;
                }
                let from = view.range(start).start;
                let too_many = |r: &usize| r - start >= batch || view.range(*r).len() > PIECE || view.range(*r).end - from > PIECE;
                let end = (start + 1..block.end).find(too_many).unwrap_or(block.end);
                work.sums(start..end, from..view.range(end - 1).end, &mut sums);
                for (n, v) in (start..end).enumerate() {
                    let g = &mut sums.g[n * c.seeds * width..(n + 1) * c.seeds * width];
                    let mean = if of_scores { &sums.mean[n * parts..(n + 1) * parts] } else { &[] };
                    work.member(v, g, mean, &mut out);
                }
                start = end;
            }
            out.dq
        },
    );
    let dq = wanted.q.then(|| in_order(dq, c.seeds * width).into_iter().map(E::from_acc).collect());
    [dq, wanted.k.then_some(dk), wanted.v.then_some(dv)]
}

/// ⟨a, b⟩ of every `head` numbers.
fn part_dots<E: Element>(a: &[E], b: &[E], head: usize) -> Vec<E::Acc> {
    fill(
        &even(a.len() / head, 2 * head * size_of::<E>()),
        |i| i,
        #[inline(always)]
        |block, sink: &mut Sink<E::Acc>| {
            let start = block.start;
            sink.extend(block.len(), |i| {
                let lanes = (start + i) * head..(start + i + 1) * head;
                dot(&a[lanes.clone()], &b[lanes])
            });
        },
    )
}

/// What the pass over the members reads.
struct Backward<'a, E: Element> {
    s: Scores<'a, E::Acc>,
    c: SetAttentionConfig,
    i: Inputs<'a, E>,
    /// T `[segments, parts]`
    totals: Vec<E::Acc>,
    dout: &'a [E],
    /// Whether dQ or dK is wanted.
    of_scores: bool,
    wanted: Wanted,
}

/// Sums of some members, or of a piece of one.
struct Sums<A> {
    /// p `[entries, parts]`
    weights: Vec<A>,
    /// G `[members, S·Hd·C]`
    g: Vec<A>,
    /// Σ p T `[members, parts]`
    mean: Vec<A>,
}

impl<A> Default for Sums<A> {
    fn default() -> Self {
        Self { weights: Vec::new(), g: Vec::new(), mean: Vec::new() }
    }
}

impl<A: Acc> Sums<A> {
    #[inline(always)]
    fn reset<E: Element<Acc = A>>(&mut self, rows: usize, work: &Backward<E>) {
        for (sums, n) in [(&mut self.g, work.c.seeds * work.c.width()), (&mut self.mean, work.c.parts())] {
            sums.clear();
            sums.resize(rows * n, A::ZERO);
        }
    }

    fn add(&mut self, piece: &Self) {
        add(&mut self.g, &piece.g);
        add(&mut self.mean, &piece.mean);
    }
}

/// Where the gradients of a block of members go.
struct Rows<'a, 'k, 'v, E: Element> {
    dk: &'a mut Sink<'k, E>,
    dv: &'a mut Sink<'v, E>,
    key: Vec<E::Acc>,
    /// Σ over the members of the block, `[S, Hd·C]`.
    dq: Vec<E::Acc>,
}

impl<E: Element> Backward<'_, E> {
    /// Over `entries`, which lie in `rows`.
    #[inline(always)]
    fn sums(&self, rows: Range<usize>, entries: Range<usize>, sums: &mut Sums<E::Acc>) {
        let (view, parts) = (self.s.view, self.c.parts());
        sums.reset(rows.len(), self);
        sums.weights.resize(entries.len() * parts, E::Acc::ZERO);
        self.s.coefficients(rows.clone(), entries.clone(), 0..parts, &mut sums.weights);
        if rows.len() == 1 {
            sum_row(&view, self.dout, entries.clone(), &mut sums.g, parts, Some(&sums.weights));
        } else {
            sum_rows(&view, self.dout, rows.clone(), &mut sums.g, parts, None, false, Some(&sums.weights));
        }
        if !self.of_scores {
            return;
        }
        for (row, mean) in rows.zip(sums.mean.chunks_exact_mut(parts)) {
            let own = view.range(row);
            let own = own.start.max(entries.start)..own.end.min(entries.end);
            let weights = &sums.weights[(own.start - entries.start) * parts..(own.end - entries.start) * parts];
            for (w, &e) in weights.chunks_exact(parts).zip(&view.col[own]) {
                let total = &self.totals[e as usize * parts..(e as usize + 1) * parts];
                for ((mean, &w), &total) in mean.iter_mut().zip(w).zip(total) {
                    *mean += w * total;
                }
            }
        }
    }

    /// The gradients of member `v`, whose G is used up.
    #[inline(always)]
    fn member(&self, v: usize, g: &mut [E::Acc], mean: &[E::Acc], out: &mut Rows<E>) {
        let SetAttentionConfig { heads, head_width: head, .. } = self.c;
        let width = self.c.width();
        let (scale, slope) = (E::Acc::from_f64(self.c.scale), E::Acc::from_f64(self.c.slope));
        let (key, value) = (&self.i.k[v * width..(v + 1) * width], &self.i.v[v * width..(v + 1) * width]);
        if self.of_scores {
            out.key.fill(E::Acc::ZERO);
            for (part, mean) in mean.iter().enumerate() {
                let (own, of_head) = (part * head..(part + 1) * head, part % heads * head..(part % heads + 1) * head);
                let positive = self.s.scores[v * self.s.parts + part] > E::Acc::ZERO;
                let factor = if positive { scale } else { scale * slope };
                let dz = factor * (dot_by(&value[of_head.clone()], &g[own.clone()], |v, g| v.to_acc() * g) - *mean);
                for (d, q) in out.key[of_head.clone()].iter_mut().zip(&self.i.q[own.clone()]) {
                    *d += dz * q.to_acc();
                }
                for (d, k) in out.dq[own].iter_mut().zip(&key[of_head]) {
                    *d += dz * k.to_acc();
                }
            }
            if self.wanted.k {
                out.dk.round(&out.key);
            }
        }
        if self.wanted.v {
            let (first, others) = g.split_at_mut(width);
            others.chunks_exact(width).for_each(|seed| add(first, seed));
            out.dv.round(first);
        }
    }
}
