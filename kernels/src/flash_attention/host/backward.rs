//! The backward pass: a span of keys at a time, over which groups of query blocks work in parallel. A group owns the gradients of its queries,
//! and what the groups find for the keys is added in their order, so that the bits do not depend on the number of threads.

use std::ops::Range;

use rayon::prelude::*;

use super::{KEYS, QUERIES, columns, mask, transpose};
use crate::dense::{Matrix, product, widened};
use crate::element::{Acc, Element};
use crate::flash_attention::{FlashConfig, Wanted};
use crate::lanes::{add, dot};
use crate::rows::{Sink, fill};
use crate::schedule::even;
use crate::simd::dispatch;

/// Keys of a span: queries are transposed once for so many.
const SPAN: usize = 4 * KEYS;

/// Groups of query blocks, at most.
const GROUPS: usize = 8;

/// What the backward pass reads.
#[derive(Debug, Clone, Copy)]
pub struct Saved<'a, E: Element> {
    /// q `[B, H, Tq, D]`
    pub q: &'a [E],
    /// k `[B, Hk, Tk, D]`
    pub k: &'a [E],
    /// v `[B, Hk, Tk, D]`
    pub v: &'a [E],
    /// o `[B, H, Tq, D]`
    pub out: &'a [E],
    /// N `[B, H, Tq, 2]`
    pub normaliser: &'a [E::Acc],
}

/// dq, dk and dv, as far as they are wanted.
pub type Gradients<E> = [Option<Vec<E>>; 3];

/// dO `[B, H, Tq, D]` -> the gradients.
pub fn flash_attention_backward<E: Element>(c: FlashConfig, saved: Saved<E>, dout: &[E], wanted: Wanted) -> Gradients<E> {
    let keys = c.keys * c.width;
    let zeros = |n: usize| -> Vec<E::Acc> { bytemuck::zeroed_vec(n) };
    let (mut dq, mut dk, mut dv) = (zeros(saved.q.len()), zeros(saved.k.len()), zeros(saved.v.len()));
    if !saved.q.is_empty() && !saved.k.is_empty() {
        let heads = dq.par_chunks_mut(c.group() * c.queries * c.width).zip(dk.par_chunks_mut(keys)).zip(dv.par_chunks_mut(keys));
        heads.with_max_len(1).enumerate().for_each(|(head, ((dq, dk), dv))| {
            let (scale, job) = (E::Acc::from_f64(c.scale), KeyHead { c, saved, dout, wanted, head });
            for start in (0..c.keys).step_by(SPAN) {
                let span = start..c.keys.min(start + SPAN);
                let lanes = span.start * c.width..span.end * c.width;
                job.span(span, dq, [&mut dk[lanes.clone()], &mut dv[lanes]]);
            }
            dq.iter_mut().chain(dk).for_each(|d| *d = *d * scale);
        });
    }
    [(wanted.q, dq), (wanted.k, dk), (wanted.v, dv)].map(|(wanted, d)| wanted.then(|| rounded(d)))
}

/// Rounds to the storage type; the same array where there is nothing to round.
fn rounded<E: Element>(sums: Vec<E::Acc>) -> Vec<E> {
    if E::DTYPE.bytes() == size_of::<E::Acc>() {
        return bytemuck::cast_vec(sums);
    }
    fill(
        &even(sums.len(), size_of::<E>() + size_of::<E::Acc>()),
        |i| i,
        #[inline(always)]
        |block, sink: &mut Sink<E>| sink.round(&sums[block]),
    )
}

/// One head of keys of one batch.
struct KeyHead<'a, E: Element> {
    c: FlashConfig,
    saved: Saved<'a, E>,
    dout: &'a [E],
    wanted: Wanted,
    head: usize,
}

impl<E: Element> KeyHead<'_, E> {
    /// What a span of keys adds to dq `[group, Tq, D]`, and to its own dk and dv.
    fn span(&self, span: Range<usize>, dq: &mut [E::Acc], sums: [&mut [E::Acc]; 2]) {
        let c = self.c;
        let first = c.first_query(span.start);
        let per_group = (c.queries - first).div_ceil(GROUPS).next_multiple_of(QUERIES);
        let [dk, dv] = sums;
        for (h, dq) in dq.chunks_exact_mut(c.queries * c.width).enumerate() {
            let first_row = (self.head * c.group() + h) * c.queries;
            let groups = dq[first * c.width..].par_chunks_mut(per_group * c.width).with_max_len(1).enumerate();
            let parts: Vec<[Vec<E::Acc>; 2]> = groups
                .map(|(g, dq)| {
                    dispatch(
                        #[inline(always)]
                        || self.group(&span, first_row, first + g * per_group, dq),
                    )
                })
                .collect();
            for [k, v] in &parts {
                add(dk, k);
                add(dv, v);
            }
        }
    }

    /// The blocks of queries from query `start` on, of the head whose first row is `first_row`: adds to their dq, gives the sums of dk and dv.
    #[inline(always)]
    fn group(&self, span: &Range<usize>, first_row: usize, start: usize, dq: &mut [E::Acc]) -> [Vec<E::Acc>; 2] {
        let (c, width, zero) = (self.c, self.c.width, E::Acc::ZERO);
        let held = |wanted: bool| vec![zero; if wanted { span.len() * width } else { 0 }];
        let (mut dk, mut dv) = (held(self.wanted.k), held(self.wanted.v));
        let (mut wide_q, mut wide_d, mut wide_k, mut wide_v) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut qt, mut dt) = (vec![zero; QUERIES * width], vec![zero; QUERIES * width]);
        let (mut p, mut ds) = (vec![zero; KEYS * QUERIES], vec![zero; KEYS * QUERIES]);
        let first_key = self.head * c.keys;
        for (b, dq) in dq.chunks_mut(QUERIES * width).enumerate() {
            let (n, first) = (dq.len() / width, start + b * QUERIES);
            let columns = columns(n);
            let at = (first_row + first) * width..(first_row + first + n) * width;
            let q = widened(&self.saved.q[at.clone()], &mut wide_q);
            let d = widened(&self.dout[at.clone()], &mut wide_d);
            transpose(q, width, E::Acc::from_f64(c.scale), &mut qt[..columns * width], columns);
            transpose(d, width, E::Acc::ONE, &mut dt[..columns * width], columns);
            let statistics =
                Statistics::new(&self.saved.normaliser[2 * (first_row + first)..], &self.dout[at.clone()], &self.saved.out[at], n);
            let (seen_by_all, seen) = (c.visible(first), c.visible(first + n - 1).min(span.end));
            for from in (span.start..seen).step_by(KEYS) {
                let to = seen.min(from + KEYS);
                let keys = (first_key + from) * width..(first_key + to) * width;
                let k = Matrix::new(widened(&self.saved.k[keys.clone()], &mut wide_k), to - from, width);
                let v = Matrix::new(widened(&self.saved.v[keys], &mut wide_v), to - from, width);
                let rows = to - from;
                let (p, ds) = (&mut p[..rows * columns], &mut ds[..rows * columns]);
                let own = (from - span.start) * width..(to - span.start) * width;
                product(p, k, Matrix::new(&qt[..columns * width], width, columns), false);
                if to > seen_by_all {
                    mask(c, p, from, first, columns);
                }
                statistics.coefficients(p, columns);
                if self.wanted.v {
                    product(&mut dv[own.clone()], Matrix::new(p, rows, columns).first(n), Matrix::new(d, n, width), true);
                }
                if !self.wanted.q && !self.wanted.k {
                    continue;
                }
                product(ds, v, Matrix::new(&dt[..columns * width], width, columns), false);
                statistics.gradients(p, ds, columns);
                let ds = Matrix::new(ds, rows, columns).first(n);
                if self.wanted.k {
                    product(&mut dk[own], ds, Matrix::new(q, n, width), true);
                }
                if self.wanted.q {
                    product(dq, ds.t(), k, true);
                }
            }
        }
        [dk, dv]
    }
}

/// m, 1 / Σ and ⟨dO, o⟩ of a block of queries.
struct Statistics<A> {
    largest: [A; QUERIES],
    inverse: [A; QUERIES],
    mean: [A; QUERIES],
}

impl<A: Acc> Statistics<A> {
    #[inline(always)]
    fn new<E: Element<Acc = A>>(normaliser: &[A], dout: &[E], out: &[E], n: usize) -> Self {
        let (mut largest, mut inverse, mut mean) = ([A::ZERO; QUERIES], [A::ZERO; QUERIES], [A::ZERO; QUERIES]);
        let width = dout.len() / n;
        for i in 0..n {
            (largest[i], inverse[i]) = (normaliser[2 * i], normaliser[2 * i + 1]);
            mean[i] = dot(&dout[i * width..(i + 1) * width], &out[i * width..(i + 1) * width]);
        }
        Self { largest, inverse, mean }
    }

    /// Scores `[keys, columns]` become p = exp(s − m) / Σ.
    #[inline(always)]
    fn coefficients(&self, scores: &mut [A], columns: usize) {
        let (largest, inverse) = (&self.largest[..columns], &self.inverse[..columns]);
        for row in scores.chunks_exact_mut(columns) {
            for ((s, &m), &inverse) in row.iter_mut().zip(largest).zip(inverse) {
                *s = (*s - m).exp_below() * inverse;
            }
        }
    }

    /// dp `[keys, columns]` becomes ds = p (dp − ⟨dO, o⟩).
    #[inline(always)]
    fn gradients(&self, p: &[A], dp: &mut [A], columns: usize) {
        let mean = &self.mean[..columns];
        for (p, dp) in p.chunks_exact(columns).zip(dp.chunks_exact_mut(columns)) {
            for ((d, &p), &mean) in dp.iter_mut().zip(p).zip(mean) {
                *d = p * (*d - mean);
            }
        }
    }
}
